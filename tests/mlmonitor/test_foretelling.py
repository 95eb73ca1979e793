"""Forecasts of devices: from their rollups to what people see, and services that begin anew."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from devices.models import AuditEntry, Device, Project
from iotsphere.models import User
from mlmonitor.foretelling import heater
from mlmonitor.foretelling.foretell import foretell, foretell_due
from mlmonitor.foretelling.service import record_service, snooze
from mlmonitor.foretelling.unusual import unusual
from mlmonitor.models import Forecast, GroundTruth, HealthIndicator, Measure, MonitoredModel, Prediction
from telemetry.models import DailyRollup, HourlyRollup
from tests.factories import DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import ApiClient, PageClient

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def sensor(acme: Project) -> Device:
    of_type = DeviceTypeFactory.create(slug="sensor")
    device: Device = DeviceFactory.create(project=acme, device_id="attic", device_type=of_type, last_message=NOW)
    HealthIndicator.objects.create(
        device_type=of_type, key="battery", label="Battery", unit="V", precision=2, measure=Measure.MEAN,
        metric_key="battery", threshold=3.3, falls=True, action="Change the cell.",
    )  # fmt: skip
    return device


def roll(device: Device, values: list[float], key: str = "battery", end: datetime = NOW, hourly: bool = False) -> None:
    """One bucket after the other, the last of them the one that `end` is in."""
    metric, _ = device.metrics.get_or_create(key=key, defaults={"label": key})
    store: Any = HourlyRollup if hourly else DailyRollup
    width = HOUR if hourly else DAY
    last = end.replace(hour=end.hour if hourly else 0, minute=0)
    store.objects.bulk_create(
        store(
            metric=metric, start=last - width * (len(values) - 1 - place),
            count=2, sum=2 * value, min=value, max=value, first=value, last=value, increase=0,
        )
        for place, value in enumerate(values)
    )  # fmt: skip


def falling(days: int, start: float = 4.1, a_day: float = 0.01) -> list[float]:
    return [start - a_day * day + 0.002 * (-1) ** day for day in range(days)]


def forecast(device: Device, now: datetime = NOW) -> Forecast:
    return foretell([device], now)[0]


def test_a_falling_battery_has_a_day_with_an_interval(sensor: Device) -> None:
    roll(sensor, falling(60))  # 3.51 V now, 0.01 V a day
    found = forecast(sensor)
    assert (found.state, found.urgency) == ("ok", "month")
    assert found.median is not None
    assert found.early is not None
    assert abs((found.median - NOW) / DAY - 21) < 3
    assert found.early < found.median < (found.late or found.median + DAY)


@pytest.mark.parametrize(
    ("values", "end", "state"),
    [
        ([], NOW, "insufficient"),
        (falling(7), NOW, "insufficient"),
        (falling(30), NOW - 3 * DAY, "stale"),
        (falling(30, start=3.5), NOW, "passed"),
        ([4.0 + 0.01 * (-1) ** day for day in range(30)], NOW, "none"),
    ],
)
def test_what_cannot_be_foretold_is_said(sensor: Device, values: list[float], end: datetime, state: str) -> None:
    roll(sensor, values, end=end)
    found = forecast(sensor)
    assert found.state == state
    assert (found.early, found.median, found.late) == (None, None, None)
    assert found.urgency == ("now" if state == "passed" else "")


def test_one_bad_day_is_no_fault(sensor: Device) -> None:
    roll(sensor, [*[4.0] * 29, 3.0])
    assert forecast(sensor).state == "none"


def test_disks_are_looked_at_by_the_hour(sensor: Device) -> None:
    HealthIndicator.objects.update(measure=Measure.HOURLY, metric_key="disk", threshold=98, falls=False)
    roll(sensor, [70 + 0.5 * hour for hour in range(48)], key="disk", hourly=True)
    found = forecast(sensor)
    assert (found.state, found.urgency) == ("ok", "now")
    assert found.median is not None
    assert abs((found.median - NOW) / HOUR - 9) < 3


def test_after_a_service_only_what_came_since_counts(sensor: Device, oscar: User) -> None:
    roll(sensor, [*falling(40), *[4.1] * 5])
    record_service(sensor, HealthIndicator.objects.get(), oscar, done_at=NOW - 5 * DAY, now=NOW)
    assert forecast(sensor).state == "insufficient"
    assert AuditEntry.objects.filter(action="service.recorded", actor_name="oscar").exists()


def test_a_forecast_is_a_prediction_once_a_day_and_a_service_its_truth(sensor: Device, oscar: User) -> None:
    roll(sensor, falling(60))
    for later in (timedelta(), HOUR):
        forecast(sensor, NOW + later)
    prediction = Prediction.objects.get()
    assert prediction.device == sensor
    assert prediction.value == pytest.approx(21, abs=3)
    record_service(sensor, HealthIndicator.objects.get(), oscar, done_at=NOW + 10 * DAY, now=NOW + 10 * DAY)
    assert GroundTruth.objects.get().value == pytest.approx(10)
    assert MonitoredModel.objects.get().task == "forecast"


def test_only_what_is_due_is_made_anew(sensor: Device) -> None:
    roll(sensor, falling(60))
    assert foretell_due(NOW) == 1
    assert foretell_due(NOW + timedelta(minutes=30)) == 0
    assert foretell_due(NOW + HOUR) == 1


def test_too_little_data_is_looked_at_again_before_an_hour_is_over(sensor: Device) -> None:
    roll(sensor, falling(2))
    assert foretell_due(NOW) == 1
    roll(sensor, falling(60), end=NOW - 2 * DAY)
    assert foretell_due(NOW + timedelta(minutes=2)) == 0
    assert foretell_due(NOW + timedelta(minutes=10)) == 1


def test_what_is_put_off_does_not_ask_until_then(sensor: Device, oscar: User) -> None:
    roll(sensor, falling(60))
    found = forecast(sensor)
    snooze(found, NOW + 7 * DAY, oscar)
    forecast(sensor)  # being made anew changes nothing about that
    assert not Forecast.objects.get().asks(NOW)
    assert Forecast.objects.get().asks(NOW + 8 * DAY)


def test_the_last_hour_is_compared_with_the_same_hour(sensor: Device) -> None:
    def usual(hour: datetime) -> float:
        return 20.0 if hour.hour == NOW.hour else 10.0

    hours = [NOW - HOUR * place for place in range(15 * 24, -1, -1)]
    roll(sensor, [*(usual(hour) + 0.1 * (hour.day % 3) for hour in hours[:-1]), 10.0], key="flow", hourly=True)
    [found] = unusual(sensor, NOW)
    assert (found.metric.key, found.is_anomalous, round(found.usual)) == ("flow", True, 20)
    assert unusual(sensor, NOW + DAY) == []


def test_the_days_of_a_heater_tell_of_its_health() -> None:
    places = np.arange(288)
    heats = (places % 48) < 12  # an hour in four
    temperature = 50 + np.concatenate([[0], np.cumsum(np.where(heats, 1.0, -1 / 3))])[:-1]
    figures = heater.by_day(
        heater.FiveMinutes(
            times=NOW.replace(hour=0).timestamp() + 300 * places.astype(np.float64),
            temperature=temperature,
            target=np.full(288, 60.0),
            flow=np.where((places > 100) & ~heats, 2.0, 0.0),
            energy=np.where(heats, 0.2, 0.0),
        ),
        UTC,
    )
    values = {measure: round(of_days[0][1], 2) for measure, of_days in figures.items() if of_days}
    assert values[Measure.CYCLES] == 5
    assert values[Measure.HEATING_RATE] == 12
    assert values[Measure.EFFICIENCY] == 5
    assert values[Measure.NIGHT_FLOW] == 0


def test_a_day_that_is_not_complete_tells_nothing() -> None:
    half = np.where(np.arange(288) < 144, 50.0, np.nan)
    figures = heater.by_day(heater.FiveMinutes(300 * np.arange(288, dtype=np.float64), half, half, half, half), UTC)
    assert not any(figures.values())


@pytest.fixture
def due(sensor: Device) -> Device:
    """Its battery will be empty in three weeks from today on."""
    roll(sensor, falling(60), end=timezone.now())
    foretell([sensor], timezone.now())
    return sensor


def test_the_tab_says_what_to_do_and_why(due: Device, pages: PageClient, vera: User) -> None:
    page = pages(vera).get("/devices/attic/predictions/").content.decode()
    assert "Change the cell." in page
    assert "Within 30 days" in page
    assert "with 80 % between" in page
    assert "Record service" not in page


def test_a_type_without_indicators_has_no_such_tab(acme: Project, pages: PageClient, vera: User) -> None:
    DeviceFactory.create(project=acme, device_id="plain")
    assert "Predictions" not in pages(vera).get("/devices/plain/").content.decode()
    assert pages(vera).get("/devices/plain/predictions/").status_code == 404


def test_an_operator_records_a_service_and_puts_off(due: Device, pages: PageClient, oscar: User) -> None:
    client = pages(oscar)
    client.post("/devices/attic/predictions/battery/snooze/", {"days": "7"})
    assert Forecast.objects.get().snoozed_by == oscar
    said = client.post("/devices/attic/services/", {"indicator": "battery", "note": "<b>AA"}, follow=True)
    assert "&lt;b&gt;AA" in said.content.decode()
    assert (due.service_records.get().by, Forecast.objects.get().state) == (oscar, "insufficient")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"done_at": "soon"}, "as a date and a time"),
        ({"done_at": "2999-01-01T00:00"}, "still to come"),
        ({"note": "x" * 301}, "at most 300 characters"),
    ],
)
def test_a_service_that_cannot_be_is_refused(
    due: Device, pages: PageClient, oscar: User, sent: dict[str, Any], words: str
) -> None:
    answer = pages(oscar).post("/devices/attic/services/", {"indicator": "battery", **sent}, follow=True)
    assert words in answer.content.decode()
    assert not due.service_records.exists()


def test_a_viewer_records_nothing(due: Device, pages: PageClient, vera: User) -> None:
    assert pages(vera).post("/devices/attic/services/", {}).status_code == 403
    assert pages(vera).post("/devices/attic/predictions/battery/snooze/", {"days": "7"}).status_code == 403


def test_rest_says_the_same(due: Device, api: ApiClient, oscar: User) -> None:
    client = api(oscar)
    [row] = client.get("/api/v1/forecasts/?device=attic&urgency=month").json()["results"]
    assert (row["indicator"], row["state"], row["action"]) == ("battery", "ok", "Change the cell.")
    until = (timezone.now() + DAY).isoformat()
    assert client.post(f"/api/v1/forecasts/{row['id']}/snooze/", {"until": until}).json()["snoozed_until"]
    made = client.post("/api/v1/service-records/", {"device": "attic", "indicator": "battery", "note": "AA"})
    assert (made.status_code, made.json()["by"]) == (201, "oscar")
    assert client.get("/api/v1/forecasts/?device=attic").json()["results"][0]["state"] == "insufficient"


def test_rest_refuses_what_cannot_be(due: Device, api: ApiClient, oscar: User) -> None:
    client, forecast = api(oscar), Forecast.objects.get()
    for address, body, field in (
        ("service-records/", {"device": "attic", "indicator": "wings"}, "indicator"),
        ("service-records/", {"device": "elsewhere"}, "device"),
        ("service-records/", {"device": "attic", "done_at": "2999-01-01T00:00Z"}, "done_at"),
        (f"forecasts/{forecast.pk}/snooze/", {"until": "2001-01-01T00:00Z"}, "until"),
    ):
        answer = client.post(f"/api/v1/{address}", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), address


def test_rest_says_what_is_unusual(sensor: Device, api: ApiClient, vera: User) -> None:
    now = timezone.now()
    roll(sensor, [10.0] * (15 * 24) + [20.0], key="flow", end=now, hourly=True)
    [row] = api(vera).get("/api/v1/devices/attic/anomalies/").json()
    assert (row["metric"], row["is_anomalous"], row["value"], row["usual"]) == ("flow", True, 20.0, 10.0)
