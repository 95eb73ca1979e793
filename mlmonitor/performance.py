"""An hour's performance, made from its rows; and that of any range, by adding up."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any

from django.db import transaction

from mlmonitor.ingest import HOUR
from mlmonitor.models import GroundTruth, ModelVersion, MonitoredModel, PerformanceBucket, Prediction
from mlmonitor.statistics.outcomes import Outcomes, Row

AT_ONCE = 200


def remake(limit: int = AT_ONCE, **of: Any) -> int:
    """Make dirty buckets anew, each in a transaction; how many there were."""
    dirty = PerformanceBucket.objects.filter(is_dirty=True, **of).order_by("hour", "pk")
    done = 0
    for pk in list(dirty.values_list("pk", flat=True)[:limit]):
        done += _remake(pk)
    return done


def remake_all(**of: Any) -> int:
    done = 0
    while more := remake(**of):
        done += more
    return done


def outcomes_between(version: ModelVersion, start: datetime, end: datetime, segment: str | None = None) -> Outcomes:
    buckets = version.performance.filter(hour__gte=start, hour__lt=end)
    if segment is not None:
        buckets = buckets.filter(segment=segment)
    return added(buckets.values_list("outcomes", flat=True))


def added(said: Iterable[dict[str, Any]]) -> Outcomes:
    return reduce(add, (Outcomes.from_json(one) for one in said), Outcomes())


def paired_rows(predictions: Any, model: MonitoredModel) -> list[Row]:
    """Predictions (a queryset) beside their outcomes."""
    rows = list(predictions.order_by("time", "pk").values_list("key", "label", "value", "score"))
    truths = {
        key: label if model.classifies else value
        for key, label, value in GroundTruth.objects.filter(
            model=model, key__in=predictions.order_by().values("key")
        ).values_list("key", "label", "value")
    }
    return [Row(label if model.classifies else value, truths.get(key), score) for key, label, value, score in rows]


def _remake(pk: int) -> bool:
    with transaction.atomic():
        # Whoever adds rows of the hour meanwhile waits at its mark, and sets it again.
        bucket = PerformanceBucket.objects.select_for_update().filter(pk=pk, is_dirty=True).first()
        if bucket is None:
            return False
        version = ModelVersion.objects.select_related("model").get(pk=bucket.version_id)
        predictions = Prediction.objects.filter(
            version=version, time__gte=bucket.hour, time__lt=bucket.hour + HOUR, segment=bucket.segment
        )
        outcomes = Outcomes.of(paired_rows(predictions, version.model), positive=version.model.positive_label)
        bucket.outcomes, bucket.is_dirty = outcomes.as_json(), False
        bucket.predicted, bucket.labelled = outcomes.predicted, outcomes.labelled
        bucket.save()
        return True
