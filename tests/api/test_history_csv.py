"""History as a file: sent while it is made, in whatever server the portal runs in."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import AsyncClient
from time_machine import travel

from devices.models import Device, Project, ValueType
from iotsphere.models import User
from telemetry.api import csv_table
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory, MetricFactory, ReadingFactory
from tests.fixtures.clients import ApiClient

DAY = "from=2025-12-19T00:00:00Z&to=2025-12-20T00:00:00Z"


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler", project=acme)
    temperature = MetricFactory.create(device=device, key="temperature", unit="°C")
    ReadingFactory.create(metric=temperature, time=NOON, value=54.5)
    ReadingFactory.create(metric=temperature, time=NOON + timedelta(minutes=1), value=55.0)
    mode = MetricFactory.create(device=device, key="mode", value_type=ValueType.TEXT)
    ReadingFactory.create(metric=mode, time=NOON, value=None, text="eco")
    return device


@pytest.fixture
def ask(api: ApiClient, vera: User, boiler: Device) -> Any:
    return lambda query: api(vera).get(f"/api/v1/devices/boiler/history/?format=csv&{query}")


def rows(answer: Any) -> list[list[str]]:
    return list(csv.reader(StringIO(answer.getvalue().decode(), newline="")))


@pytest.mark.parametrize("interval", ["", "&interval=raw"])
def test_csv_is_a_file_with_a_row_per_time_and_a_column_per_metric(interval: str, ask: Any) -> None:
    answer = ask(f"metrics=temperature,mode&{DAY}{interval}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="boiler_2025-12-19_2025-12-20.csv"'
    assert rows(answer) == [
        ["time", "temperature", "mode"],
        ["2025-12-19T12:00:00+00:00", "54.5", "eco"],
        ["2025-12-19T12:01:00+00:00", "55.0", ""],
    ]


def test_columns_keep_their_names_when_labels_and_units_change(ask: Any, boiler: Device) -> None:
    boiler.metrics.update(label="Wärme", unit="K")
    assert rows(ask(f"metrics=temperature&{DAY}"))[0] == ["time", "temperature"]


def test_csv_shows_the_projects_clock(ask: Any, boiler: Device) -> None:
    boiler.project.time_zone = "Asia/Kolkata"
    boiler.project.save()
    assert rows(ask(f"metrics=temperature&{DAY}"))[1][0] == "2025-12-19T17:30:00+05:30"


def test_csv_shows_the_clock_that_is_asked_for(ask: Any) -> None:
    found = rows(ask(f"metrics=temperature&{DAY}&interval=raw&time_zone=America/New_York"))
    assert found[1][0] == "2025-12-19T07:00:00-05:00"


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("interval", ["", "&interval=raw"])
def test_csv_holds_no_formula(interval: str, beginning: str, ask: Any, boiler: Device) -> None:
    boiler.metrics.get(key="mode").readings.update(text=f"{beginning}2+2")
    assert rows(ask(f"metrics=mode&{DAY}{interval}"))[1][1] == f"'{beginning}2+2"


def test_csv_leaves_negative_numbers_numbers(ask: Any, boiler: Device) -> None:
    ReadingFactory.create(metric=boiler.metrics.get(key="temperature"), time=NOON - timedelta(minutes=1), value=-5.0)
    assert rows(ask(f"metrics=temperature&{DAY}"))[1][1] == "-5.0"


def test_an_error_is_a_problem_also_where_csv_is_asked_for(ask: Any) -> None:
    assert ask("metrics=presure")["Content-Type"] == "application/problem+json"


def test_a_long_file_holds_every_reading_once(ask: Any, boiler: Device) -> None:
    pk = boiler.metrics.get(key="temperature").pk
    start = datetime(2025, 12, 1, tzinfo=UTC)
    write_readings((pk, start + timedelta(seconds=number), float(number), None) for number in range(25_000))
    found = rows(ask("metrics=temperature&interval=raw&from=2025-12-01&to=2025-12-02"))
    assert [float(value) for _, value in found[1:]] == list(range(25_000))


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_parts_are_made_one_at_a_time(
    boiler: Device, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "ROWS_AT_ONCE", 1)
    made: list[object] = []
    table = csv_table.table_of_readings

    def counted(asked: Any) -> Any:
        for row in table(asked):
            made.append(row)
            yield row

    monkeypatch.setattr("telemetry.api.history.table_of_readings", counted)
    client = AsyncClient()
    await client.aforce_login(root)
    with travel(NOON, tick=False):
        answer: Any = await client.get(
            f"/api/v1/devices/boiler/history/?format=csv&interval=raw&metrics=temperature&{DAY}"
        )
    parts = aiter(answer.streaming_content)
    assert await anext(parts) == b"time,temperature\r\n"
    assert len(made) == 1
    assert [part async for part in parts][-1] == b"2025-12-19T12:01:00+00:00,55.0\r\n"
