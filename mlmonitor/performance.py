"""Hours' performance, made from their rows; and that of any range, by adding up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import add
from typing import Any

from django.db import transaction

from mlmonitor.ingest import HOUR, hour_of
from mlmonitor.models import GroundTruth, ModelVersion, MonitoredModel, PerformanceBucket, Prediction
from mlmonitor.statistics.outcomes import Outcomes, Row

AT_ONCE = 48


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


def outcomes_between(version: ModelVersion, start: datetime, end: datetime) -> Outcomes:
    """Of all segments together."""
    return added(version.performance.filter(hour__gte=start, hour__lt=end).values_list("outcomes", flat=True))


def added(said: Iterable[dict[str, Any]]) -> Outcomes:
    return reduce(add, (Outcomes.from_json(one) for one in said), Outcomes())


def paired_rows(predictions: Any, model: MonitoredModel) -> list[tuple[datetime, str, Row]]:
    """Predictions (a queryset), in their order, with time and segment, each beside its outcome."""
    rows = list(predictions.order_by("time", "pk").values_list("key", "time", "segment", "label", "value", "score"))
    truths = {
        key: label if model.classifies else value
        for key, label, value in GroundTruth.objects.filter(
            model=model, key__in=predictions.order_by().values("key")
        ).values_list("key", "label", "value")
    }
    return [
        (time, segment, Row(label if model.classifies else value, truths.get(key), score))
        for key, time, segment, label, value, score in rows
    ]


def _remake(version: ModelVersion, buckets: Sequence[PerformanceBucket]) -> None:
    first, last = buckets[0].hour, buckets[-1].hour
    predictions = Prediction.objects.filter(version=version, time__gte=first, time__lt=last + HOUR)
    rows: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for time, segment, row in paired_rows(predictions, version.model):
        rows[hour_of(time), segment].append(row)
    for bucket in buckets:
        outcomes = Outcomes.of(rows[hour_of(bucket.hour), bucket.segment], positive=version.model.positive_label)
        bucket.outcomes, bucket.is_dirty = outcomes.as_json(), False
        bucket.predicted, bucket.labelled = outcomes.predicted, outcomes.labelled
