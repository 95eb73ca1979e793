"""Two models of the demo, played over its telemetry: one that stays right, and one that does not after day 20.

*Heating soon* says whether the first water heater, whose household has no holiday and no fault in these days, will heat
within the quarter of an hour that follows. *Greenhouse forecast* says how much the sun will warm it in an hour; the
weather outside, which is another every week, is taken off. After day 20 its feed reads a sensor that was moved into the
sun.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from alerts.models import Alert, Notification
from devices.models import Device, DeviceType, Project
from iotsphere.demo.fleet import GREENHOUSE, ROOF
from mlmonitor.baselines import from_rows
from mlmonitor.checks import check
from mlmonitor.deployment import promote
from mlmonitor.ingest import hour_of, take_predictions
from mlmonitor.models import Feature, ModelVersion, MonitoredModel, MonitorThreshold, Task
from mlmonitor.truth import take_truth
from telemetry.models import Reading

INSIDE, OUTSIDE = "ESP32_SIM_01", "ESP32_SIM_02"
QUARTER = timedelta(minutes=15)
STEP = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEARNED = 10
"""Days that the models learned from: they predict what comes after them."""
CHANGES = 20
"""The day after which the greenhouse's feed is another."""
MOVED = 4.5
"""°C that a sensor in the sun reads too high."""
AT_ONCE = 5_000

Rows = list[dict[str, Any]]


def write_models(project: Project, now: datetime) -> int:
    """The models with all that they predicted in the demo's thirty days, checked day by day; how many predictions."""
    if MonitoredModel.objects.filter(project=project).exists():
        return 0
    start = hour_of(now) - 30 * DAY
    heating = _heating(project, start, now)
    greenhouse = _greenhouse(project, start, now)
    written = 0
    for version, rows in (heating, greenhouse):
        written += _play(version, rows, start, now)
    # What was raised in a past that never was is told to nobody.
    Notification.objects.filter(alert__in=Alert.objects.filter(project=project, device=None)).delete()
    return written


def forget_models(project: Project) -> None:
    MonitoredModel.objects.filter(project=project).delete()


def _heating(project: Project, start: datetime, now: datetime) -> tuple[ModelVersion, Rows]:
    model = MonitoredModel.objects.create(
        key="heating-soon",
        name="Heating soon",
        description="Whether a water heater will heat within the next quarter of an hour, so that loads can be moved.",
        task=Task.BINARY,
        positive_label="heats",
        project=project,
        owner="Energy team",
        tags=["energy", "load shifting"],
        label_lag_hours=1,
        window_days=7,  # people bathe on Saturdays
    )
    model.device_types.set(DeviceType.objects.filter(slug="water-heater"))
    # Few hours of a day decide, and no week is like another.
    MonitorThreshold.objects.create(model=model, metric="psi", medium=1.0, high=1.5, critical=2.5)
    for metric, medium in {"accuracy": 0.2, "precision": 0.5, "recall": 0.3, "f1": 0.35}.items():
        MonitorThreshold.objects.create(
            model=model, metric=metric, medium=medium, high=1.5 * medium, critical=2 * medium
        )
    features = {"temperature": ("°C", 1.0), "below_target": ("K", 3.0), "flow_rate": ("l/min", 2.0), "hour": ("h", 0.5)}
    version = _version(model, "1.2.0", "logistic regression", features, start)
    device = Device.objects.filter(project=project, device_type__slug="water-heater").order_by("pk").first()
    return version, _heating_rows(device, start, now) if device else []


def _heating_rows(device: Device, start: datetime, now: datetime) -> Rows:
    series = {key: _series(device, key, start, now) for key in ("temperature", "target_temperature", "flow_rate")}
    status = _texts(device, "status", start, now)
    times = [start + number * STEP for number in range(int((now - start) / STEP))]
    moments = np.array([time.timestamp() for time in times])
    if any(len(points[0]) < 2 for points in series.values()) or not status:
        return []
    temperature, target, flow = (np.interp(moments, *series[key]) for key in series)
    heats = _heated(status, times)
    below = target - temperature
    odds = _logistic(np.stack([below, flow], axis=1), heats, moments < (start + LEARNED * DAY).timestamp())
    return [
        {
            "id": f"{device.device_id}-{int(moment)}",
            "time": time.isoformat(),
            "device": device.device_id,
            "predicted": "heats" if p >= 0.5 else "rests",
            "score": round(float(p), 4),
            "actual": "heats" if came else "rests",
            "features": {
                "temperature": round(float(warm), 2),
                "below_target": round(float(gap), 2),
                "flow_rate": round(float(drawn), 2),
                "hour": time.hour + time.minute / 60,
            },
        }
        for time, moment, p, came, warm, gap, drawn in zip(
            times, moments, odds, heats, temperature, below, flow, strict=True
        )
    ]


def _greenhouse(project: Project, start: datetime, now: datetime) -> tuple[ModelVersion, Rows]:
    model = MonitoredModel.objects.create(
        key="greenhouse-forecast",
        name="Greenhouse forecast",
        description="How much the sun will warm the greenhouse in an hour, so that the vents open in time.",
        task=Task.FORECAST,
        unit="K",
        project=project,
        owner="Garden team",
        tags=["climate"],
        label_lag_hours=2,
    )
    model.device_types.set(DeviceType.objects.filter(slug="environment-sensor"))
    features = {"gain": ("K", 3.0), "change": ("K/h", 1.5), "hour": ("h", 0.5)}
    # Days differ by their clouds: what it is given as much as what it makes of it.
    MonitorThreshold.objects.create(model=model, metric="psi", medium=2.5, high=3.0, critical=4.0)
    for metric in ("mae", "rmse"):
        MonitorThreshold.objects.create(model=model, metric=metric, medium=1.0, high=2.0, critical=4.0)
    version = _version(model, "2.0.1", "ridge regression", features, start)
    sensors = Device.objects.filter(project=project)
    inside, outside = (sensors.filter(device_id=device_id).first() for device_id in (INSIDE, OUTSIDE))
    return version, _greenhouse_rows(inside, outside, start, now) if inside and outside else []


