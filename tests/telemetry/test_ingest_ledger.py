"""Everything received is accounted for."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.ingest import Envelope, ingest
from telemetry.models import LedgerHour, QuarantinedMessage, Reading, RejectionCount
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db


def figures(sender: str) -> tuple[int, int, int, int, int]:
    return LedgerHour.objects.values_list("received", "stored", "duplicate", "rejected", "quarantined").get(
        sender=sender
    )


def test_an_hour_counts_what_became_of_each_item() -> None:
    DeviceFactory.create(device_id="sensor")
    letter = telemetry("sensor", {"a": 1, "b": 2, "c": None})
    ingest([letter, letter])
    assert figures("sensor") == (6, 2, 2, 2, 0)


def test_batches_of_an_hour_add_up() -> None:
    DeviceFactory.create(device_id="sensor")
    for n in range(3):
        take(telemetry("sensor", {"a": 1}, at=NOW + n * SECOND))
    assert figures("sensor") == (3, 3, 0, 0, 0)


def test_each_hour_has_its_own_page() -> None:
    DeviceFactory.create(device_id="sensor")
    ingest([telemetry("sensor", {"a": 1}, at=NOW), telemetry("sensor", {"a": 1}, at=NOW + timedelta(hours=1))])
    assert list(LedgerHour.objects.order_by("hour").values_list("hour", "stored")) == [
        (NOW, 1),
        (NOW + timedelta(hours=1), 1),
    ]


def test_a_page_names_its_device() -> None:
    device = DeviceFactory.create(device_id="sensor")
    take(telemetry("sensor", {"a": 1}))
    assert LedgerHour.objects.get().device == device


def test_a_gateways_children_have_pages_of_their_own() -> None:
    gateway = DeviceFactory.create(device_id="gateway")
    DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project)
    take(envelope("gateway", [{"telemetry": {"a": 1}}, {"telemetry": {"a": 1, "b": None}, "device_id": "child"}]))
    assert figures("gateway") == (1, 1, 0, 0, 0)
    assert figures("child") == (2, 1, 0, 1, 0)


def test_all_that_nobody_registered_sends_is_on_one_page() -> None:
    ingest([telemetry("a", {"t": 1}), envelope("b", b"?"), envelope("c d", b"?")])
    assert figures("") == (3, 0, 0, 2, 1)


def test_rejections_are_counted_by_reason() -> None:
    DeviceFactory.create(device_id="sensor")
    ingest([envelope("sensor", {"telemetry": {"a": None, "b": None, "c": "x" * 300}}), envelope("sensor", b"?")])
    counts = RejectionCount.objects.filter(sender="sensor").values_list("reason", "count")
    assert dict(counts) == {"not_a_value": 2, "too_long": 1, "malformed": 1}


def clocks(sender: str) -> tuple[int, int, float, float | None, float | None]:
    return LedgerHour.objects.values_list("late", "clocked", "ahead_sum", "ahead_min", "ahead_max").get(sender=sender)


def test_how_far_clocks_are_ahead_is_on_record() -> None:
    DeviceFactory.create(device_id="sensor")
    take(telemetry("sensor", {"a": 1}, time=NOW + 3 * SECOND))
    take(telemetry("sensor", {"a": 1}, time=NOW - 7 * SECOND))
    assert clocks("sensor") == (0, 2, -4.0, -7.0, 3.0)


def test_a_message_without_a_time_of_its_own_says_nothing_about_its_clock() -> None:
    DeviceFactory.create(device_id="sensor")
    take(telemetry("sensor", {"a": 1}))
    assert clocks("sensor") == (0, 0, 0.0, None, None)


def test_what_was_held_back_is_late_and_says_nothing_about_its_clock() -> None:
    DeviceFactory.create(device_id="sensor")
    take(telemetry("sensor", {"a": 1}, time=NOW - 301 * SECOND))
    assert clocks("sensor") == (1, 0, 0.0, None, None)


def test_what_is_delivered_twice_says_once_how_the_clock_is() -> None:
    DeviceFactory.create(device_id="sensor")
    take(telemetry("sensor", {"a": 1}, time=NOW))
    take(telemetry("sensor", {"a": 1}, time=NOW, at=NOW + 60 * SECOND))
    assert clocks("sensor") == (0, 1, 0.0, 0.0, 0.0)


values: st.SearchStrategy[Any] = st.sampled_from([1, 2.5, True, "eco", None, [], {"x": 1}, "x" * 300, 1e308])
messages = st.fixed_dictionaries(
    {"telemetry": st.dictionaries(st.sampled_from(["a", "b", "c d", "e"]), values, max_size=4)},
    optional={
        "timestamp": st.integers(-5, 400).map(lambda n: (NOW + n * SECOND).timestamp()) | st.just("never"),
        "device_id": st.sampled_from(["sensor", "child", "stranger", "nobody"]),
    },
)
bodies: st.SearchStrategy[Any] = messages | st.lists(messages, max_size=3) | st.just(b"?")
envelopes = st.builds(
    envelope,
    st.sampled_from(["sensor", "gateway", "child", "stranger", "disabled", "nobody", "no device"]),
    bodies,
    at=st.integers(-4000, 4000).map(lambda n: NOW + n * SECOND),
)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(envelopes, max_size=8), max_size=4))
def test_the_books_balance_whatever_comes_however_often(db: None, batches: list[list[Envelope]]) -> None:
    with transaction.atomic():
        gateway, _ = DeviceFactory.create(device_id="gateway"), DeviceFactory.create(device_id="sensor")
        DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project)
        DeviceFactory.create(device_id="stranger")
        DeviceFactory.create(device_id="disabled", lifecycle="disabled")
        receipts = [receipt for batch in [*batches, *batches] for receipt in ingest(batch)]
        pages = list(LedgerHour.objects.all())
        for name in ("received", "stored", "duplicate", "quarantined"):
            assert sum(getattr(page, name) for page in pages) == sum(getattr(receipt, name) for receipt in receipts)
        rejected = sum(item.count for receipt in receipts for item in receipt.rejected)
        assert (
            sum(page.rejected for page in pages)
            == rejected
            == sum(RejectionCount.objects.values_list("count", flat=True))
        )
        assert sum(page.stored for page in pages) == Reading.objects.count()
        assert sum(page.quarantined for page in pages) == QuarantinedMessage.objects.count()
        for receipt in receipts:
            assert receipt.received >= 1
            assert receipt.received == (
                receipt.stored + receipt.duplicate + receipt.quarantined + sum(item.count for item in receipt.rejected)
            )
        transaction.set_rollback(True)  # for the next example
