"""Two versions on the same window, and on the rows that both predicted."""

from dataclasses import dataclass

from mlmonitor.history import Range, performance_of
from mlmonitor.judging import label
from mlmonitor.models import GroundTruth, ModelVersion, Prediction
from mlmonitor.statistics.comparison import mcnemar

MOST_PAIRS = 50_000
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows`: metric, of the first, of the other. `pairs` were predicted by both for the same device and time."""

    other: ModelVersion
    rows: list[tuple[str, float | None, float | None]]
    pairs: int
    only_first: int
    only_other: int
    p: float

    @property
    def is_distinct(self) -> bool:
        return self.pairs > 0 and self.p < SIGNIFICANT


def compare(version: ModelVersion, other: ModelVersion, over: Range) -> Comparison:
    """Paired by device and time, since a prediction's key is of one version; by McNemar's test."""
    first, second = performance_of(version, over), performance_of(other, over)
    metrics = [metric for metric in first.metrics if metric in second.metrics]
    rows = [
        (label(metric), first.figure(first.total, metric), second.figure(second.total, metric)) for metric in metrics
    ]
    only_first = only_other = pairs = 0
    if version.model.classifies:
        ours, theirs = _hits(version, over), _hits(other, over)
        for place in ours.keys() & theirs.keys():
            pairs += 1
            only_first += ours[place] and not theirs[place]
            only_other += theirs[place] and not ours[place]
    return Comparison(other, rows, pairs, only_first, only_other, mcnemar(only_first, only_other))


def _hits(version: ModelVersion, over: Range) -> dict[tuple[int | None, str, str], bool]:
    predictions = Prediction.objects.filter(version=version, time__gte=over.start, time__lt=over.end).order_by("-time")
    rows = list(predictions.values_list("key", "device_id", "time", "segment", "label")[:MOST_PAIRS])
    keys = predictions.order_by().values("key")
    truths = dict(GroundTruth.objects.filter(model=version.model, key__in=keys).values_list("key", "label"))
    return {
        (device, time.isoformat(), segment): truths[key] == label
        for key, device, time, segment, label in rows
        if key in truths
    }
