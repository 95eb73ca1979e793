"""What was rejected is taken in again once its cause is mended, and the books still balance."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, Lifecycle, RetentionClass
from telemetry import readmit
from telemetry.ingest import Envelope, Receipt, ingest
from telemetry.models import LedgerHour, Metric, QuarantinedMessage, Reading, RejectedMessage, RejectionCount
from telemetry.readmit import Readmitted, register_senders, take_again
from telemetry.series import forget
from tests.factories import DeviceFactory, MetricFactory, ProjectFactory
from tests.telemetry.letters import SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(minute=30, second=0, microsecond=0)


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


def again() -> Readmitted:
    return take_again(list(RejectedMessage.objects.values_list("pk", flat=True)))


def page(sender: str = "sensor") -> tuple[int, ...]:
    columns = ("received", "stored", "duplicate", "rejected", "quarantined")
    return LedgerHour.objects.values_list(*columns).get(sender=sender)


def reasons() -> dict[str, int]:
    return dict(RejectionCount.objects.values_list("reason", "count"))


@pytest.fixture
def of_wrong_type(device: Device) -> Metric:
    """A metric that takes texts, and a message with a number for it and another value that is fine."""
    metric = MetricFactory.create(device=device, key="mode", value_type="text")
    take(telemetry("sensor", {"mode": 3, "other": 1}, at=NOW))
    return metric


def mend(metric: Metric) -> None:
    metric.value_type = "number"
    metric.save()


def test_what_was_of_the_wrong_type_is_stored_after_the_type_was_changed(of_wrong_type: Metric) -> None:
    mend(of_wrong_type)
    assert again() == Readmitted(messages=1, stored=1, duplicate=1, rejected=0)
    assert Reading.objects.get(metric=of_wrong_type).time == NOW


def test_then_it_is_no_longer_kept(of_wrong_type: Metric) -> None:
    mend(of_wrong_type)
    again()
    assert not RejectedMessage.objects.exists()


def test_it_counts_as_stored_in_the_hour_in_which_it_came(of_wrong_type: Metric) -> None:
    assert (page(), reasons()) == ((2, 1, 0, 1, 0), {"wrong_type": 1})
    mend(of_wrong_type)
    again()
    assert (page(), reasons()) == ((2, 2, 0, 0, 0), {})


def test_what_is_rejected_again_is_kept_again_and_counted_once(of_wrong_type: Metric) -> None:
    assert again() == Readmitted(messages=1, stored=0, duplicate=1, rejected=1)
    assert (page(), reasons()) == ((2, 1, 0, 1, 0), {"wrong_type": 1})
    assert RejectedMessage.objects.count() == 1


def test_however_often_it_is_tried(of_wrong_type: Metric) -> None:
    for _ in range(3):
        again()
    mend(of_wrong_type)
    again()
    assert page() == (2, 2, 0, 0, 0)


def test_what_came_another_way_meanwhile_is_a_duplicate(of_wrong_type: Metric) -> None:
    mend(of_wrong_type)
    take(telemetry("sensor", {"mode": 3}, at=NOW))
    again()
    assert page() == (3, 2, 1, 0, 0)


def test_a_message_of_a_disabled_device_counts_as_its_values_once_it_is_taken() -> None:
    device = DeviceFactory.create(device_id="sensor", lifecycle=Lifecycle.DISABLED)
    take(telemetry("sensor", {"a": 1, "b": 2}, at=NOW))
    assert page() == (1, 0, 0, 1, 0)
    device.lifecycle = Lifecycle.ACTIVE
    device.save()
    again()
    assert page() == (2, 2, 0, 0, 0)


def test_a_gateways_child_has_its_own_page_corrected() -> None:
    gateway = DeviceFactory.create(device_id="gateway")
    child = DeviceFactory.create(device_id="child", project=gateway.project)
    take(envelope("gateway", [{"telemetry": {"a": 1}}, {"telemetry": {"a": 1}, "device_id": "child"}], at=NOW))
    assert page("gateway") == (2, 1, 0, 1, 0)
    child.parent = gateway
    child.save()
    again()
    assert (page("gateway"), page("child")) == ((1, 1, 0, 0, 0), (1, 1, 0, 0, 0))


def test_what_is_kept_no_longer_by_now_is_not_stored() -> None:
    short = RetentionClass.objects.create(name="Short", raw_days=2)
    DeviceFactory.create(device_id="sensor", lifecycle="disabled", project=ProjectFactory.create(retention_class=short))
    take(telemetry("sensor", {"a": 1}, time=NOW - timedelta(days=3), at=NOW - timedelta(days=2)))
    Device.objects.update(lifecycle="active")
    forget()
    again()
    assert reasons() == {"too_old": 1}


def test_more_than_are_kept_of_a_batch_are_kept_again(device: Device) -> None:
    for n in range(25):
        take(envelope("sensor", b"?", at=NOW + n * SECOND))
    assert again().rejected == 25
    assert RejectedMessage.objects.count() == 25


def test_of_what_is_too_large_nothing_is_taken(device: Device, settings: Any) -> None:
    settings.INGEST_MAX_BODY_BYTES = 100
    take(envelope("sensor", b" " * 101, at=NOW))
    assert again().messages == 0
    assert RejectedMessage.objects.count() == 1


def test_what_was_dropped_meanwhile_is_left_out(of_wrong_type: Metric) -> None:
    keys = list(RejectedMessage.objects.values_list("pk", flat=True))
    RejectedMessage.objects.all().delete()
    mend(of_wrong_type)
    assert take_again(keys) == Readmitted(messages=0, stored=0, duplicate=0, rejected=0)
    assert page() == (2, 1, 0, 1, 0)


def test_what_goes_while_it_is_taken_is_not_counted_twice(
    of_wrong_type: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend(of_wrong_type)
    keys = list(RejectedMessage.objects.values_list("pk", flat=True))

    def slowly(batch: list[Envelope]) -> list[Receipt]:
        receipts = ingest(batch)
        RejectedMessage.objects.all().delete()
        monkeypatch.undo()
        return receipts

    monkeypatch.setattr(readmit, "ingest", slowly)
    again_after_rollback = take_again(keys)
    assert again_after_rollback.stored == 1
    assert page() == (2, 2, 0, 0, 0)


def test_a_newcomers_messages_move_to_its_own_pages() -> None:
    take(telemetry("stranger", {"a": 1, "b": 2}, at=NOW))
    assert page("") == (1, 0, 0, 0, 1)
    register_senders(["stranger"], ProjectFactory.create(), None)
    assert (page(""), page("stranger")) == ((0, 0, 0, 0, 0), (2, 2, 0, 0, 0))
    assert not QuarantinedMessage.objects.exists()
