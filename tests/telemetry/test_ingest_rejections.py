"""What ingest does not take, and what it says about it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from devices.models import Device, RetentionClass
from telemetry.ingest import Receipt, ingest
from telemetry.models import Metric, Reading
from telemetry.reasons import Reason
from tests.factories import DeviceFactory, MetricFactory, ProjectFactory
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


def reasons(receipt: Receipt) -> list[tuple[str, Reason, int]]:
    return [(item.key, item.reason, item.count) for item in receipt.rejected]


@pytest.mark.parametrize(
    ("first", "then", "detail"),
    [
        (1, "hot", "a text where a number belongs"),
        (1, True, "true or false where a number belongs"),
        (True, 1, "a number where true or false belongs"),
        ("eco", 3, "a number where a text belongs"),
    ],
)
def test_a_value_of_another_type_is_rejected_and_the_rest_kept(
    device: Device, first: Any, then: Any, detail: str
) -> None:
    take(telemetry("sensor", {"a": first}))
    receipt = take(telemetry("sensor", {"a": then, "b": 1}, at=NOW + SECOND))
    assert receipt.stored == 1
    assert reasons(receipt) == [("a", Reason.WRONG_TYPE, 1)]
    assert receipt.rejected[0].detail == detail


@pytest.mark.parametrize("lifecycle", ["disabled", "archived"])
def test_what_a_device_out_of_service_sends_is_rejected(lifecycle: str) -> None:
    DeviceFactory.create(device_id="sensor", lifecycle=lifecycle)
    assert reasons(take(telemetry("sensor", {"a": 1, "b": 2}))) == [("", Reason.DEVICE_DISABLED, 1)]


def test_a_device_out_of_service_is_not_heard() -> None:
    device = DeviceFactory.create(device_id="sensor", lifecycle="disabled")
    take(telemetry("sensor", {"a": 1}))
    device.refresh_from_db()
    assert device.last_message is None


@pytest.mark.parametrize("device_id", ["", "a b", "x" * 65, "ünï", "a/b", "a\n"])
def test_what_comes_from_no_device_at_all_is_a_wrong_topic(device_id: str) -> None:
    receipt = take(envelope(device_id, {"telemetry": {"a": 1}}, topic="app/device/?/telemetry"))
    assert reasons(receipt) == [("", Reason.WRONG_TOPIC, 1)]
    assert receipt.rejected[0].detail == "app/device/?/telemetry"


def test_a_device_has_256_metrics_at_most(device: Device) -> None:
    take(telemetry("sensor", {f"k{n}": n for n in range(256)}))
    receipt = take(telemetry("sensor", {"k0": 1, "one_more": 1}, at=NOW + SECOND))
    assert receipt.stored == 1
    assert reasons(receipt) == [("one_more", Reason.TOO_MANY_METRICS, 1)]
    assert Metric.objects.count() == 256


def test_what_is_older_than_the_project_keeps_is_rejected() -> None:
    retention = RetentionClass.objects.create(name="Short", raw_days=2)
    DeviceFactory.create(device_id="sensor", project=ProjectFactory.create(retention_class=retention))
    two_days_ago = NOW - timedelta(days=2)
    assert take(telemetry("sensor", {"a": 1}, time=two_days_ago)).stored == 1
    receipt = take(telemetry("sensor", {"a": 1, "b": 2}, time=two_days_ago - SECOND))
    assert reasons(receipt) == [("", Reason.TOO_OLD, 2)]


def test_readings_may_be_kept_for_ever() -> None:
    retention = RetentionClass.objects.create(name="For ever", raw_days=2_000_000_000)
    DeviceFactory.create(device_id="sensor", project=ProjectFactory.create(retention_class=retention))
    assert take(telemetry("sensor", {"a": 1}, time=datetime.fromisoformat("1970-01-01T00:00:00Z"))).stored == 1


def test_a_body_that_is_too_large_is_rejected(device: Device, settings: Any) -> None:
    settings.INGEST_MAX_BODY_BYTES = 1000
    assert reasons(take(envelope("sensor", b" " * 1001))) == [("", Reason.TOO_LARGE, 1)]


# --- Gateways ---


@pytest.fixture
def gateway() -> Device:
    return DeviceFactory.create(device_id="gateway")


def for_child(child_id: str, **values: Any) -> dict[str, Any]:
    return {"telemetry": values, "device_id": child_id}


def test_a_gateway_sends_for_its_children(gateway: Device) -> None:
    child = DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project)
    receipt = take(envelope("gateway", [for_child("child", a=1), {"telemetry": {"a": 2}}]))
    assert receipt.stored == 2
    assert Reading.objects.get(metric__device=child).value == 1.0


def test_through_its_gateway_a_child_is_heard(gateway: Device) -> None:
    child = DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project)
    take(envelope("gateway", for_child("child", a=1)))
    child.refresh_from_db()
    assert child.last_message == NOW


@pytest.mark.parametrize("other", ["stranger", "nobody", "no such name!"])
def test_a_device_does_not_send_for_others(gateway: Device, other: str) -> None:
    DeviceFactory.create(device_id="stranger", project=gateway.project)
    receipt = take(envelope("gateway", [for_child(other, a=1, b=2), {"telemetry": {"a": 3}}]))
    assert receipt.stored == 1
    assert reasons(receipt) == [("", Reason.NOT_ALLOWED, 2)]


def test_a_device_may_name_itself(gateway: Device) -> None:
    assert take(envelope("gateway", for_child("gateway", a=1))).stored == 1


def test_for_a_child_out_of_service_nothing_is_taken(gateway: Device) -> None:
    DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project, lifecycle="disabled")
    receipt = take(envelope("gateway", for_child("child", a=1, b=2)))
    assert reasons(receipt) == [("", Reason.DEVICE_DISABLED, 2)]


def test_a_metric_that_contradicts_its_first_reading_does_not_lose_the_batch(device: Device) -> None:
    MetricFactory.create(device=device, key="mode", value_type="text")
    batch = [telemetry("sensor", {"mode": 1}), telemetry("sensor", {"mode": "eco"}, at=NOW + SECOND)]
    assert [receipt.stored for receipt in ingest(batch)] == [0, 1]
