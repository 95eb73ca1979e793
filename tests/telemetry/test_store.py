from datetime import UTC, datetime, timedelta, timezone

import pytest

from telemetry.models import Metric, Reading
from telemetry.store import CHUNK, Row, store, write_readings
from tests.factories import NOON, MetricFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def metric() -> Metric:
    return MetricFactory.create()


def number(metric: Metric, time: datetime, value: float = 1.0) -> Row:
    return Row(metric.pk, time, value, None)


def test_a_reading_comes_out_as_it_went_in(metric: Metric) -> None:
    time = datetime(2025, 12, 19, 12, 21, 20, 123456, tzinfo=UTC)
    store([number(metric, time, 0.1)])
    assert Reading.objects.values_list("metric_id", "time", "value", "text").get() == (metric.pk, time, 0.1, None)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-308, 1.7976931348623157e308, 2.0**64])
def test_a_number_keeps_every_bit(metric: Metric, value: float) -> None:
    store([number(metric, NOON, value)])
    assert Reading.objects.get().value == value


@pytest.mark.parametrize("text", ["", "heating", "ünï 😀", "'; drop table", "\\N", "a\tb\nc"])
def test_a_text_is_kept_as_it_is(metric: Metric, text: str) -> None:
    store([Row(metric.pk, NOON, None, text)])
    assert Reading.objects.values_list("value", "text").get() == (None, text)


def test_times_of_all_zones_are_the_same_time(metric: Metric) -> None:
    vienna = timezone(timedelta(hours=1))
    store([number(metric, NOON.astimezone(vienna))])
    assert Reading.objects.filter(time=NOON).exists()


def test_a_time_is_found_by_django_as_it_was_stored(metric: Metric) -> None:
    store([number(metric, NOON), number(metric, NOON + timedelta(microseconds=1))])
    assert Reading.objects.filter(time__gt=NOON, time__lte=NOON + timedelta(seconds=1)).count() == 1


def test_the_positions_of_what_was_stored_already_are_told(metric: Metric) -> None:
    store([number(metric, NOON)])
    rows = [number(metric, NOON + MINUTE), number(metric, NOON), number(metric, NOON - MINUTE)]
    assert store(rows) == [1]


def test_what_was_stored_first_stays(metric: Metric) -> None:
    store([number(metric, NOON, 1.0)])
    store([number(metric, NOON, 2.0)])
    assert Reading.objects.get().value == 1.0


def test_metrics_have_times_of_their_own(metric: Metric) -> None:
    other = MetricFactory.create()
    assert store([number(metric, NOON), number(other, NOON)]) == []


def test_several_batches_fit_into_one_transaction(metric: Metric) -> None:
    assert store([number(metric, NOON)]) == []
    assert store([number(metric, NOON + MINUTE)]) == []
    assert Reading.objects.count() == 2


def test_bulk_writing_counts_what_is_new(metric: Metric) -> None:
    store([number(metric, NOON)])
    times = [NOON + n * MINUTE for n in range(3)]
    assert write_readings((metric.pk, time, 1.0, None) for time in [*times, NOON + MINUTE]) == 2


def test_bulk_writing_goes_beyond_one_chunk(metric: Metric) -> None:
    rows = ((metric.pk, NOON + timedelta(seconds=n), float(n), None) for n in range(CHUNK + 1))
    assert write_readings(rows) == CHUNK + 1
    assert Reading.objects.count() == CHUNK + 1
