"""Models whose features are metrics: their profiles are made from what their devices send, hour by hour.

One row is one device in five minutes: of numbers their mean, of texts the last. An hour is made whole and anew, so that
doing it twice, or once more for readings that came late, makes no difference.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from devices.models import ValueType
from mlmonitor.ingest import HOUR, hour_of, take_turn
from mlmonitor.models import Alias, Baseline, ModelVersion, MonitoredModel, ProfileBucket
from mlmonitor.profiling import profile_of
from telemetry.models import FiveMinuteRollup, Metric, Reading
from telemetry.rollups import FIVE_MINUTES, floor

LATE = 3
"""Hours that are made once more, for what comes late."""


def read_closed_hours(now: datetime) -> int:
    """Make the last hours of all models that read telemetry; how many hours."""
    models = MonitoredModel.objects.active().filter(reads_telemetry=True).select_related("project")
    hours = [hour_of(now) - number * HOUR for number in range(1, LATE + 1)]
    done = 0
    for model in models:
        version = model.versions.filter(alias=Alias.CHAMPION).first()
        baseline = version.baselines.order_by("-pk").first() if version else None
        if baseline is not None:
            for hour in hours:
                read_hour(model, baseline, hour)
                done += 1
    return done


def read_hour(model: MonitoredModel, baseline: Baseline, hour: datetime) -> None:
    """Make the hour's profiles anew."""
    stored = baseline.profiles_of()
    columns = columns_between(model, list(stored), hour, hour + HOUR)
    with transaction.atomic():
        take_turn(model)
        ProfileBucket.objects.filter(baseline=baseline, hour=hour, segment="").delete()
        profiles = {name: profile_of(stored[name], values) for name, values in columns.items() if values}
        ProfileBucket.objects.bulk_create(
            ProfileBucket(baseline=baseline, hour=hour, feature=name, profile=profile.as_json())
            for name, profile in profiles.items()
        )


def rows_between(version: ModelVersion, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The same as rows, in the order of time: what a baseline is made of."""
    keys = list(version.features.values_list("key", flat=True))
    columns = columns_between(version.model, keys, start, end)
    count = max((len(values) for values in columns.values()), default=0)
    return [{"features": {key: columns[key][number] for key in keys}} for number in range(count)]


def columns_between(model: MonitoredModel, keys: Sequence[str], start: datetime, end: datetime) -> dict[str, list[Any]]:
    """What each metric came to in the five minutes of each of the model's devices; None where it was silent."""
    metrics = {
        pk: (device, key, value_type)
        for pk, device, key, value_type in Metric.objects.filter(
            device__project=model.project_id, device__device_type__in=model.device_types.all(), key__in=keys
        ).values_list("pk", "device_id", "key", "value_type")
    }
    cells: dict[tuple[datetime, int], dict[str, Any]] = defaultdict(dict)
    rollups = FiveMinuteRollup.objects.filter(metric__in=metrics, start__gte=start, start__lt=end)
    for pk, at, total, count in rollups.values_list("metric_id", "start", "sum", "count"):
        device, key, value_type = metrics[pk]
        cells[at.astimezone(UTC), device][key] = (
            bool(round(total / count)) if value_type == ValueType.BOOLEAN else total / count
        )
    texts = [pk for pk, (_, _, value_type) in metrics.items() if value_type == ValueType.TEXT]
    readings = Reading.objects.filter(metric__in=texts, time__gte=start, time__lt=end).order_by("time")
    for pk, time, text in readings.values_list("metric_id", "time", "text"):
        device, key, _ = metrics[pk]
        cells[floor(time, FIVE_MINUTES).astimezone(UTC), device][key] = text
    rows = [cells[place] for place in sorted(cells)]
    return {key: [row.get(key) for row in rows] for key in keys}
