"""An evaluator that fails is called again with what it failed on, until it succeeds."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device
from telemetry import evaluators
from telemetry.evaluators import StoredReading, retry
from telemetry.ingest import ingest
from telemetry.models import LedgerHour, OwedEvaluation, Reading
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, take, telemetry

pytestmark = pytest.mark.django_db

BROKEN: set[int] = set()  # devices that the evaluator fails on
SEEN: list[tuple[int, str, Any, Any]] = []


def picky(readings: Sequence[StoredReading]) -> None:
    for reading in readings:
        if reading.device_pk in BROKEN:
            raise ZeroDivisionError("a bug")
    SEEN.extend((reading.device_pk, reading.key, reading.time, reading.value) for reading in readings)


@pytest.fixture(autouse=True)
def _evaluator(settings: Any) -> Iterator[None]:
    settings.INGEST_EVALUATORS = [f"{__name__}.picky"]
    yield
    BROKEN.clear()
    SEEN.clear()


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


@pytest.fixture
def broken(device: Device) -> Device:
    """A device that has sent twice something the evaluator failed on."""
    BROKEN.add(device.pk)
    take(telemetry("sensor", {"a": 1, "on": True, "mode": "eco"}, at=NOW))
    take(telemetry("sensor", {"a": 2}, at=NOW + SECOND))
    return device


def later(seconds: float = 31) -> int:
    return retry(timezone.now() + timedelta(seconds=seconds))


def test_what_it_failed_on_is_stored_and_booked(broken: Device) -> None:
    assert Reading.objects.count() == 4
    assert LedgerHour.objects.get().stored == 4


def test_what_it_failed_on_is_noted_with_the_error(broken: Device) -> None:
    owed = OwedEvaluation.objects.get(metric__key="a")
    assert (owed.first, owed.last, owed.error) == (NOW, NOW + SECOND, "ZeroDivisionError: a bug")


def test_once_it_is_mended_it_is_given_all_of_it(broken: Device) -> None:
    BROKEN.clear()
    assert later() == 1
    assert sorted(SEEN, key=str) == sorted(
        [
            (broken.pk, "a", NOW, 1.0),
            (broken.pk, "on", NOW, True),
            (broken.pk, "mode", NOW, "eco"),
            (broken.pk, "a", NOW + SECOND, 2.0),
        ],
        key=str,
    )
    assert not OwedEvaluation.objects.exists()


def test_it_is_not_called_before_it_is_due(broken: Device) -> None:
    BROKEN.clear()
    assert later(0) == 0


def test_it_is_called_less_and_less_often(broken: Device) -> None:
    waits = []
    for _ in range(12):
        before = timezone.now()
        OwedEvaluation.objects.update(due_at=before)
        retry(timezone.now())
        waits.append(OwedEvaluation.objects.latest("due_at").due_at - before)
    assert waits[0] < waits[1] < waits[2]
    assert waits[-1] <= timedelta(hours=1, seconds=60)
    assert OwedEvaluation.objects.latest("attempts").attempts == 12


def test_a_device_that_it_fails_on_holds_up_no_other(device: Device) -> None:
    other = DeviceFactory.create(device_id="other")
    BROKEN.add(device.pk)
    ingest([telemetry("sensor", {"a": 1}), telemetry("other", {"a": 1})])
    assert SEEN == []
    later()
    assert [pk for pk, *_ in SEEN] == [other.pk]
    assert OwedEvaluation.objects.get().metric.device == device


def test_what_is_owed_meanwhile_stays_owed(broken: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    BROKEN.clear()
    fails = evaluators._fails

    def while_more_comes(path: str, readings: Sequence[StoredReading]) -> str:
        OwedEvaluation.objects.filter(metric__key="a").update(last=NOW + 5 * SECOND)
        return fails(path, readings)

    with monkeypatch.context() as patched:
        patched.setattr(evaluators, "_fails", while_more_comes)
        later()
    assert OwedEvaluation.objects.get().metric.key == "a"


def test_much_is_given_in_pieces(broken: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluators, "READINGS_AT_ONCE", 4)
    for n in range(2, 12):
        take(telemetry("sensor", {"a": n}, at=NOW + n * SECOND))
    BROKEN.clear()
    for _ in range(20):
        later()
    assert {value for _, key, _, value in SEEN if key == "a"} == {float(n) for n in range(2, 12)} | {1.0, 2.0}
    assert not OwedEvaluation.objects.exists()


def test_what_is_owed_to_nobody_any_more_goes(broken: Device, settings: Any) -> None:
    settings.INGEST_EVALUATORS = []
    later()
    assert not OwedEvaluation.objects.exists()


def test_it_goes_with_its_device(broken: Device) -> None:
    broken.delete()
    assert not OwedEvaluation.objects.exists()
    assert later() == 0
