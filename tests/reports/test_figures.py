"""What is written in a report is what REST says, digit by digit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from devices.models import Device
from iotsphere.models import User
from telemetry.values import value_in_words
from tests.fixtures.clients import ApiClient
from tests.reports.asking import made, words_of

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def _at_that_time(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def ask(vera: User, api: ApiClient) -> Any:
    def answer(address: str, **said: str) -> Any:
        return api(vera).get(f"/api/v1/{address}", said).json()

    return answer


def test_days_are_those_of_the_history(vera: User, busy_heater: Device, ask: Any) -> None:
    words = words_of(made(vera, kind="device", range="2d", devices=busy_heater.device_id))
    keys = "temperature,target_temperature,pressure,flow_rate"
    said = ask(f"devices/{busy_heater.device_id}/history/", range="2d", metrics=keys, interval="1d")
    rises = ask(f"devices/{busy_heater.device_id}/history/", range="2d", metrics="energy", interval="1d", agg="delta")
    for number, (time, *_) in enumerate(said["series"]["temperature"]["points"]):
        figures = [said["series"][key]["points"][number][1] for key in keys.split(",")]
        figures += [rises["series"]["energy"]["points"][number][1]]
        day = f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d}"
        precisions = (1, 1, 2, 1, 1)
        row = " ".join(value_in_words(value, digits) for value, digits in zip(figures, precisions, strict=True))
        assert f"{day} {row}" in words


def test_availability_is_that_of_the_device(vera: User, busy_heater: Device, ask: Any) -> None:
    week = ask(f"devices/{busy_heater.device_id}/availability/")["periods"][1]
    said = {"kind": "availability", "range": "7d", "devices": busy_heater.device_id}
    words = words_of(made(vera, **said))
    assert f"WATER_HEATER_01 Cellar heater Acme {week['percent']:.2f}" in words
    [row] = made(vera, "csv", **said).decode().splitlines()[1:]
    assert row.split(",")[3:6] == [repr(week["percent"]), str(week["online"]), str(week["offline"])]


def test_patterns_are_those_of_the_alerts(vera: User, busy_heater: Device, ask: Any) -> None:
    said = ask("alerts/patterns/", **{"from": (NOW - timedelta(days=2)).isoformat(), "to": NOW.isoformat()})
    words = words_of(made(vera, kind="alerts", range="2d", time_zone="UTC"))
    minutes = round(said["seconds_to_acknowledge"] / 60)
    assert f"Alerts {said['fires']} A day" in words
    assert f"Until acknowledged {minutes} min" in words
    [device] = said["devices"]
    assert f"{device['key']} {device['name']} {device['fires']} 1 h 30 min" in words


def test_the_quality_is_that_of_the_device(vera: User, busy_heater: Device, ask: Any) -> None:
    said = ask(f"devices/{busy_heater.device_id}/quality/", days="1")
    words = words_of(made(vera, kind="ingestion", range="1d"))
    assert f"Cellar heater {100 * said['completeness']:.1f} {said['gap_count']}" in words
    items = said["items"]
    assert f"Values received {items['received']:,} Stored {items['stored']:,} Came twice {items['duplicate']}" in words


def test_the_performance_is_that_of_the_model(vera: User, busy_heater: Device, ask: Any) -> None:
    said = ask("models/leak/performance/", days="7")
    words = words_of(made(vera, kind="model-performance", range="7d"))
    for label, key in (("Accuracy", "accuracy"), ("Precision", "precision"), ("Recall", "recall"), ("F1", "f1")):
        assert f"{label} {100 * said['figures'][key]:.1f} %" in words
    drift = words_of(made(vera, kind="model-drift", range="7d"))
    [check] = ask("drift-checks/")["results"]
    for row in check["features"]:
        if row["verdict"] in {"ok", "drift"}:
            assert f"{value_in_words(row['psi'], 3)} {value_in_words(row['limit'], 3)}" in drift
