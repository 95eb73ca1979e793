"""What is said about the quality of a device's data, to programs, administrators and operators."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from devices.models import Device, Project
from iotsphere.models import User
from telemetry.ingest import ingest
from telemetry.quality import Quality, quality
from telemetry.rollups import recompute
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory
from tests.fixtures.clients import ApiClient, PageClient
from tests.fixtures.query_counts import AssertRecordedQueries
from tests.telemetry.letters import SECOND, envelope, telemetry

NOW = timezone.now()
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ADDRESS = "/api/v1/devices/sensor/quality/"


@pytest.fixture(autouse=True)
def _at_that_time(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def device(acme: Project) -> Device:
    """It sends every minute for three hours, but for half an hour; its clock is two seconds behind."""
    device_type = DeviceTypeFactory.create(expected_interval=MINUTE)
    MetricDefinitionFactory.create(device_type=device_type, key="t", minimum=0, maximum=100, unit="°C")
    device = DeviceFactory.create(device_id="sensor", project=acme, device_type=device_type)
    Device.objects.update(created_at=NOW - timedelta(days=90))
    device.refresh_from_db()
    times = [NOW - 3 * HOUR + n * MINUTE for n in range(180) if not 60 <= n < 90]
    ingest([telemetry("sensor", {"t": 20, "u": 1}, time=at - 2 * SECOND, at=at) for at in times])
    recompute()
    return device


def found(device: Device, days: int = 1) -> Quality:
    return quality(device, days, NOW)


def test_messages_are_counted_by_their_time_not_by_their_values(device: Device) -> None:
    coverage = found(device).coverage
    assert coverage is not None
    assert coverage.received == 150
    assert coverage.expected == 1440


def test_gaps_are_named(device: Device) -> None:
    coverage = found(device).coverage
    assert coverage is not None
    first, second = coverage.gaps
    assert first.length > 20 * HOUR
    assert 20 * MINUTE <= second.length <= 35 * MINUTE


def test_a_device_that_is_new_has_missed_nothing_before(device: Device) -> None:
    Device.objects.update(created_at=NOW - 3 * HOUR)
    device.refresh_from_db()
    coverage = found(device).coverage
    assert coverage is not None
    assert len(coverage.gaps) == 1
    assert coverage.completeness == pytest.approx(150 / 180, abs=0.03)


def test_what_came_late_counts_for_when_it_was_measured(device: Device) -> None:
    missed = [NOW - 2 * HOUR + n * MINUTE for n in range(30)]
    ingest([telemetry("sensor", {"t": 20}, time=at, at=NOW) for at in missed])
    recompute()
    coverage = found(device).coverage
    assert coverage is not None
    assert len(coverage.gaps) == 1
    assert (found(device).late, found(device).messages) == (30, 180)


def test_the_clock_is_judged_by_what_came_on_time(device: Device) -> None:
    clock = found(device).clock
    assert clock is not None
    assert (clock.mean, clock.least, clock.most) == (-2.0, -2.0, -2.0)


def test_what_became_of_values_is_counted(device: Device) -> None:
    ingest([envelope("sensor", b"?", at=NOW), envelope("sensor", {"telemetry": {"t": None}}, at=NOW)])
    ingest([telemetry("sensor", {"t": 1}, time=NOW - 3 * HOUR - 2 * SECOND, at=NOW)])
    judged = found(device)
    assert (judged.received, judged.stored, judged.duplicate, judged.rejected) == (303, 300, 1, 2)
    assert {reason.value for reason, _ in judged.reasons} == {"malformed", "not_a_value"}


def test_metrics_out_of_their_types_range_are_named(device: Device) -> None:
    ingest([telemetry("sensor", {"t": 130.5, "u": 1e9}, at=NOW - HOUR)])
    recompute()
    [metric] = found(device).out_of_range
    assert (metric.key, metric.maximum, metric.lowest, metric.highest, metric.stretches) == ("t", 100, 20, 130.5, 1)


def test_what_is_further_back_is_left_out(device: Device) -> None:
    ingest([telemetry("sensor", {"t": 1}, at=NOW - 3 * 24 * HOUR)])
    recompute()
    assert (found(device).stored, found(device, 7).stored) == (300, 301)


def test_texts_alone_are_not_counted_by_time(acme: Project) -> None:
    device = DeviceFactory.create(device_id="sensor", project=acme)
    ingest([telemetry("sensor", {"mode": "eco"}, at=NOW - HOUR)])
    assert quality(device, 1, NOW).coverage is None


# --- To programs ---


def test_over_rest_all_of_it_is_told(device: Device, vera: User, api: ApiClient) -> None:
    answer: dict[str, Any] = api(vera).get(ADDRESS, {"days": 1}).json()
    assert (answer["expected_interval"], answer["gap_count"], answer["clock_ahead"]["mean"]) == (60, 2, -2)
    assert answer["items"] == {"received": 300, "stored": 300, "duplicate": 0, "rejected": 0}


@pytest.mark.parametrize("days", ["2", "x", "", "-1"])
def test_days_that_are_not_offered_are_refused(days: str, device: Device, vera: User, api: ApiClient) -> None:
    assert api(vera).get(ADDRESS, {"days": days}).status_code == 400


def test_charlie_gets_404(device: Device, charlie: User, api: ApiClient) -> None:
    assert api(charlie).get(ADDRESS).status_code == 404


def test_it_takes_the_queries_on_record(
    device: Device, vera: User, api: ApiClient, assert_recorded_queries: AssertRecordedQueries
) -> None:
    client = api(vera)
    with assert_recorded_queries("data quality"):
        client.get(ADDRESS)


# --- To people ---


@pytest.mark.parametrize("days", ["1", "7", "30", "x"])
def test_operators_have_a_page(days: str, device: Device, oscar: User, pages: PageClient) -> None:
    page = pages(oscar).get("/devices/sensor/quality/", {"days": days}).content.decode()
    assert "150 of" in page
    assert "2.0 s behind on average" in page


def test_the_page_is_linked_from_the_devices(device: Device, oscar: User, pages: PageClient) -> None:
    assert "/devices/sensor/quality/" in pages(oscar).get("/devices/sensor/details/").content.decode()


def test_charlie_finds_no_page(device: Device, charlie: User, pages: PageClient) -> None:
    assert pages(charlie).get("/devices/sensor/quality/").status_code == 404


def test_administrators_have_it_in_the_admin(device: Device, alice: User, pages: PageClient) -> None:
    answer = pages(alice).get(f"/admin/devices/device/{device.pk}/show_quality/", follow=True)
    assert answer.redirect_chain[0][0] == reverse("admin:telemetry_device_quality", args=[device.pk])
    assert "150 of 1,440 expected" in pages(alice).get(answer.redirect_chain[0][0], {"days": 1}).content.decode()


def test_not_that_of_other_projects(alice: User, globex: Project, pages: PageClient) -> None:
    theirs = DeviceFactory.create(project=globex)
    assert pages(alice).get(reverse("admin:telemetry_device_quality", args=[theirs.pk])).status_code == 404
