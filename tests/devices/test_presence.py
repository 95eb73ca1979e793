from datetime import datetime, timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from devices.models import Device, Presence
from devices.presence import PresenceChange, Status, Word, note_messages, note_statuses, sweep
from tests.factories import NOON, DeviceFactory, DeviceTypeFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def device() -> Device:
    """A device that sends every minute: stale after 90 seconds, offline after three minutes."""
    return DeviceFactory.create(device_type=DeviceTypeFactory.create(expected_interval=MINUTE))


def presences(changes: list[PresenceChange]) -> dict[str, Presence]:
    return {change.device_id: change.presence for change in changes}


def hear(device: Device, at: datetime) -> list[PresenceChange]:
    changes = note_messages({device.pk: at})
    device.refresh_from_db()
    return changes


def tell(device: Device, word: Word, at: datetime, *, retained: bool = False) -> list[PresenceChange]:
    changes = note_statuses([Status(device.device_id, word, at, retained)])
    device.refresh_from_db()
    return changes


def test_the_first_message_brings_a_device_online(device: Device) -> None:
    assert hear(device, NOON) == [PresenceChange(device.pk, device.device_id, device.project_id, Presence.ONLINE, NOON)]
    assert (device.presence, device.last_message, device.last_connect) == (Presence.ONLINE, NOON, NOON)


def test_a_further_message_is_no_change(device: Device) -> None:
    hear(device, NOON)
    assert hear(device, NOON + SECOND) == []
    assert device.last_message == NOON + SECOND


def test_a_message_that_was_overtaken_changes_nothing(device: Device) -> None:
    hear(device, NOON)
    hear(device, NOON - SECOND)
    assert device.last_message == NOON


def test_a_device_without_a_type_is_expected_every_minute() -> None:
    device = DeviceFactory.create(device_type=None)
    hear(device, NOON)
    assert presences(sweep(NOON + 3 * MINUTE)) == {device.device_id: Presence.OFFLINE}


