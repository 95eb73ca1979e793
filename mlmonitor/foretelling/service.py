"""What people do about forecasts: put them off, and record that the work was done."""

from datetime import datetime, timedelta

from django.db import transaction

from devices.audit import record
from devices.models import Device
from devices.permissions import AnyUser
from mlmonitor.foretelling.foretell import foretell, model_key
from mlmonitor.models import Forecast, HealthIndicator, MonitoredModel, Prediction, ServiceRecord
from mlmonitor.truth import take_truth

DAY = timedelta(days=1)


def snooze(forecast: Forecast, until: datetime | None, by: AnyUser) -> None:
    """Ask for nothing until then; None takes that back."""
    forecast.snoozed_until, forecast.snoozed_by_id = until, by.pk if until else None
    forecast.save(update_fields=["snoozed_until", "snoozed_by"])


def record_service(
    device: Device, indicator: HealthIndicator | None, by: AnyUser, *, done_at: datetime, now: datetime, note: str = ""
) -> ServiceRecord:
    """What the indicator looks at begins anew, and what had been forecast of it since the last time gets its truth."""
    with transaction.atomic():
        before = ServiceRecord.objects.filter(device=device, indicator=indicator, done_at__lt=done_at).first()
        service = ServiceRecord.objects.create(
            device=device, indicator=indicator, done_at=done_at, note=note, by_id=by.pk
        )
        if indicator is not None:
            _tell_truth(device, indicator, before.done_at if before else None, done_at, now)
            Forecast.objects.filter(device=device, indicator=indicator).update(snoozed_until=None, snoozed_by=None)
        record(by, "service.recorded", device, project=device.project, indicator=indicator and indicator.key)
    if indicator is not None:
        foretell([device], now)
    return service


def _tell_truth(
    device: Device, indicator: HealthIndicator, since: datetime | None, done_at: datetime, now: datetime
) -> None:
    model = MonitoredModel.objects.filter(key=model_key(device, indicator)).first()
    if model is None:
        return
    predictions = Prediction.objects.filter(model=model, device=device, time__lte=done_at)
    if since is not None:
        predictions = predictions.filter(time__gt=since)
    outcomes = [
        {"id": key, "actual": round((done_at - time) / DAY, 3)}
        for key, time in predictions.order_by("time").values_list("key", "time")
    ]
    if outcomes:
        take_truth(model, outcomes, now)
