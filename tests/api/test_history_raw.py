"""Readings as they are, page by page: none twice, none left out."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from time_machine import travel

from devices.models import Project
from iotsphere.models import User
from telemetry.models import Metric, Reading
from telemetry.raw import ask_raw
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.clients import ApiClient

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def micros(time: Any) -> int:
    """After noon."""
    return round((time - NOON.timestamp() * 1000) * 1000)


class PagesOfAnyReadings(TestCase):
    @given(
        first=st.dictionaries(st.integers(0, 60), st.integers(0, 9), max_size=60),
        second=st.dictionaries(st.integers(0, 60), st.integers(0, 9), max_size=60),
        size=st.integers(1, 20),
    )
    @patch("telemetry.raw.SMALLEST_BATCH", 1)
    def test_hold_each_once_and_in_order(self, first: dict[int, int], second: dict[int, int], size: int) -> None:
        device = DeviceFactory.create()
        metrics = [MetricFactory.create(device=device, key=key) for key in ("a", "b")]
        stored = []
        for metric, readings in zip(metrics, (first, second), strict=True):
            rows = [(metric.pk, NOON + at * MICROSECOND, float(value), None) for at, value in readings.items()]
            write_readings(rows)
            stored += [(at, metric.key, value) for at, value in readings.items()]
        found: list[tuple[int, str, Any]] = []
        after = None
        while len(found) <= len(stored):
            asked = ask_raw([device], ["b", "a"], NOON, NOON + 61 * MICROSECOND, after)
            [history], after = asked.page(size)
            page = [(micros(time), key, value) for key, one in history.series.items() for time, value in one.points]
            found += sorted(page)
            if after is None:
                break
            assert len(page) == size
        assert found == sorted(stored)


@pytest.fixture
def metric(acme: Project) -> Metric:
    metric: Metric = MetricFactory.create(device=DeviceFactory.create(device_id="boiler", project=acme), key="level")
    read(metric, range(25))
    return metric


@pytest.fixture
def ask(api: ApiClient, vera: User, metric: Metric) -> Any:
    def ask(query: str) -> Any:
        answer = api(vera).get(f"/api/v1/devices/boiler/history/?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def read(metric: Metric, minutes: Any) -> None:
    write_readings((metric.pk, NOON + timedelta(minutes=minute), float(minute), None) for minute in minutes)


def values(answer: Any) -> list[float]:
    return [value for _, value in answer["series"]["level"]["points"]]


RAW = "metrics=level&interval=raw&points=10&from=2025-12-19&to=2025-12-20"


def test_readings_come_as_they_are(ask: Any) -> None:
    found = ask(RAW)
    assert (found["interval"], found["agg"], found["series"]["level"]["raw"]) == (0, None, True)
    assert values(found) == list(range(10))


def test_next_leads_through_all_pages(ask: Any) -> None:
    page, found = ask(RAW), []
    while True:
        found += values(page)
        if page["next"] is None:
            break
        page = ask(urlsplit(page["next"]).query)
    assert found == list(range(25))


def test_a_range_up_to_now_ends_on_every_page_where_it_ended_on_the_first(ask: Any, metric: Metric) -> None:
    with travel(NOON + HOUR, tick=False):
        first = ask("metrics=level&interval=raw&points=10&range=1h")
    read(metric, [90])
    with travel(NOON + 2 * HOUR, tick=False):
        last = ask(urlsplit(ask(urlsplit(first["next"]).query)["next"]).query)
    assert (values(last), last["to"]) == (list(range(20, 25)), first["to"])


def test_what_arrives_late_behind_the_place_moves_nothing(ask: Any, metric: Metric) -> None:
    first = ask(RAW)
    read(metric, [0.5])
    assert values(ask(urlsplit(first["next"]).query)) == list(range(10, 20))


def test_texts_come_each_time_they_were_sent(ask: Any, metric: Metric) -> None:
    mode = MetricFactory.create(device=metric.device, key="mode", value_type="text")
    write_readings((mode.pk, NOON + timedelta(minutes=minute), None, "eco") for minute in range(3))
    points = ask(RAW.replace("level", "mode"))["series"]["mode"]["points"]
    assert [text for _, text in points] == ["eco"] * 3


def test_where_readings_are_gone_the_answer_says_since_when_they_are_kept(
    api: ApiClient, vera: User, metric: Metric
) -> None:
    recompute()
    Reading.objects.filter(time__lt=NOON + timedelta(minutes=10)).delete()
    answer = api(vera).get(f"/api/v1/devices/boiler/history/?{RAW}")
    assert answer.status_code == 400
    assert "Readings are kept from 2025-12-19T12:10:00Z on" in str(answer.json()["errors"]["from"])
