"""The Predictions tab of a device: what is due when, what is unusual, and what was done about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from devices.models import Device
from devices.permissions import AnyUser, Permission, may
from mlmonitor.foretelling.service import record_service, snooze
from mlmonitor.foretelling.unusual import Unusualness, unusual
from mlmonitor.models import Forecast, ForecastState, HealthIndicator, ServiceRecord
from mlmonitor.models.foretelling import validate_has_come
from telemetry.values import value_in_words

DAY = timedelta(days=1)
SNOOZES = {"1": "a day", "7": "a week", "30": "a month"}
SERVICES_SHOWN = 10
WIDTH, HEIGHT, MARGIN = 300.0, 90.0, 6.0
AHEAD = 0.6
"""The part of a chart's width that the future takes at the most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The indicator's course as an SVG of 300 × 90: what was, the threshold, and the spread of what is to come."""

    line: str
    threshold: float
    now: float
    spread: str


@dataclass(frozen=True)
class Shown:
    forecast: Forecast
    now: datetime

    @property
    def indicator(self) -> HealthIndicator:
        return self.forecast.indicator

    @property
    def value(self) -> str:
        return value_in_words(self.forecast.value, self.indicator.precision)

    @property
    def threshold(self) -> str:
        return value_in_words(self.indicator.threshold, self.indicator.precision)

    @property
    def is_snoozed(self) -> bool:
        return self.forecast.is_snoozed(self.now)

    @property
    def is_due(self) -> bool:
        return self.forecast.asks(self.now)

    @property
    def sentence(self) -> str:
        """What is foretold, in words; a time never without its interval."""
        side = "below" if self.indicator.falls else "above"
        limit = f"{self.threshold} {self.indicator.unit}".strip()
        match self.forecast.state:
            case ForecastState.PASSED:
                return f"It is {side} {limit} now."
            case ForecastState.NONE:
                return f"No crossing of {limit} is expected: it shows no trend towards it."
            case ForecastState.STALE:
                return "Nothing came lately, so nothing is foretold."
            case ForecastState.INSUFFICIENT:
                return "Not enough data yet: it takes at least eight days since the last service (or hours, of disks)."
        late = f"{self._ahead(self.forecast.late)} from now" if self.forecast.late else "perhaps never"
        return (
            f"{side.capitalize()} {limit} in {self._ahead(self.forecast.median)}, "
            f"with 80 % between {self._ahead(self.forecast.early)} and {late}."
        )

    @property
    def confidence(self) -> str:
        held = self.forecast.held
        return (
            ""
            if held is None
            else f"{held:.0%} of earlier forecasts held; the interval is widened by what they missed."
        )

    def _ahead(self, moment: datetime | None) -> str:
        ahead = (moment or self.now) - self.now
        if ahead < 2 * DAY:
            return f"{max(0, round(ahead / timedelta(hours=1)))} hours"
        return f"{round(ahead / DAY)} days" if ahead < 100 * DAY else f"{round(ahead / DAY / 30.44)} months"

    @cached_property
    def picture(self) -> Picture | None:
        points = self.forecast.points
        if len(points) < 2:
            return None
        start, last = points[0][0], points[-1][0]
        until = self.forecast.late or self.forecast.median
        longest = (last - start) * AHEAD / (1 - AHEAD)
        ahead = 0.0 if until is None else min(longest, max(0.0, 1.05 * (until.timestamp() - last)))
        values = [value for _, value in points] + [self.indicator.threshold]
        low, high = min(values), max(values)
        room = (high - low) or 1.0

        def x(moment: float) -> float:
            return round((moment - start) / ((last - start + ahead) or 1) * WIDTH, 1)

        def y(value: float) -> float:
            return round(MARGIN + (high - value) / room * (HEIGHT - 2 * MARGIN), 1)

        spread = ""
        if self.forecast.early is not None and ahead:
            ends = (self.forecast.early.timestamp(), (self.forecast.late or self.forecast.early).timestamp())
            near, far = (x(end) if self.forecast.late or end is ends[0] else WIDTH for end in ends)
            level = y(self.indicator.threshold)
            spread = f"{x(last)},{y(points[-1][1])} {near},{level} {far},{level}"
        line = " ".join(f"{x(moment)},{y(value)}" for moment, value in points)
        return Picture(line, y(self.indicator.threshold), x(last), spread)


class DevicePredictions:
    def __init__(self, user: AnyUser, device: Device, now: datetime) -> None:
        self.device = device
        self.now = now
        self.may_service = may(user, Permission.SERVICE_DEVICES, device.project)

    @cached_property
    def indicators(self) -> list[HealthIndicator]:
        return list(HealthIndicator.objects.filter(device_type=self.device.device_type_id, is_enabled=True))

    @cached_property
    def forecasts(self) -> list[Shown]:
        made = Forecast.objects.filter(device=self.device, indicator__is_enabled=True).select_related(
            "indicator", "snoozed_by"
        )
        return [Shown(forecast, self.now) for forecast in made]

    @cached_property
    def due(self) -> list[Shown]:
        """What asks for something to be done, the most urgent first."""
        asking = [shown for shown in self.forecasts if shown.is_due]
        return sorted(asking, key=lambda shown: shown.forecast.early or shown.now)

    @property
    def put_off(self) -> list[Shown]:
        return [shown for shown in self.forecasts if shown.forecast.urgency and shown.is_snoozed]

    @property
    def made_at(self) -> datetime | None:
        return max((shown.forecast.made_at for shown in self.forecasts), default=None)

    @cached_property
    def unusual(self) -> list[Unusualness]:
        return unusual(self.device, self.now)

    @cached_property
    def services(self) -> list[ServiceRecord]:
        return list(ServiceRecord.objects.filter(device=self.device).select_related("indicator", "by")[:SERVICES_SHOWN])

    @property
    def snoozes(self) -> dict[str, str]:
        return SNOOZES


def foretells(device: Device) -> bool:
    """Whether there is anything to foretell about devices of its type."""
    return HealthIndicator.objects.filter(device_type=device.device_type_id, is_enabled=True).exists()


class ServiceForm(forms.Form):
    indicator = forms.SlugField(required=False)
    done_at = forms.DateTimeField(
        required=False,
        validators=[validate_has_come],
        error_messages={"invalid": "Give the time of the service as a date and a time."},
    )
    note = forms.CharField(max_length=300, required=False)

    def clean_done_at(self) -> datetime:
        return self.cleaned_data["done_at"] or timezone.now()


@require_POST
@login_required
def add_service(request: HttpRequest, device_id: str) -> HttpResponse:
    device = _serviced(request, device_id)
    with timezone.override(getattr(request.user, "time_zone", None) or device.project.time_zone):
        form = ServiceForm(request.POST)
        valid = form.is_valid()
    if not valid:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("device-tab", device_id, "predictions")
    indicators = HealthIndicator.objects.filter(device_type=device.device_type_id)
    key = form.cleaned_data["indicator"]
    indicator = get_object_or_404(indicators, key=key) if key else None
    record_service(
        device,
        indicator,
        request.user,
        done_at=form.cleaned_data["done_at"],
        now=timezone.now(),
        note=form.cleaned_data["note"],
    )
    messages.info(request, "Recorded. What wears begins anew with it." if indicator else "Recorded.")
    return redirect("device-tab", device_id, "predictions")


@require_POST
@login_required
def snooze_forecast(request: HttpRequest, device_id: str, key: str) -> HttpResponse:
    device = _serviced(request, device_id)
    forecast = get_object_or_404(Forecast, device=device, indicator__key=key)
    days = request.POST.get("days", "")
    if days not in {"", *SNOOZES}:
        messages.error(request, "It can be put off for a day, a week or a month.")
    else:
        snooze(forecast, timezone.now() + int(days) * DAY if days else None, request.user)
        messages.info(request, f"Put off for {SNOOZES[days]}." if days else "It asks again.")
    return redirect("device-tab", device_id, "predictions")


def _serviced(request: HttpRequest, device_id: str) -> Device:
    devices = Device.objects.visible_to(request.user).select_related("project", "device_type")
    device: Device = get_object_or_404(devices, device_id=device_id)
    if not may(request.user, Permission.SERVICE_DEVICES, device.project):
        raise PermissionDenied(f"You may not {Permission.SERVICE_DEVICES.label} in {device.project}.")
    return device
