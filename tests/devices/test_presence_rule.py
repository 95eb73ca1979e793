"""The rule: what a silence says, and when it will say something else."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.models import Presence
from devices.presence import offline_after, presence_after, stale_after
from tests.factories import NOON

intervals = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=30))
silences = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=120))
SILENT_TO_LOUD = [Presence.ONLINE, Presence.STALE, Presence.OFFLINE]
MOMENT = timedelta(microseconds=1)


def test_a_device_that_never_sent_is_unknown_for_ever() -> None:
    assert presence_after(None, timedelta(seconds=60), NOON) == (Presence.UNKNOWN, None)


def test_three_missed_messages_make_it_offline() -> None:
    assert presence_after(NOON, timedelta(minutes=10), NOON + timedelta(minutes=30)) == (Presence.OFFLINE, None)


def test_a_device_that_sends_every_second_is_given_90_seconds() -> None:
    presence, due_at = presence_after(NOON, timedelta(seconds=1), NOON + timedelta(seconds=89))
    assert (presence, due_at) == (Presence.STALE, NOON + timedelta(seconds=90))


@given(intervals)
def test_every_device_is_stale_for_a_while_before_it_is_offline(interval: timedelta) -> None:
    assert timedelta(0) < stale_after(interval) < offline_after(interval)


@given(intervals, silences, silences)
def test_more_silence_never_brings_a_device_closer(interval: timedelta, one: timedelta, other: timedelta) -> None:
    shorter, longer = (presence_after(NOON, interval, NOON + silence)[0] for silence in sorted((one, other)))
    assert SILENT_TO_LOUD.index(shorter) <= SILENT_TO_LOUD.index(longer)


@given(intervals, silences)
def test_nothing_changes_before_it_is_due(interval: timedelta, silence: timedelta) -> None:
    presence, due_at = presence_after(NOON, interval, NOON + silence)
    if due_at is not None:
        assert presence_after(NOON, interval, due_at - MOMENT) == (presence, due_at)


@given(intervals, silences)
def test_something_changes_when_it_is_due(interval: timedelta, silence: timedelta) -> None:
    presence, due_at = presence_after(NOON, interval, NOON + silence)
    if due_at is not None:
        assert NOON + silence < due_at
        assert presence_after(NOON, interval, due_at)[0] != presence
