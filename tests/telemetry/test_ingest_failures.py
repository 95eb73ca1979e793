"""What ingest does when something else fails."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, connection

from devices.models import Device
from telemetry import ingest as ingest_module
from telemetry import store as store_module
from telemetry.decode import decode
from telemetry.ingest import StoredReading, ingest
from telemetry.models import LedgerHour, Metric, Reading
from telemetry.reasons import Reason
from telemetry.store import Row
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, take, telemetry

pytestmark = pytest.mark.django_db
EVALUATED: list[StoredReading] = []


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


# --- The database ---


def test_a_database_that_does_not_answer_is_the_callers_problem(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_rows: Sequence[Row]) -> list[int]:
        raise OperationalError("couldn't get a connection after 5.00 sec") from psycopg.OperationalError()

    monkeypatch.setattr(ingest_module, "store", away)
    with pytest.raises(OperationalError):
        take(telemetry("sensor", {"a": 1}))
    assert not LedgerHour.objects.exists()


def test_a_reading_that_the_database_refuses_costs_no_other(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def picky(rows: Sequence[Row]) -> list[int]:
        if any(row.value == 13 for row in rows):
            raise DataError("no thirteens")
        return store_module.store(rows)

    monkeypatch.setattr(ingest_module, "store", picky)
    receipts = ingest([telemetry("sensor", {"a": n, "b": n}, at=NOW + n * SECOND) for n in (11, 12, 13, 14)])
    assert [receipt.stored for receipt in receipts] == [2, 2, 0, 2]
    assert [(item.key, item.reason) for item in receipts[2].rejected] == [
        ("a", Reason.UNPROCESSABLE),
        ("b", Reason.UNPROCESSABLE),
    ]
    assert LedgerHour.objects.values_list("received", "stored", "rejected").get() == (8, 6, 2)


def test_what_is_known_already_is_found_on_both_sides_of_a_refused_reading(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = [telemetry("sensor", {"a": n}, at=NOW + n * SECOND) for n in range(5)]
    ingest([letters[0], letters[4]])

    def picky(rows: Sequence[Row]) -> list[int]:
        if any(row.value == 2 for row in rows):
            raise DataError("no twos")
        return store_module.store(rows)

    monkeypatch.setattr(ingest_module, "store", picky)
    outcomes = [(receipt.stored, receipt.duplicate, len(receipt.rejected)) for receipt in ingest(letters)]
    assert outcomes == [(0, 1, 0), (1, 0, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0)]


# --- The code ---


def test_a_message_that_the_code_fails_on_costs_no_other(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def clumsy(body: bytes, **options: Any) -> Any:
        if b"13" in body:
            raise ZeroDivisionError
        return decode(body, **options)

    monkeypatch.setattr(ingest_module, "decode", clumsy)
    receipts = ingest([telemetry("sensor", {"a": n}, at=NOW + n * SECOND) for n in (11, 12, 13, 14)])
    assert [receipt.stored for receipt in receipts] == [1, 1, 0, 1]
    assert [item.reason for item in receipts[2].rejected] == [Reason.UNPROCESSABLE]
    assert sum(LedgerHour.objects.values_list("received", flat=True)) == 4


# --- Evaluators ---


def evaluate(readings: Sequence[StoredReading]) -> None:
    EVALUATED.extend(readings)


def fail(_readings: Sequence[StoredReading]) -> None:
    Metric.objects.update(label="half done")
    raise RuntimeError("a bug")


def break_the_transaction(_readings: Sequence[StoredReading]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")


@pytest.fixture
def evaluated() -> list[StoredReading]:
    EVALUATED.clear()
    return EVALUATED


def test_evaluators_are_given_what_is_new(device: Device, evaluated: list[StoredReading], settings: Any) -> None:
    take(telemetry("sensor", {"old": 1}, time=NOW))
    settings.INGEST_EVALUATORS = [f"{__name__}.evaluate"]
    take(telemetry("sensor", {"old": 1, "on": True, "mode": "eco", "bad": None}, time=NOW, at=NOW + SECOND))
    assert [(r.device_pk, r.key, r.time, r.value, r.received_at) for r in evaluated] == [
        (device.pk, "on", NOW, True, NOW + SECOND),
        (device.pk, "mode", NOW, "eco", NOW + SECOND),
    ]


@pytest.mark.parametrize("name", ["fail", "break_the_transaction"])
def test_an_evaluator_that_fails_loses_no_reading(
    device: Device, evaluated: list[StoredReading], settings: Any, name: str
) -> None:
    settings.INGEST_EVALUATORS = [f"{__name__}.{name}", f"{__name__}.evaluate"]
    assert take(telemetry("sensor", {"a": 1})).stored == 1
    assert Reading.objects.count() == 1
    assert len(evaluated) == 1
    assert Metric.objects.get().label == "A"
