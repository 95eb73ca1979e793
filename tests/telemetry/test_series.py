"""What ingest remembers of devices and metrics."""

from typing import Any

import pytest

from devices.models import Device, RetentionClass
from telemetry.models import Metric
from telemetry.series import add_series, find_senders
from tests.factories import DeviceFactory, MetricFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


def is_active() -> bool:
    return find_senders(["sensor"])["sensor"].active


def test_registered_devices_are_found_and_others_not(device: Device) -> None:
    assert find_senders(["sensor", "nobody"]).keys() == {"sensor"}


def test_what_was_found_is_remembered(device: Device, django_assert_num_queries: Any) -> None:
    find_senders(["sensor"])
    with django_assert_num_queries(0):
        assert find_senders(["sensor"]).keys() == {"sensor"}


def test_what_was_not_found_is_looked_up_again() -> None:
    assert not find_senders(["sensor"])
    DeviceFactory.create(device_id="sensor")
    assert find_senders(["sensor"])


def test_what_this_process_changes_is_noticed_at_once(device: Device) -> None:
    assert is_active()
    device.lifecycle = "disabled"
    device.save()
    assert not is_active()


def test_another_retention_is_noticed_at_once(device: Device) -> None:
    find_senders(["sensor"])
    retention = RetentionClass.objects.get()
    retention.raw_days = 7
    retention.save()
    assert find_senders(["sensor"])["sensor"].keeps.days == 7


def test_a_metric_of_another_type_is_noticed_at_once(device: Device) -> None:
    metric = MetricFactory.create(device=device, key="mode")
    assert find_senders(["sensor"])["sensor"].series["mode"].type is float
    metric.value_type = "text"
    metric.save()
    assert find_senders(["sensor"])["sensor"].series["mode"].type is str


def test_a_metric_that_another_process_made_first_is_used(device: Device) -> None:
    sender = find_senders(["sensor"])["sensor"]
    [metric] = Metric.objects.bulk_create([Metric(device=device, key="mode", label="Mode", value_type="text")])
    add_series({("sensor", "mode"): (sender, 1.0)})
    assert (sender.series["mode"].metric_id, sender.series["mode"].type) == (metric.pk, str)
