"""History over REST: what may be asked, and both forms of the answer (the figures: tests/telemetry/test_history.py)."""

from datetime import timedelta
from typing import Any

import pytest
from time_machine import travel

from devices.models import Device, Project, ValueType
from iotsphere.models import User
from tests.factories import NOON, DeviceFactory, MetricFactory, ReadingFactory
from tests.fixtures.clients import ApiClient
from tests.fixtures.query_counts import AssertRecordedQueries

HISTORY = "/api/v1/devices/boiler/history/"
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
    return lambda query: api(vera).get(f"{HISTORY}?{query}")


def test_a_history_says_what_it_is_of(ask: Any) -> None:
    assert ask(f"metrics=temperature&{DAY}").json() == {
        "device_id": "boiler",
        "from": "2025-12-19T00:00:00Z",
        "to": "2025-12-20T00:00:00Z",
        "interval": 300,
        "agg": "avg",
        "time_zone": "UTC",
        "series": {
            "temperature": {
                "label": "Temperature",
                "unit": "°C",
                "value_type": "number",
                "kind": "measurement",
                "raw": True,
                "points": [[1766145600000, 54.5, 54.5, 54.5], [1766145660000, 55.0, 55.0, 55.0]],
            }
        },
    }


@pytest.mark.parametrize(
    ("query", "hours"),
    [("", 24), ("range=90m", 1.5), ("range=24h", 24), ("range=7d", 7 * 24), ("range=4w", 28 * 24)],
)
def test_a_range_ends_now(query: str, hours: float, ask: Any) -> None:
    with travel(NOON, tick=False):
        found = ask(f"metrics=temperature&{query}").json()
    assert found["to"] == "2025-12-19T12:00:00Z"
    assert found["from"] == (NOON - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def test_a_range_may_end_earlier(ask: Any) -> None:
    assert ask("metrics=temperature&range=1h&to=2025-12-19T13:00:00Z").json()["from"] == "2025-12-19T12:00:00Z"


@pytest.mark.parametrize(
    "start", ["2025-12-19T11:00:00Z", "2025-12-19T11:00:00", "2025-12-19 11:00", "2025-12-19T12:00:00%2B01:00"]
)
def test_times_without_a_zone_are_utc(start: str, ask: Any) -> None:
    assert ask(f"metrics=temperature&from={start}&to=2025-12-20").json()["from"] == "2025-12-19T11:00:00Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "metrics"),
        ("metrics=", "metrics"),
        ("metrics=presure", "metrics"),
        ("metrics=temperature,,mode", "metrics"),
        ("metrics=%00", "metrics"),
        ("metrics=" + ",".join("abcdefghijk"), "metrics"),
        ("metrics=temperature&range=7", "range"),
        ("metrics=temperature&range=0d", "range"),
        ("metrics=temperature&range=-1d", "range"),
        ("metrics=temperature&range=99999d", "range"),
        ("metrics=temperature&range=7y", "range"),
        ("metrics=temperature&range=%00", "range"),
        ("metrics=temperature&range=7d&from=2025-12-19", "range"),
        ("metrics=temperature&from=yesterday", "from"),
        ("metrics=temperature&from=2025-12-19T12:00:00+01:00", "from"),
        ("metrics=temperature&from=2025-13-01", "from"),
        ("metrics=temperature&from=0001-01-01T00:00:00%2B14:00", "from"),
        ("metrics=temperature&from=1766145600", "from"),
        ("metrics=temperature&from=2025-12-20&to=2025-12-19", "from"),
        ("metrics=temperature&from=1980-01-01&to=2025-12-19", "from"),
        ("metrics=temperature&range=9999w&to=1970-01-03", "from"),
        ("metrics=temperature&to=9999-12-31T23:59:59-12:00", "to"),
        ("metrics=temperature&to=2025-12-19&to=2025-12-20", "to"),
        ("metrics=temperature&points=9", "points"),
        ("metrics=temperature&points=5001", "points"),
        ("metrics=temperature&points=many", "points"),
        ("metrics=temperature&points=1e400", "points"),
        ("metrics=temperature&interval=7m", "interval"),
        ("metrics=temperature&range=30d&interval=1s", "interval"),
        ("metrics=temperature&agg=median", "agg"),
        ("metrics=temperature&agg=delta", "agg"),
        ("metrics=temperature&agg=rate", "agg"),
        ("metrics=temperature&fill=zero", "fill"),
        ("metrics=temperature&agg=count&fill=previous", "fill"),
        ("metrics=temperature&downsample=none", "downsample"),
        ("metrics=temperature&downsample=lttb&agg=max", "downsample"),
        ("metrics=temperature&time_zone=Vienna", "time_zone"),
        ("metrics=temperature&time_zone=%00", "time_zone"),
        ("metrics=temperature&interval=raw&agg=max", "agg"),
        ("metrics=temperature&interval=raw&fill=null", "fill"),
        ("metrics=temperature&interval=raw&downsample=lttb", "downsample"),
        ("metrics=temperature&interval=raw&cursor=x", "cursor"),
        ("metrics=temperature&interval=raw&cursor=%C3%A9", "cursor"),
        ("metrics=temperature&interval=raw&cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ", "cursor"),
        ("metrics=temperature&cursor=MS4x", "cursor"),
        ("metrics=temperature&rnage=7d", "rnage"),
    ],
)
def test_what_cannot_be_answered_is_named_in_a_400(query: str, field: str, ask: Any) -> None:
    answer = ask(query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_an_unknown_metric_is_answered_with_those_there_are(ask: Any) -> None:
    assert "boiler has no presure. It has: mode, temperature." in str(ask("metrics=presure").json()["errors"])


def test_metrics_may_be_given_one_by_one(ask: Any) -> None:
    assert list(ask(f"metrics=temperature&metrics=mode&{DAY}").json()["series"]) == ["temperature", "mode"]


def test_a_history_takes_the_queries_on_record(ask: Any, assert_recorded_queries: AssertRecordedQueries) -> None:
    with assert_recorded_queries("REST history of a number and a text"):
        ask(f"metrics=temperature,mode&{DAY}")