def test_thousands_of_devices_take_few_statements(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    devices = Device.objects.bulk_create(
        DeviceFactory.build_batch(2000, project=DeviceFactory.create().project, device_type=None)
    )
    # Three, a record, what waits for them in two more, a savepoint, and the rules.
    with django_assert_max_num_queries(9):
        changes = note_messages({device.pk: NOON for device in devices})
    assert len(changes) == 2000
    assert Device.objects.filter(presence=Presence.ONLINE, last_message=NOON).count() == 2000


def test_those_that_are_online_take_one(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    devices = Device.objects.bulk_create(
        DeviceFactory.build_batch(20, project=DeviceFactory.create().project, device_type=None)
    )
    note_messages({device.pk: NOON for device in devices})
    with django_assert_max_num_queries(1 if connection.vendor == "postgresql" else 4):
        assert note_messages({device.pk: NOON + SECOND for device in devices}) == []
    assert Device.objects.filter(presence=Presence.ONLINE, last_message=NOON + SECOND).count() == 20


def test_silence_makes_a_device_stale(device: Device) -> None:
    hear(device, NOON)
    assert presences(sweep(NOON + 90 * SECOND)) == {device.device_id: Presence.STALE}


def test_longer_silence_takes_it_offline_since_its_last_message(device: Device) -> None:
    hear(device, NOON)
    sweep(NOON + 90 * SECOND)
    assert presences(sweep(NOON + 3 * MINUTE)) == {device.device_id: Presence.OFFLINE}
    device.refresh_from_db()
    assert (device.last_disconnect, device.presence_due_at) == (NOON, None)


def test_a_device_that_kept_sending_stays_online(device: Device) -> None:
    hear(device, NOON)
    hear(device, NOON + MINUTE)
    assert sweep(NOON + 2 * MINUTE) == []


def test_it_is_found_out_later_if_it_then_falls_silent(device: Device) -> None:
    hear(device, NOON)
    hear(device, NOON + MINUTE)
    sweep(NOON + 2 * MINUTE)
    assert presences(sweep(NOON + MINUTE + 90 * SECOND)) == {device.device_id: Presence.STALE}


def test_a_second_sweep_finds_nothing_more(device: Device) -> None:
    hear(device, NOON)
    sweep(NOON + 90 * SECOND)
    assert sweep(NOON + 90 * SECOND) == []


def test_a_stale_device_that_sends_was_connected_all_the_time(device: Device) -> None:
    hear(device, NOON)
    sweep(NOON + 90 * SECOND)
    assert presences(hear(device, NOON + 2 * MINUTE)) == {device.device_id: Presence.ONLINE}
    assert device.last_connect == NOON


def test_a_device_that_comes_back_has_connected_anew(device: Device) -> None:
    hear(device, NOON)
    sweep(NOON + 3 * MINUTE)
    assert presences(hear(device, NOON + 4 * MINUTE)) == {device.device_id: Presence.ONLINE}
    assert device.last_connect == NOON + 4 * MINUTE


def test_a_message_stored_after_the_sweep_proves_the_sweep_wrong(device: Device) -> None:
    hear(device, NOON)
    sweep(NOON + 10 * MINUTE)
    assert presences(hear(device, NOON + MINUTE)) == {device.device_id: Presence.ONLINE}


def test_the_last_will_takes_a_device_offline_at_once(device: Device) -> None:
    hear(device, NOON)
    assert presences(tell(device, "offline", NOON + SECOND)) == {device.device_id: Presence.OFFLINE}
    assert (device.last_disconnect, device.presence_due_at) == (NOON + SECOND, None)


def test_a_message_from_before_the_last_will_does_not_bring_it_back(device: Device) -> None:
    tell(device, "offline", NOON + SECOND)
    assert hear(device, NOON) == []
    assert (device.presence, device.last_message) == (Presence.OFFLINE, NOON)


def test_a_last_will_from_before_the_newest_message_is_not_believed(device: Device) -> None:
    hear(device, NOON)
    assert tell(device, "offline", NOON - SECOND) == []


def test_a_device_says_that_it_is_online(device: Device) -> None:
    assert presences(tell(device, "online", NOON)) == {device.device_id: Presence.ONLINE}
    assert (device.last_connect, device.last_message) == (NOON, None)


def test_a_device_that_says_online_and_then_nothing_goes_offline(device: Device) -> None:
    tell(device, "online", NOON)
    assert presences(sweep(NOON + 3 * MINUTE)) == {device.device_id: Presence.OFFLINE}


def test_a_retained_status_tells_of_a_device_nothing_is_known_of(device: Device) -> None:
    changes = tell(device, "offline", NOON, retained=True)
    assert presences(changes) == {device.device_id: Presence.OFFLINE}


@pytest.mark.parametrize("word", ["online", "offline"])
def test_a_retained_status_is_no_news_of_a_device_that_is_known(device: Device, word: Word) -> None:
    hear(device, NOON)
    sweep(NOON + 90 * SECOND)
    assert tell(device, word, NOON + 2 * MINUTE, retained=True) == []


def test_the_status_of_an_unknown_device_is_ignored() -> None:
    assert note_statuses([Status("nobody", "online", NOON)]) == []


def test_of_several_words_the_last_counts(device: Device) -> None:
    words: list[Word] = ["online", "offline", "online"]
    changes = note_statuses(
        [Status(device.device_id, word, NOON + number * SECOND) for number, word in enumerate(words)]
    )
    assert presences(changes) == {device.device_id: Presence.ONLINE}


def test_the_words_of_thousands_of_devices_take_three_statements(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    devices = Device.objects.bulk_create(
        DeviceFactory.build_batch(2000, project=DeviceFactory.create().project, device_type=None)
    )
    with django_assert_num_queries(6):  # two, a record, a savepoint, and which rules there are, asked now and then
        changes = note_statuses([Status(device.device_id, "offline", NOON) for device in devices])
    assert len(changes) == 2000
