"""What ingest does with good telemetry."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device, Presence, ValueType
from telemetry.ingest import ingest
from telemetry.models import Metric, Reading
from tests.factories import (
    DeviceFactory,
    DeviceTypeFactory,
    MetricDefinitionFactory,
    MetricFactory,
    ReadingFactory,
)
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


def stored(device_id: str = "sensor") -> dict[str, Any]:
    """The newest value of each metric, in its own type."""
    return {metric.key: metric.latest for metric in Metric.objects.filter(device__device_id=device_id)}


def test_values_are_stored_with_their_time(device: Device) -> None:
    receipt = take(telemetry("sensor", {"temperature": 25.5}, time=NOW - SECOND))
    assert (receipt.received, receipt.stored) == (1, 1)
    assert Reading.objects.values_list("metric__key", "time", "value").get() == ("temperature", NOW - SECOND, 25.5)


def test_without_a_time_they_bear_that_of_their_arrival(device: Device) -> None:
    take(telemetry("sensor", {"temperature": 25.5}))
    assert Reading.objects.get().time == NOW


def test_a_batch_gives_a_receipt_for_each_envelope(device: Device) -> None:
    batch = [telemetry("sensor", {"temperature": 1}), envelope("sensor", b"?"), telemetry("nobody", {"a": 1})]
    assert [(r.stored, len(r.rejected), r.quarantined) for r in ingest(batch)] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_an_empty_batch_is_no_work(device: Device) -> None:
    assert ingest([]) == []


# --- Metrics ---


@pytest.mark.parametrize(
    ("value", "value_type"), [(1, ValueType.NUMBER), (True, ValueType.BOOLEAN), ("eco", ValueType.TEXT)]
)
def test_a_new_key_becomes_a_metric_of_its_first_values_type(device: Device, value: Any, value_type: str) -> None:
    take(telemetry("sensor", {"mode": value}))
    assert Metric.objects.get().value_type == value_type
    assert stored() == {"mode": value}


def test_a_new_key_takes_after_its_definition() -> None:
    device_type = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=device_type, key="temp", label="Tank", unit="°C", kind="measurement")
    DeviceFactory.create(device_id="sensor", device_type=device_type)
    take(telemetry("sensor", {"temp": 55}))
    metric = Metric.objects.get()
    assert (metric.label, metric.unit, metric.value_type) == ("Tank", "°C", ValueType.NUMBER)


def test_a_part_takes_after_the_definition_of_the_whole() -> None:
    device_type = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=device_type, key="disk", label="Disk", unit="%")
    DeviceFactory.create(device_id="typed", device_type=device_type)
    take(telemetry("typed", {"disk.home": 41.5}))
    metric = Metric.objects.get()
    assert (metric.key, metric.label, metric.unit) == ("disk.home", "Disk home", "%")


def test_a_part_of_another_type_than_the_whole_is_a_metric_of_its_own() -> None:
    device_type = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=device_type, key="disk", unit="%")
    DeviceFactory.create(device_id="typed", device_type=device_type)
    take(telemetry("typed", {"disk.model": "Samsung"}))
    assert (Metric.objects.get().unit, stored("typed")) == ("", {"disk.model": "Samsung"})


def test_a_first_value_that_contradicts_the_definition_does_not_win() -> None:
    device_type = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=device_type, key="temp", value_type=ValueType.NUMBER)
    DeviceFactory.create(device_id="sensor", device_type=device_type)
    ingest([telemetry("sensor", {"temp": "hot"}), telemetry("sensor", {"temp": 55}, at=NOW + SECOND)])
    assert stored() == {"temp": 55.0}


def test_a_key_without_definition_gets_a_readable_label(device: Device) -> None:
    take(telemetry("sensor", {"water_flow": {"in": 1}}))
    assert Metric.objects.get().label == "Water flow in"


def test_two_devices_have_metrics_of_their_own(device: Device) -> None:
    DeviceFactory.create(device_id="other")
    ingest([telemetry("sensor", {"temperature": 1}), telemetry("other", {"temperature": 2})])
    assert (stored("sensor"), stored("other")) == ({"temperature": 1.0}, {"temperature": 2.0})


# --- Latest values ---


def test_the_newest_value_by_its_own_time_is_the_latest(device: Device) -> None:
    ingest([telemetry("sensor", {"t": 2}, time=NOW - SECOND), telemetry("sensor", {"t": 1}, time=NOW - 2 * SECOND)])
    assert stored() == {"t": 2.0}


def test_a_late_value_does_not_replace_the_latest(device: Device) -> None:
    take(telemetry("sensor", {"t": 2}, time=NOW - SECOND))
    take(telemetry("sensor", {"t": 1}, time=NOW - timedelta(days=1)))
    metric = Metric.objects.get()
    assert (metric.last_value, metric.last_time) == (2.0, NOW - SECOND)


def test_a_later_value_replaces_the_latest(device: Device) -> None:
    take(telemetry("sensor", {"t": 1}, time=NOW - 2 * SECOND))
    take(telemetry("sensor", {"t": 2}, time=NOW - SECOND))
    assert stored() == {"t": 2.0}


def test_a_duplicate_with_another_value_changes_nothing(device: Device) -> None:
    take(telemetry("sensor", {"t": 1}, time=NOW))
    take(telemetry("sensor", {"t": 2}, time=NOW))
    assert stored() == {"t": 1.0}


# --- Duplicates ---


def test_what_is_sent_again_is_counted_as_duplicate(device: Device) -> None:
    letter = telemetry("sensor", {"a": 1, "b": 2}, time=NOW)
    take(letter)
    receipt = take(letter)
    assert (receipt.received, receipt.stored, receipt.duplicate) == (2, 0, 2)


def test_what_comes_twice_in_a_batch_is_counted_as_duplicate_of_the_second(device: Device) -> None:
    letter = telemetry("sensor", {"a": 1, "b": 2}, time=NOW)
    assert [(r.stored, r.duplicate) for r in ingest([letter, letter])] == [(2, 0), (0, 2)]


def test_duplicates_are_counted_for_the_envelope_that_brings_them(device: Device) -> None:
    take(telemetry("sensor", {"a": 1}, time=NOW))
    new, old = telemetry("sensor", {"a": 2}, time=NOW + SECOND), telemetry("sensor", {"a": 1, "b": 1}, time=NOW)
    assert [(r.stored, r.duplicate) for r in ingest([new, old])] == [(1, 0), (1, 1)]


# --- Presence ---


def test_a_device_that_sends_is_online(device: Device) -> None:
    take(telemetry("sensor", {"temperature": 1}))
    device.refresh_from_db()
    assert (device.presence, device.last_message) == (Presence.ONLINE, NOW)


def test_a_device_that_sends_only_nonsense_is_there_too(device: Device) -> None:
    take(envelope("sensor", b"?"))
    device.refresh_from_db()
    assert device.last_message == NOW


# --- What is remembered between batches ---


def test_known_series_are_not_looked_up_again(device: Device) -> None:
    take(telemetry("sensor", {"temperature": 1}))
    with CaptureQueriesContext(connection) as queries:
        take(telemetry("sensor", {"temperature": 2}, at=NOW + SECOND))
    assert not [query for query in queries if "retention" in query["sql"]]


def test_a_batch_of_many_takes_no_more_queries(django_assert_max_num_queries: Any) -> None:
    devices = [DeviceFactory.create() for _ in range(20)]
    ingest([telemetry(device.device_id, {"a": 1, "b": 2, "c": True}) for device in devices])
    with django_assert_max_num_queries(20):  # three of them when what is kept of devices and rules has just expired
        ingest([telemetry(d.device_id, {"a": 1, "b": 2, "c": True}, at=NOW + SECOND) for d in devices])


def test_a_device_that_is_disabled_is_so_at_once(device: Device) -> None:
    take(telemetry("sensor", {"temperature": 1}))
    device.lifecycle = "disabled"
    device.save()
    assert take(telemetry("sensor", {"temperature": 2}, at=NOW + SECOND)).stored == 0


def test_metrics_deleted_behind_its_back_are_made_anew(device: Device) -> None:
    take(telemetry("sensor", {"temperature": 1}))
    Metric.objects.all()._raw_delete("default")  # as another process would: this one is not told
    take(telemetry("sensor", {"temperature": 2}, at=NOW + SECOND))
    assert stored() == {"temperature": 2.0}


def test_deleting_a_device_takes_its_readings_along(device: Device) -> None:
    ReadingFactory.create(metric=MetricFactory.create(device=device))
    device.delete()
    assert not Reading.objects.exists()
