"""What seeding leaves behind, and what doing it again or resetting does to that."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import Count
from pytest_django import DjangoDbBlocker

from devices.firmware.targets import plan
from devices.models import Command, Device, DeviceType, FirmwarePackage, Project, Twin
from iotsphere.demo import seed
from iotsphere.demo.fleet import FLEET
from iotsphere.demo.orders import ORDERS
from iotsphere.demo.reports import ensure_schedule_and_run
from telemetry.agent.links import default_device_id
from telemetry.models import LedgerHour, Metric, Reading
from tests.demo.seeding import seed_demo, three_days
from tests.factories import DeviceFactory, MembershipFactory, MetricFactory, ReadingFactory

pytestmark = pytest.mark.django_db

DEVICE_IDS = {device.device_id for device in FLEET} | {default_device_id()}


@pytest.fixture(scope="module")
def _seeded_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with three_days(), django_db_blocker.unblock(), transaction.atomic():
        seed_demo()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def seeded(_seeded_once: None, db: None) -> None:
    """The demo has been seeded; what a test does to it is undone."""


def counts() -> tuple[int, int, int, int]:
    return (Project.objects.count(), Device.objects.count(), Metric.objects.count(), Reading.objects.count())


def test_it_registers_the_fleet_and_this_machine_in_the_demo_project(seeded: None) -> None:
    assert set(Project.objects.get(slug="demo").devices.values_list("device_id", flat=True)) == DEVICE_IDS


def test_there_is_one_package_of_firmware_to_roll_out(seeded: None) -> None:
    seed_demo()
    package = FirmwarePackage.objects.get()
    assert {device.device_id for device in plan(None, package, Device.objects.select_related("project")).targets} == {
        device.device_id for device in FLEET if device.type_slug == "environment-sensor"
    }


def test_there_are_templates_and_for_an_administrator_a_schedule_and_a_report(seeded: None, folder: Path) -> None:
    project = Project.objects.get(slug="demo")
    MembershipFactory.create(project=project, role="admin")
    for _ in range(2):
        ensure_schedule_and_run(project)
    assert project.report_templates.count() == 2
    assert project.report_templates.get(kind="fleet").schedules.get().next_due is not None
    assert project.report_runs.get().has_file


def test_no_metric_is_empty(seeded: None) -> None:
    defined = Device.objects.aggregate(number=Count("device_type__metrics"))["number"]
    assert Metric.objects.exclude(last_time=None).count() == defined


def test_the_latest_value_is_that_of_the_latest_reading(seeded: None) -> None:
    for metric in Metric.objects.all():
        reading = metric.readings.latest("time")
        assert (metric.last_time, metric.last_value, metric.last_text) == (
            reading.time,
            reading.value,
            reading.text or "",
        )


def test_doing_it_twice_changes_nothing(seeded: None) -> None:
    before = counts()
    assert "already" in seed_demo()
    assert counts() == before


def test_what_an_administrator_changed_stays_changed(seeded: None) -> None:
    Device.objects.filter(device_id="ESP32_SIM_01").update(name="Orchid house")
    DeviceType.objects.filter(slug="server").update(icon="cpu")
    seed_demo()
    assert Device.objects.get(device_id="ESP32_SIM_01").name == "Orchid house"
    assert DeviceType.objects.get(slug="server").icon == "cpu"


def test_a_reset_deletes_what_was_sent_and_seeds_again(seeded: None) -> None:
    device = Device.objects.get(device_id="ESP32_SIM_01")
    sent = ReadingFactory.create(
        metric=MetricFactory.create(device=device, key="noise"), time=datetime(2025, 1, 1, tzinfo=UTC)
    )
    stranger = DeviceFactory.create(device_id="STRANGER", project=device.project)
    LedgerHour.objects.create(sender="STRANGER", device=stranger, hour=sent.time, received=1, stored=1)
    seed_demo("--reset", "--yes")
    assert not Reading.objects.filter(time=sent.time).exists()
    assert not device.metrics.filter(key="noise").exists()
    assert not Device.objects.filter(pk=stranger.pk).exists()
    assert not LedgerHour.objects.exists()
    assert Device.objects.get(device_id="ESP32_SIM_01") == device
    assert seed.has_past(device, datetime.now(UTC))


def test_a_reset_that_is_not_confirmed_changes_nothing(seeded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counts()
    monkeypatch.setattr("builtins.input", lambda _question: "")
    assert "Nothing was changed" in seed_demo("--reset")
    assert counts() == before


def test_what_people_told_the_devices_is_written_once(seeded: None) -> None:
    seed_demo()
    commands = Command.objects.all()
    assert commands.count() == len(ORDERS)
    assert not commands.open().exists()
    for command in commands:
        assert [step.status for step in command.steps.order_by("pk")][-1] == command.status
    assert Twin.objects.get().changes.count() == 3


def test_a_reset_forgets_what_people_told_the_devices(seeded: None) -> None:
    seed.forget_data(Project.objects.get(slug="demo"))
    assert not Command.objects.exists()
    assert not Twin.objects.exists()
