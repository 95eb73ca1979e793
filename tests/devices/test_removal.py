"""Devices that are archived keep what they have sent; purged ones go with all of it, little by little."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices import removal
from devices.models import AuditEntry, Device, Lifecycle, Purge
from devices.removal import archive, ask_for_purge, carry_out, stalled
from iotsphere.models import User
from telemetry import purge as telemetry_purge
from telemetry.ingest import ingest
from telemetry.models import (
    DailyRollup,
    DirtyBucket,
    FiveMinuteRollup,
    LedgerHour,
    Metric,
    Reading,
    RejectedMessage,
    RejectionCount,
)
from telemetry.reasons import Reason
from telemetry.rollups import recompute
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db
KEPT = (Metric, Reading, FiveMinuteRollup, DailyRollup, DirtyBucket, LedgerHour, RejectionCount, RejectedMessage)


@pytest.fixture
def device() -> Device:
    """It has sent twelve values of two metrics, of which rollups were made, one more, and something unreadable."""
    device = DeviceFactory.create(device_id="sensor")
    ingest([telemetry("sensor", {"a": n, "b": n}, at=NOW - n * 600 * SECOND) for n in range(6)])
    recompute()
    take(telemetry("sensor", {"a": 1}, at=NOW + SECOND))
    take(envelope("sensor", b"?"))
    return device


def purged(device: Device, by: User | None = None) -> Purge:
    [purge] = ask_for_purge([device], by)
    carry_out(purge)
    purge.refresh_from_db()
    return purge


def test_an_archived_device_keeps_what_it_has_sent(device: Device) -> None:
    assert archive([device], None) == 1
    assert Reading.objects.count() == 13


def test_what_an_archived_device_sends_is_rejected_with_a_reason(device: Device) -> None:
    archive([device], None)
    receipt = take(telemetry("sensor", {"a": 1}, at=NOW + 2 * SECOND))
    assert [item.reason for item in receipt.rejected] == [Reason.DEVICE_DISABLED]


def test_nothing_is_archived_twice(device: Device) -> None:
    archive([device], None)
    assert archive([device], None) == 0


def test_of_a_purged_device_nothing_is_left(device: Device) -> None:
    purged(device)
    assert not Device.objects.exists()
    assert {model.__name__: model._default_manager.count() for model in KEPT} == dict.fromkeys(
        (model.__name__ for model in KEPT), 0
    )


def test_other_devices_keep_theirs(device: Device) -> None:
    DeviceFactory.create(device_id="other", project=device.project)
    ingest([telemetry("other", {"a": 1}), envelope("other", b"?")])
    before = [model._default_manager.count() for model in (Reading, LedgerHour, RejectedMessage)]
    purged(device)
    after = [model._default_manager.count() for model in (Reading, LedgerHour, RejectedMessage)]
    assert (before, after) == ([14, 3, 2], [1, 1, 1])


def test_the_receipt_counts_what_went(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_purge, "ROWS_AT_ONCE", 4)
    purge = purged(device)
    assert purge.gone["readings"] == 13
    assert purge.gone["rejected messages"] == 1
    assert purge.percent == 100


def test_it_goes_in_small_transactions(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_purge, "ROWS_AT_ONCE", 4)
    steps = [rows for _, rows in telemetry_purge.share_of(device=device).steps]
    assert max(steps) <= 4


def test_nothing_new_comes_while_it_goes(device: Device) -> None:
    ask_for_purge([device], None)
    device.refresh_from_db()
    assert device.lifecycle == Lifecycle.ARCHIVED


def test_asking_twice_is_one_purge(device: Device) -> None:
    ask_for_purge([device], None)
    ask_for_purge([device], None)
    assert Purge.objects.count() == 1


def test_a_purge_that_was_interrupted_is_gone_on_with(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_purge, "ROWS_AT_ONCE", 4)
    [purge] = ask_for_purge([device], None)
    take_step = removal._take_step
    left = iter([True, True])

    def dying(*args: object) -> bool:
        if next(left, False):
            return take_step(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(removal, "_take_step", dying)
        with pytest.raises(KeyboardInterrupt):
            carry_out(purge)
    purge.refresh_from_db()
    assert 0 < purge.percent < 100
    assert stalled(timezone.now()) == []
    assert stalled(timezone.now() + timedelta(minutes=3)) == [purge.pk]
    carry_out(purge)
    purge.refresh_from_db()
    assert (purge.gone["readings"], purge.percent) == (13, 100)


def test_a_purge_that_is_done_is_not_done_again(device: Device) -> None:
    purge = purged(device)
    finished_at = purge.finished_at
    carry_out(purge)
    purge.refresh_from_db()
    assert purge.finished_at == finished_at
    assert stalled(timezone.now() + timedelta(days=1)) == []


def test_who_asked_is_on_record(device: Device, root: User) -> None:
    purged(device, root)
    entries = AuditEntry.objects.order_by("pk").values_list("actor_name", "action", "subject")
    assert list(entries) == [
        ("root", "device.purge_requested", "sensor"),
        ("the portal", "device.purged", "sensor"),
    ]
