"""Several processes note and sweep at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import TypeVar

import pytest
from django.db import connection

from devices.models import Device, Presence
from devices.presence import Status, note_messages, note_statuses, sweep
from tests.factories import NOON, DeviceFactory, ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
WORKERS = 4


@pytest.fixture
def devices() -> list[Device]:
    devices = DeviceFactory.build_batch(40, project=ProjectFactory.create(), device_type=None)
    return Device.objects.bulk_create(devices)


def side_by_side(work: Callable[[int], T]) -> list[T]:
    """What `work` returns in each of several threads, each with a database connection of its own."""

    def in_thread(number: int) -> T:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(in_thread, range(WORKERS)))


def test_whatever_order_devices_come_in_nobody_waits_in_a_circle(devices: list[Device]) -> None:
    def note(number: int) -> None:
        for second in range(10):
            some = Random(f"{number} {second}").sample(devices, 30)
            at = NOON + timedelta(seconds=second)
            note_messages({device.pk: at for device in some})
            note_statuses([Status(device.device_id, "online", at) for device in reversed(some)])

    side_by_side(note)
    assert set(Device.objects.values_list("presence", flat=True)) == {Presence.ONLINE}


def test_each_change_is_told_by_one_sweep_alone(devices: list[Device]) -> None:
    note_messages({device.pk: NOON for device in devices})
    changes = side_by_side(lambda _: sweep(NOON + timedelta(minutes=10)))
    told = Counter(change.device_id for found in changes for change in found)
    assert told == {device.device_id: 1 for device in devices}
