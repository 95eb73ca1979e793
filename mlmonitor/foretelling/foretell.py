"""The verb: look at what wears and say when something will have to be done. By beat, and when a service was recorded.

Each forecast that names a time is also a prediction of the portal's own model of that indicator, once a day; a service
record is what really happened (mlmonitor.foretelling.service). So forecasts are monitored like any other model.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Max, Q

from devices.models import Device, Lifecycle
from mlmonitor.deployment import promote
from mlmonitor.foretelling.first_passage import LEAST_POINTS, Passage, first_passage
from mlmonitor.foretelling.indicators import Point, points_of
from mlmonitor.ingest import take_predictions
from mlmonitor.models import (
    Alias,
    Forecast,
    ForecastState,
    HealthIndicator,
    Measure,
    ModelVersion,
    MonitoredModel,
    ServiceRecord,
    Task,
    Urgency,
)

DAY = timedelta(days=1)
AN_HOUR = timedelta(minutes=59)  # less than thirty of the beat's two minutes
WITH_TOO_LITTLE = timedelta(minutes=9)
FARTHEST = 5 * 365 * DAY
"""What is expected later than this is not expected: nobody plans by it."""
STALE_AFTER = {True: timedelta(hours=6), False: 2 * DAY}  # by whether it is looked at by the hour
KEPT_POINTS = 120
WITHIN = ((DAY, Urgency.NOW), (7 * DAY, Urgency.WEEK), (30 * DAY, Urgency.MONTH), (365 * DAY, Urgency.PLAN))
VERSION = "wiener-1"


def foretell_due(now: datetime) -> int:
    """Of the devices that have not been looked at for an hour, with too little data for ten minutes, or never.

    How many forecasts were made.
    """
    fresh = Forecast.objects.filter(
        Q(made_at__gt=now - AN_HOUR) & ~Q(state=ForecastState.INSUFFICIENT) | Q(made_at__gt=now - WITH_TOO_LITTLE)
    )
    devices = Device.objects.filter(
        lifecycle=Lifecycle.ACTIVE, device_type__health_indicators__is_enabled=True, last_message__isnull=False
    ).exclude(pk__in=fresh.values("device"))
    return len(foretell(devices.select_related("project").distinct().order_by("pk"), now))


def foretell(devices: Iterable[Device], now: datetime) -> list[Forecast]:
    """Make the forecasts of these devices anew."""
    enabled: dict[int, list[HealthIndicator]] = defaultdict(list)
    for indicator in HealthIndicator.objects.filter(is_enabled=True):
        enabled[indicator.device_type_id].append(indicator)
    made = []
    for device in devices:
        if indicators := enabled.get(device.device_type_id or 0):
            made += _of_device(device, indicators, now)
    _log(made, now)
    return made


def _of_device(device: Device, indicators: Sequence[HealthIndicator], now: datetime) -> list[Forecast]:
    renewed = dict(
        ServiceRecord.objects.filter(device=device, indicator__in=indicators)
        .values_list("indicator")
        .annotate(newest=Max("done_at"))
        .order_by()
    )
    points = points_of(device, indicators, now)
    forecasts = []
    for indicator in indicators:
        since = renewed.get(indicator.pk)
        forecast = forecast_of(
            indicator, [point for point in points[indicator.pk] if since is None or point.time > since], now
        )
        forecast.device, forecast.indicator, forecast.made_at = device, indicator, now
        forecasts.append(forecast)
    Forecast.objects.bulk_create(
        forecasts, update_conflicts=True, unique_fields=["device", "indicator"], update_fields=MADE_ANEW
    )
    return forecasts


def forecast_of(indicator: HealthIndicator, points: Sequence[Point], now: datetime) -> Forecast:
    """What the points since the last service say, oldest first; not saved."""
    forecast = Forecast(state=ForecastState.INSUFFICIENT)
    if not points:
        return forecast
    forecast.value, forecast.data_until = _present(indicator, points), points[-1].time
    forecast.points = [[int(time.timestamp()), value] for time, value in points[-KEPT_POINTS:]]
    if points[-1].time < now - STALE_AFTER[indicator.measure == Measure.HOURLY]:
        forecast.state = ForecastState.STALE
    elif indicator.has_crossed(forecast.value):
        forecast.state, forecast.urgency = ForecastState.PASSED, Urgency.NOW
    elif len(points) >= LEAST_POINTS:
        _foresee(forecast, indicator, points, now)
    return forecast


def _present(indicator: HealthIndicator, points: Sequence[Point]) -> float:
    """One bad day does not make a fault: of figures of whole days, the median of the last three."""
    last = 1 if indicator.measure in {Measure.LAST, Measure.HOURLY} else 3
    return median(point.value for point in points[-last:])


def _foresee(forecast: Forecast, indicator: HealthIndicator, points: Sequence[Point], now: datetime) -> None:
    days = [(point.time - points[0].time) / DAY for point in points]
    passage = first_passage(days, [point.value for point in points], indicator.threshold)
    towards = passage is not None and (indicator.threshold < points[-1].value) == indicator.falls
    if passage is None or not towards or passage.median * DAY > FARTHEST:
        forecast.state = ForecastState.NONE
        return
    forecast.state, forecast.held = ForecastState.OK, passage.held
    forecast.early, forecast.median, forecast.late = _moments(passage, points[-1].time, now)
    forecast.urgency = next((urgency for within, urgency in WITHIN if forecast.early <= now + within), "")


def _moments(passage: Passage, begin: datetime, now: datetime) -> tuple[datetime, datetime, datetime | None]:
    late = None if passage.late is None or passage.late * DAY > 2 * FARTHEST else begin + passage.late * DAY
    return max(now, begin + passage.early * DAY), max(now, begin + passage.median * DAY), late


def _log(forecasts: Iterable[Forecast], now: datetime) -> None:
    rows: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    named: dict[tuple[int, int], Forecast] = {}
    for forecast in forecasts:
        if forecast.median is not None:
            place = forecast.device.project_id, forecast.indicator_id
            named[place] = forecast
            rows[place].append(
                {
                    "id": prediction_key(forecast.device, now),
                    "time": now.isoformat(),
                    "device": forecast.device.device_id,
                    "predicted": round((forecast.median - now) / DAY, 3),
                }
            )
    for place, said in rows.items():
        take_predictions(_model_of(named[place], now), said, now)


def prediction_key(device: Device, now: datetime) -> str:
    return f"{device.device_id}-{now:%Y-%m-%d}"


def model_key(device: Device, indicator: HealthIndicator) -> str:
    return f"p{device.project_id}-i{indicator.pk}-time-to-threshold"


def _model_of(forecast: Forecast, now: datetime) -> MonitoredModel:
    device, indicator = forecast.device, forecast.indicator
    model, is_new = MonitoredModel.objects.get_or_create(
        key=model_key(device, indicator),
        defaults={
            "name": f"{indicator.label}: days left",
            "description": f"The portal's own forecast of when {indicator.label.lower()} crosses its threshold.",
            "task": Task.FORECAST,
            "unit": "d",
            "project": device.project,
            "owner": "IoTSphere",
            "label_lag_hours": 24 * 365,
        },
    )
    if is_new:
        model.device_types.add(indicator.device_type_id)
    if not model.versions.filter(alias=Alias.CHAMPION).exists():
        version, _ = ModelVersion.objects.get_or_create(
            model=model, name=VERSION, defaults={"framework": "drifted Wiener process"}
        )
        promote(version, Alias.CHAMPION, None, now)
    return model


MADE_ANEW = ["state", "made_at", "data_until", "value", "early", "median", "late", "held", "urgency", "points"]
