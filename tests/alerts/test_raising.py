"""Alerts that another app raises about a row of its own: a device, noted in that way, stands in for such a row."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts import lifecycle
from alerts.models import Alert, Notification, Silence
from alerts.notify.silences import fits
from alerts.notify.webhook import payload
from alerts.patterns import patterns
from alerts.raising import Finding, report, settle
from devices.models import Device, Project
from iotsphere.models import User
from tests.factories import NOON, DeviceFactory
from tests.fixtures.clients import ApiClient, PageClient

HOUR = timedelta(hours=1)


def finding(**fields: Any) -> Finding:
    usual = {"topic": "drift", "title": "Drift", "severity": "medium", "message": "It drifts", "what": "PSI"}
    return Finding(**{**usual, "value": "0.3", "limit": "0.1", **fields})


@pytest.fixture
def row(acme: Project) -> Device:
    return DeviceFactory.create(project=acme, device_id="model-1")


def test_there_is_one_open_alert_for_a_topic(row: Device) -> None:
    first = report(row, finding(), NOON)
    assert report(row, finding(value="0.4", severity="critical"), NOON + HOUR) == first
    assert report(row, finding(topic="missing"), NOON) != first
    first.refresh_from_db()
    assert (first.value, first.severity, first.worst_severity) == ("0.4", "critical", "critical")
    assert [event.kind for event in first.events.all()] == ["opened", "escalated"]


def test_it_becomes_better_and_ends(row: Device) -> None:
    alert = report(row, finding(severity="high"), NOON)
    report(row, finding(severity="low"), NOON + HOUR)
    assert settle(row, "drift", NOON + 2 * HOUR, "Two clean checks.")
    assert not settle(row, "drift", NOON + 3 * HOUR)
    alert.refresh_from_db()
    assert (alert.status, alert.worst_severity, alert.resolved_by) == ("resolved", "high", None)
    assert [event.kind for event in alert.events.all()] == ["opened", "deescalated", "resolved"]


def test_what_comes_back_soon_is_the_same_alert(row: Device) -> None:
    first = report(row, finding(), NOON)
    settle(row, "drift", NOON + HOUR)
    assert report(row, finding(), NOON + 2 * HOUR, again_within=2 * HOUR) == first
    settle(row, "drift", NOON + 3 * HOUR)
    assert report(row, finding(), NOON + 9 * HOUR, again_within=2 * HOUR) != first


def test_what_somebody_resolved_is_not_opened_again(row: Device, oscar: User) -> None:
    first = report(row, finding(), NOON)
    lifecycle.acknowledge(first, oscar)
    assert lifecycle.resolve(first, oscar)
    assert report(row, finding(), NOON + HOUR, again_within=2 * HOUR) != first


def test_members_are_told_and_silences_hold(row: Device, acme: Project, vera: User) -> None:
    alert = report(row, finding(), NOON)
    told = Notification.objects.get(alert=alert, user=vera)
    assert payload(told)["alert"]["device"] is None
    assert payload(told)["alert"]["subject"] == str(row)
    times = {"project": acme, "starts_at": NOON, "ends_at": NOON + HOUR}
    assert fits(Silence(**times), alert)
    assert not fits(Silence(**times, device=row), alert)
    assert not fits(Silence(**times, label="cellar"), alert)


def test_it_is_no_device_s_alert_in_patterns(row: Device) -> None:
    report(row, finding(), NOON)
    found = patterns(Alert.objects.all(), NOON, NOON + HOUR, ZoneInfo("UTC"))
    assert (found.fires, found.devices, [share.name for share in found.rules]) == (1, (), ["Drift"])


def test_it_is_where_alerts_are(row: Device, vera: User, charlie: User, pages: PageClient, api: ApiClient) -> None:
    alert = report(row, finding(), NOON)
    for page in ("/alerts/", f"/alerts/{alert.pk}/"):
        assert row.get_absolute_url() in pages(vera).get(page).content.decode()
    shown = api(vera).get(f"/api/v1/alerts/{alert.pk}/").json()
    assert (shown["device"], shown["subject"]) == (None, str(row))
    assert api(vera).get("/api/v1/notifications/").json()["results"][0]["device"] is None
    assert pages(charlie).get(f"/alerts/{alert.pk}/").status_code == 404
    assert Alert.objects.visible_to(charlie).count() == 0
