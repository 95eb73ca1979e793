"""What is written in a report is what REST says, digit by digit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from alerts.models.alert import Severity
from alerts.raising import Finding, report
from devices.models import Device, Project
from iotsphere.models import User
from telemetry.values import value_in_words
from tests.fixtures.clients import ApiClient
from tests.reports.asking import made, words_of

pytestmark = pytest.mark.django_db
FOLDS: dict[str, Any] = {"sum": sum, "count": sum, "max": max}
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
    energy = {time: rise for time, rise, *_ in rises["series"]["energy"]["points"]}
    for number, (time, *_) in enumerate(said["series"]["temperature"]["points"]):
        figures = [said["series"][key]["points"][number][1] for key in keys.split(",")]
        figures += [energy.get(time)]  # none on a day of one reading, which the first may be
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
    [check] = ask("drift-checks/")["results"]
    full = words_of(made(vera, kind="model-full", range="7d"))
    for words in (words_of(made(vera, kind="model-performance", range="7d")), full):
        for label, key in (("Accuracy", "accuracy"), ("Precision", "precision"), ("Recall", "recall"), ("F1", "f1")):
            assert f"{label} {100 * said['figures'][key]:.1f} %" in words
    for words in (words_of(made(vera, kind="model-drift", range="7d")), full):
        for row in check["features"]:
            if row["verdict"] in {"ok", "drift"}:
                assert f"{value_in_words(row['psi'], 3)} {value_in_words(row['limit'], 3)}" in words


def test_alerts_about_models_are_those_of_the_list(vera: User, acme: Project, busy_heater: Device, ask: Any) -> None:
    for hours, topic in ((2, "drift"), (5, "performance")):
        finding = Finding(topic, "Too hot", Severity.HIGH, "It drifts.", "PSI", "3.1", "0.1")
        report(acme.monitored_models.get(), finding, NOW - timedelta(hours=hours))
    said = [alert for alert in ask("alerts/", before=NOW.isoformat())["results"] if alert["subject"] == "Leak"]
    words = words_of(made(vera, kind="model-alerts", range="7d", time_zone="UTC"))
    assert f"Summary Alerts {len(said)} A day" in words
    for alert in said:
        assert f"{alert['event_time'][:16].replace('T', ' ')} High {alert['subject']} Too hot" in words


def test_the_fleet_is_that_of_its_pages(vera: User, busy_heater: Device, ask: Any) -> None:
    week = ask(f"devices/{busy_heater.device_id}/availability/")["periods"][1]
    alerts = ask("alerts/patterns/", **{"from": (NOW - timedelta(days=7)).isoformat(), "to": NOW.isoformat()})
    latest = ask(f"devices/{busy_heater.device_id}/latest/")["values"]["temperature"]["value"]
    words = words_of(made(vera, kind="fleet", range="7d"))
    assert f"{week['percent']:.2f} {alerts['fires']} " in words
    assert f"Water temperature {latest:.1f} °C" in words


def test_servers_are_those_of_the_history(vera: User, busy_heater: Device, ask: Any) -> None:
    server = Device.objects.get(name="Cellar server")
    address, said = f"devices/{server.device_id}/history/", {"range": "2d", "metrics": "cpu", "interval": "1h"}
    found = {agg: ask(address, **said, agg=agg)["series"]["cpu"]["points"] for agg in ("sum", "count", "max")}
    total, count, highest = (fold(point[1] for point in found[agg]) for agg, fold in FOLDS.items())
    row = f"{value_in_words(total / count, 1)} {value_in_words(highest, 1)}"
    assert f"Cellar server Unknown – {row} " in words_of(made(vera, kind="servers", range="2d"))
