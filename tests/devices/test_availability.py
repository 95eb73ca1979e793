"""How much of the time a device was there; the arithmetic first, then what presence records."""

from datetime import datetime, timedelta

import pytest

from devices.availability import KEPT, Availability, Span, availability, prune, spans_between, spans_of
from devices.models import Device, Presence, PresenceSpan
from devices.presence import Status, note_messages, note_statuses, sweep
from tests.factories import NOON, DeviceFactory

ONLINE, STALE, OFFLINE, UNKNOWN = Presence.ONLINE, Presence.STALE, Presence.OFFLINE, Presence.UNKNOWN
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOON + hours * HOUR


def spans(*changes: tuple[float, str], start: float = 0, end: float = 10) -> list[Span]:
    return spans_between([(at(hours), presence) for hours, presence in changes], at(start), at(end))


def share(*changes: tuple[float, str], start: float = 0, end: float = 10) -> Availability:
    return availability(spans(*changes, start=start, end=end), at(start))


def test_without_a_record_nothing_is_known() -> None:
    assert spans() == [Span(UNKNOWN, at(0), at(10))]
    assert share().percent is None


def test_what_held_before_the_period_holds_at_its_beginning() -> None:
    assert spans((-5, ONLINE), (4, OFFLINE)) == [Span(ONLINE, at(0), at(4)), Span(OFFLINE, at(4), at(10))]


def test_half_the_time_is_fifty_percent() -> None:
    assert share((0, ONLINE), (5, OFFLINE)).percent == 50


def test_unknown_time_counts_neither_way() -> None:
    assert share((2, ONLINE), (6, OFFLINE), (8, UNKNOWN)) == Availability(4 * HOUR, 2 * HOUR, 4 * HOUR)


def test_late_is_not_gone() -> None:
    assert share((0, ONLINE), (3, STALE), (5, ONLINE)).percent == 100


def test_the_same_again_is_no_change() -> None:
    assert spans((0, ONLINE), (3, ONLINE)) == [Span(ONLINE, at(0), at(10))]


def test_what_comes_after_the_period_is_not_of_it() -> None:
    assert spans((0, ONLINE), (12, OFFLINE)) == [Span(ONLINE, at(0), at(10))]


@pytest.fixture
def sensor(db: None) -> Device:
    return DeviceFactory.create(device_id="sensor")


def recorded(device: Device) -> list[tuple[str, datetime]]:
    return list(device.presence_spans.order_by("pk").values_list("presence", "since"))


def test_coming_and_going_is_recorded_when_it_was(sensor: Device) -> None:
    note_statuses([Status("sensor", "online", at(0))])
    note_statuses([Status("sensor", "offline", at(1))])
    note_messages({sensor.pk: at(2)})
    assert recorded(sensor) == [(ONLINE, at(0)), (OFFLINE, at(1)), (ONLINE, at(2))]


def test_silence_is_recorded_from_when_it_had_lasted_long_enough(sensor: Device) -> None:
    note_messages({sensor.pk: at(0)})
    sweep(at(0) + timedelta(seconds=100))
    sweep(at(0) + timedelta(seconds=200))
    assert recorded(sensor)[1:] == [
        (STALE, at(0) + timedelta(seconds=90)),
        (OFFLINE, at(0) + timedelta(seconds=180)),
    ]


def test_while_the_portal_was_away_nothing_is_known(sensor: Device) -> None:
    note_messages({sensor.pk: at(0)})
    sweep(at(5))
    assert recorded(sensor)[1:] == [(UNKNOWN, at(0) + timedelta(seconds=180)), (OFFLINE, at(5))]


def test_a_late_event_changes_no_record(sensor: Device) -> None:
    note_statuses([Status("sensor", "online", at(0)), Status("sensor", "offline", at(2))])
    before = recorded(sensor)
    note_statuses([Status("sensor", "online", at(1))])
    note_messages({sensor.pk: at(1.5)})
    assert recorded(sensor) == before


def test_what_changes_nothing_is_not_recorded(sensor: Device) -> None:
    for minutes in range(5):
        note_messages({sensor.pk: at(0) + timedelta(minutes=minutes)})
    assert recorded(sensor) == [(ONLINE, at(0))]


def test_a_change_that_is_older_than_the_period_still_holds_in_it(sensor: Device) -> None:
    PresenceSpan.objects.create(device=sensor, presence=OFFLINE, since=NOON - timedelta(days=60))
    PresenceSpan.objects.create(device=sensor, presence=ONLINE, since=NOON - timedelta(days=50))
    assert {span.presence for span in spans_of(sensor, NOON)} == {ONLINE}


def test_what_is_too_old_is_deleted_but_not_what_still_held(sensor: Device) -> None:
    for days, presence in ((200, ONLINE), (150, OFFLINE), (10, ONLINE)):
        PresenceSpan.objects.create(device=sensor, presence=presence, since=NOON - timedelta(days=days))
    other = DeviceFactory.create()
    PresenceSpan.objects.create(device=other, presence=ONLINE, since=NOON - 2 * KEPT)
    assert prune(NOON) == 1
    assert [presence for presence, _ in recorded(sensor)] == [OFFLINE, ONLINE]
    assert len(recorded(other)) == 1
