"""What the alerts of some time have in common."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.models import Alert
from alerts.patterns import patterns
from devices.models import Project
from iotsphere.models import User
from tests.alerts.rules import alert_of, rule_for
from tests.factories import NOON, DeviceFactory
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
END = NOON + DAY
UTC_ZONE = ZoneInfo("UTC")


def test_the_noisiest_device_and_rule_come_first(acme: Project) -> None:
    quiet, noisy = DeviceFactory.create_batch(2, project=acme)
    rule = rule_for(noisy, name="Loud", is_enabled=False)
    alert_of(acme, device=quiet, resolved_at=NOON + 10 * MINUTE)
    for number in range(3):
        raised = NOON + number * MINUTE
        alert_of(acme, device=noisy, rule=rule, rule_name="Loud", event_time=raised, resolved_at=raised + MINUTE)
    found = patterns(Alert.objects.all(), NOON, END, UTC_ZONE)
    assert [(share.key, share.fires, share.seconds_open) for share in found.devices] == [
        (noisy.device_id, 3, 180), (quiet.device_id, 1, 600)
    ]  # fmt: skip
    assert [(share.key, share.name) for share in found.rules] == [(str(rule.pk), "Loud"), ("", "Too hot")]


def test_it_takes_the_median_to_acknowledge_and_to_resolve(acme: Project) -> None:
    for minutes in (1, 2, 60):
        at = NOON + minutes * MINUTE
        alert_of(acme, acknowledged_at=at, resolved_at=at + MINUTE)
    alert_of(acme)
    found = patterns(Alert.objects.all(), NOON, END, UTC_ZONE)
    assert (found.seconds_to_acknowledge, found.seconds_to_resolve) == (120, 180)


def test_hours_and_days_are_those_of_the_time_zone(acme: Project) -> None:
    """In the night the clocks are put back, 01:30 and 02:30 UTC are one hour and two days of Vienna's."""
    zone = ZoneInfo("Europe/Vienna")
    for hour in (22, 24, 25):
        alert_of(acme, event_time=datetime(2025, 10, 25, tzinfo=UTC) + timedelta(hours=hour))
    found = patterns(
        Alert.objects.all(), datetime(2025, 10, 25, tzinfo=zone), datetime(2025, 10, 28, tzinfo=zone), zone
    )
    assert {hour: fires for hour, fires in enumerate(found.per_hour) if fires} == {0: 1, 2: 2}
    assert found.per_day == ((date(2025, 10, 25), 0), (date(2025, 10, 26), 3), (date(2025, 10, 27), 0))


def test_what_lies_outside_does_not_count(acme: Project, vera: User, charlie: User, api: ApiClient) -> None:
    for raised in (NOON - MINUTE, NOON, END):
        alert_of(acme, event_time=raised)
    asked = {"from": NOON.isoformat(), "to": END.isoformat(), "time_zone": "Europe/Vienna"}
    [seen, others] = [api(who).get("/api/v1/alerts/patterns/", asked).json() for who in (vera, charlie)]
    assert (seen["fires"], seen["per_hour"][13], seen["per_day"][0]) == (1, 1, {"day": "2025-12-19", "fires": 1})
    assert (others["fires"], others["devices"], others["seconds_to_resolve"]) == (0, [], None)


@pytest.mark.parametrize(
    "asked", [{"from": "x"}, {"from": NOON.isoformat(), "to": NOON.isoformat()}, {"time_zone": "Mars"}, {"form": "x"},
              {"from": "2000-01-01"}, {"device": "\0"}],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(asked: dict[str, str], vera: User, api: ApiClient) -> None:
    assert api(vera).get("/api/v1/alerts/patterns/", asked).status_code == 400
