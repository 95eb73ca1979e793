"""Hours' performance, made from their rows; and that of any range, by adding up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import add
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Sum

from mlmonitor.ingest import HOUR, hour_of
from mlmonitor.models import GroundTruth, ModelVersion, MonitoredModel, PerformanceBucket, Prediction
from mlmonitor.statistics.outcomes import Outcomes, Row

AT_ONCE = 48
MOST_SEGMENTS = 20
"""Looked at for themselves: each takes as long as the whole."""


def remake(limit: int = AT_ONCE, **of: Any) -> int:
    """Make dirty buckets anew in one transaction; how many there were.

    Whoever adds rows of such an hour meanwhile waits at its mark, and sets it again.
    """
    with transaction.atomic():
        dirty = PerformanceBucket.objects.select_for_update().filter(is_dirty=True, **of)
        buckets = list(dirty.order_by("version", "hour", "segment")[:limit])
        for version, of_version in groupby(buckets, key=lambda bucket: bucket.version_id):
            _remake(ModelVersion.objects.select_related("model").get(pk=version), list(of_version))
        PerformanceBucket.objects.bulk_update(buckets, ["predicted", "labelled", "outcomes", "is_dirty"])
    return len(buckets)


def remake_all(**of: Any) -> int:
    done = 0
    while more := remake(**of):
        done += more
    return done


class Paired(NamedTuple):
    """A prediction beside its outcome."""

    time: datetime
    segment: str
    row: Row
    features: dict[str, Any] | None


def buckets_between(version: ModelVersion, start: datetime, end: datetime, segment: str = "") -> Any:
    """Without a segment those of all."""
    buckets = version.performance.filter(hour__gte=start, hour__lt=end)
    return buckets.filter(segment=segment) if segment else buckets


def outcomes_between(version: ModelVersion, start: datetime, end: datetime, segment: str = "") -> Outcomes:
    return added(buckets_between(version, start, end, segment).values_list("outcomes", flat=True))


def segments_between(version: ModelVersion, start: datetime, end: datetime) -> list[str]:
    """Those with the most predictions, as many as are looked at for themselves, the largest first."""
    counted = buckets_between(version, start, end).exclude(segment="").order_by().values("segment")
    largest = counted.annotate(rows=Sum("predicted")).order_by("-rows", "segment")
    return list(largest.values_list("segment", flat=True)[:MOST_SEGMENTS])


def added(said: Iterable[dict[str, Any]]) -> Outcomes:
    return reduce(add, (Outcomes.from_json(one) for one in said), Outcomes())


def paired_rows(predictions: Any, model: MonitoredModel, *, with_features: bool = False) -> list[Paired]:
    """Predictions (a queryset), in their order; their features only if they are asked for."""
    fields = ("key", "time", "segment", "label", "value", "score", *(["features"] if with_features else []))
    rows = list(predictions.order_by("time", "pk").values_list(*fields))
    truths = {
        key: label if model.classifies else value
        for key, label, value in GroundTruth.objects.filter(
            model=model, key__in=predictions.order_by().values("key")
        ).values_list("key", "label", "value")
    }
    return [
        Paired(time, segment, Row(label if model.classifies else value, truths.get(key), score), *features or (None,))
        for key, time, segment, label, value, score, *features in rows
    ]


def _remake(version: ModelVersion, buckets: Sequence[PerformanceBucket]) -> None:
    first, last = buckets[0].hour, buckets[-1].hour
    predictions = Prediction.objects.filter(version=version, time__gte=first, time__lt=last + HOUR)
    rows: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for pair in paired_rows(predictions, version.model):
        rows[hour_of(pair.time), pair.segment].append(pair.row)
    for bucket in buckets:
        outcomes = Outcomes.of(rows[hour_of(bucket.hour), bucket.segment], positive=version.model.positive_label)
        bucket.outcomes, bucket.is_dirty = outcomes.as_json(), False
        bucket.predicted, bucket.labelled = outcomes.predicted, outcomes.labelled