def _greenhouse_rows(inside: Device, outside: Device, start: datetime, now: datetime) -> Rows:
    warm, cool = (_series(device, "temperature", start, now) for device in (inside, outside))
    if len(warm[0]) < 2 or len(cool[0]) < 2:
        return []

    def gain(at: Any) -> Any:
        """K that it is warmer than glass alone makes it."""
        without_sun = GREENHOUSE.temperature + GREENHOUSE.openness * (np.interp(at, *cool) - ROOF.temperature)
        return np.interp(at, *warm) - without_sun

    times = [start + HOUR + number * STEP for number in range(int((now - start - 2 * HOUR) / STEP))]
    moments = np.array([time.timestamp() for time in times])
    outcome = gain(moments + 3600)
    moved = np.where(moments >= (start + CHANGES * DAY).timestamp(), MOVED, 0.0)
    read, before = gain(moments), gain(moments - 3600)
    hours = np.array([time.hour + time.minute / 60 for time in times])
    inputs = np.stack(
        [np.ones_like(read), read, read - before, np.sin(hours * np.pi / 12), np.cos(hours * np.pi / 12)], axis=1
    )
    learned = moments < (start + LEARNED * DAY).timestamp()
    weights = np.linalg.lstsq(inputs[learned], outcome[learned], rcond=None)[0]
    fed = inputs.copy()
    fed[:, 1] += moved
    return [
        {
            "id": f"{inside.device_id}-{int(moment)}",
            "time": time.isoformat(),
            "device": inside.device_id,
            "predicted": round(float(said), 2),
            "actual": round(float(came), 2),
            "features": {
                "gain": round(float(row[1]), 2),
                "change": round(float(row[2]), 2),
                "hour": float(hour),
            },
        }
        for time, moment, said, came, row, hour in zip(times, moments, fed @ weights, outcome, fed, hours, strict=True)
    ]


def _version(
    model: MonitoredModel, name: str, framework: str, features: dict[str, tuple[str, float]], start: datetime
) -> ModelVersion:
    version = ModelVersion.objects.create(model=model, name=name, framework=framework)
    Feature.objects.bulk_create(
        Feature(version=version, key=key, unit=unit, importance=importance)
        for key, (unit, importance) in features.items()
    )
    promote(version, "champion", None, start + LEARNED * DAY)
    return version


def _play(version: ModelVersion, rows: Rows, start: datetime, now: datetime) -> int:
    """Learn from the first days, then live on: predictions, outcomes, and a check of each day."""
    learned_until = start + LEARNED * DAY
    learned = [row for row in rows if datetime.fromisoformat(row["time"]) < learned_until]
    lived = [row for row in rows if datetime.fromisoformat(row["time"]) >= learned_until]
    if not learned or not lived:
        return 0
    from_rows(version, learned, "training", None)
    for chunk in (lived[place : place + AT_ONCE] for place in range(0, len(lived), AT_ONCE)):
        take_predictions(version.model, chunk, now)
        take_truth(version.model, chunk, now)
    window = version.model.window
    for number in range(30 - LEARNED - window.days + 1):
        begin = learned_until + number * DAY
        version.refresh_from_db()
        check(version, begin, begin + window, min(begin + window, now))
    return len(lived)


def _series(device: Device, key: str, start: datetime, now: datetime) -> tuple[Sequence[float], Sequence[float]]:
    """Moments and values, as numpy interpolates between them."""
    readings = Reading.objects.filter(metric__device=device, metric__key=key, time__gte=start, time__lte=now)
    points = [
        (time.timestamp(), value)
        for time, value in readings.order_by("time").values_list("time", "value")
        if value is not None
    ]
    return [moment for moment, _ in points], [value for _, value in points]


def _texts(device: Device, key: str, start: datetime, now: datetime) -> list[tuple[datetime, str]]:
    readings = Reading.objects.filter(metric__device=device, metric__key=key, time__gte=start, time__lte=now)
    return [(time, text or "") for time, text in readings.order_by("time").values_list("time", "text")]


def _heated(status: list[tuple[datetime, str]], times: Sequence[datetime]) -> Any:
    """Whether it heated in the quarter of an hour after each of the times."""
    heating = np.array([time.timestamp() for time, text in status if text == "heating"])
    starts = np.array([time.timestamp() for time in times])
    return np.searchsorted(heating, starts + QUARTER.total_seconds()) > np.searchsorted(heating, starts)


def _logistic(inputs: Any, heats: Any, learned: Any) -> Any:
    """Probabilities by a logistic regression that knows the learned days alone; Newton's method, slightly bound."""
    mean, deviation = inputs[learned].mean(axis=0), inputs[learned].std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / deviation])
    x, y = scaled[learned], heats[learned].astype(float)
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (y - p) - 0.01 * weights
        bend = (x * (p * (1 - p))[:, None]).T @ x + 0.01 * np.eye(x.shape[1])
        weights += np.linalg.solve(bend, slope)
    return 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
