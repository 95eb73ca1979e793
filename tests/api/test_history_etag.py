"""A range that is over is not sent twice, unless something has come late into it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from time_machine import travel

from devices.models import MetricKind, Project
from iotsphere.models import User
from telemetry.aggregates import Aggregate
from telemetry.history import Fill, Question, ask
from telemetry.models import Metric, Reading
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.clients import ApiClient

LEVEL = "metrics=level&from=2025-12-19T12:00:00Z&to=2025-12-19T13:00:00Z"
HOUR = timedelta(hours=1)
READINGS = st.dictionaries(st.integers(-180, 180), st.integers(0, 9), max_size=4)


class VersionsOfAnyReadings(TestCase):
    @given(
        batches=st.lists(st.tuples(READINGS, st.booleans())),
        agg=st.sampled_from(list(Aggregate)),
        fill=st.sampled_from([Fill.NONE, Fill.NULL]),
        interval=st.sampled_from([None, "1m", "15m", "1h", "1d"]),
    )
    def test_are_the_same_only_as_long_as_the_answer_is(
        self, batches: list[tuple[dict[int, int], bool]], agg: str, fill: str, interval: str | None
    ) -> None:
        metric = MetricFactory.create(kind=MetricKind.TOTAL_INCREASING)
        answers: dict[str, Any] = {}
        for readings, roll_up in batches:
            rows = ((NOON + timedelta(minutes=at), float(value)) for at, value in readings.items())
            write_readings((metric.pk, *row, None) for row in rows)
            if roll_up:
                recompute()
            question = Question(NOON, NOON + HOUR, points=10, agg=agg, fill=fill, interval=interval)
            asked = ask([metric.device], [metric.key], question)
            answer = asked.answer()
            assert answers.setdefault(asked.version(), answer) == answer


@pytest.fixture
def metric(acme: Project) -> Metric:
    device = DeviceFactory.create(device_id="boiler", project=acme)
    metric: Metric = MetricFactory.create(device=device, key="level")
    write_readings([(metric.pk, NOON, 1.0, None)])
    return metric


@pytest.fixture
def get(api: ApiClient, vera: User, metric: Metric) -> Any:
    def get(query: str, tag: str | None = None) -> Any:
        headers = {} if tag is None else {"If-None-Match": tag}
        return api(vera).get(f"/api/v1/devices/boiler/history/?{query}", headers=headers)

    return get


@pytest.mark.parametrize("how", ["", "&interval=raw", "&format=csv", "&interval=raw&format=csv", "&interval=1h"])
def test_what_has_not_changed_answers_304(how: str, get: Any) -> None:
    first = get(LEVEL + how)
    assert first["Cache-Control"] == "private, no-cache"
    again = get(LEVEL + how, first["ETag"])
    assert (again.status_code, again["ETag"]) == (304, first["ETag"])


@pytest.mark.parametrize("how", ["", "&interval=raw", "&interval=raw&format=csv"])
@pytest.mark.parametrize("rolled_up", [False, True])
def test_late_data_in_the_range_is_sent(how: str, rolled_up: bool, get: Any, metric: Metric) -> None:
    recompute()
    tag = get(LEVEL + how)["ETag"]
    write_readings([(metric.pk, NOON + timedelta(minutes=1), 2.0, None)])
    if rolled_up:
        recompute()
    assert get(LEVEL + how, tag).status_code == 200


def test_a_late_text_is_sent(get: Any, metric: Metric) -> None:
    mode = MetricFactory.create(device=metric.device, key="mode", value_type="text")
    tag = get(LEVEL.replace("level", "mode"))["ETag"]
    write_readings([(mode.pk, NOON - HOUR, None, "eco")])
    assert get(LEVEL.replace("level", "mode"), tag).status_code == 200


@pytest.mark.parametrize("how", ["&interval=1m&agg=delta", "&interval=1m&agg=rate"])
def test_a_late_reading_before_the_range_changes_the_first_increase(how: str, get: Any, metric: Metric) -> None:
    Metric.objects.update(kind=MetricKind.TOTAL_INCREASING)
    tag = get(LEVEL + how)["ETag"]
    write_readings([(metric.pk, NOON - timedelta(days=10), 0.5, None)])
    assert get(LEVEL + how, tag).status_code == 200


@pytest.mark.parametrize("change", [{"label": "Pegel"}, {"unit": "m"}])
def test_a_new_name_is_sent(change: dict[str, str], get: Any, metric: Metric) -> None:
    tag = get(LEVEL)["ETag"]
    Metric.objects.update(**change)
    assert get(LEVEL, tag).status_code == 200


def test_what_readings_no_longer_say_is_sent(get: Any, metric: Metric) -> None:
    recompute()
    tag = get(LEVEL)["ETag"]
    Reading.objects.all().delete()
    assert get(LEVEL, tag).status_code == 200


def test_another_form_has_another_tag(get: Any) -> None:
    assert get(LEVEL)["ETag"] != get(f"{LEVEL}&format=csv")["ETag"]


@pytest.mark.parametrize("query", ["metrics=level&range=1h", LEVEL])
def test_a_range_that_is_not_over_has_no_tag(query: str, get: Any) -> None:
    with travel(NOON + HOUR / 2, tick=False):
        assert "ETag" not in get(query)


def test_who_may_not_see_the_device_learns_nothing_of_it(api: ApiClient, charlie: User, get: Any) -> None:
    tag = get(LEVEL)["ETag"]
    answer = api(charlie).get(f"/api/v1/devices/boiler/history/?{LEVEL}", headers={"If-None-Match": tag})
    assert answer.status_code == 404
