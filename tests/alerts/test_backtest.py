"""A rule played over the past raises what it would have raised."""

from datetime import datetime, timedelta

import pytest

from alerts import backtest
from alerts.evaluate import sweep
from alerts.models import Alert, AlertRule, Backtest, RuleState
from alerts.rulebook import fits
from devices.models import Device, PresenceSpan
from telemetry.models import Metric
from tests.alerts.rules import COOL, HOT, rule_for
from tests.factories import DeviceFactory, MetricFactory, ReadingFactory
from tests.telemetry.letters import NOW, take, telemetry

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def boiler() -> Device:
    return DeviceFactory.create(device_id="boiler")


@pytest.fixture
def temperature(boiler: Device) -> Metric:
    return MetricFactory.create(device=boiler, key="temperature")


def played(rule: AlertRule, days: int = 1) -> Backtest:
    asked = Backtest.objects.create(rule=rule, revision=rule.revision, days=days)
    backtest.run(asked, NOW)
    asked.refresh_from_db()
    return asked


def pass_time(until: datetime) -> None:
    """Sweep whenever something is due."""
    while (state := RuleState.objects.filter(due_at__lt=until).order_by("due_at").first()) and state.due_at:
        sweep(state.due_at)


def test_it_says_how_often_how_long_and_where(boiler: Device, temperature: Metric) -> None:
    for minute, value in enumerate((60, 85, 85, 60, 90, 60)):
        ReadingFactory.create(metric=temperature, time=NOW - timedelta(hours=2) + minute * MINUTE, value=value)
    found = played(rule_for(boiler))
    assert (found.status, found.fires, found.seconds, found.devices) == ("done", 2, 180, 1)


def test_what_began_before_counts_from_the_beginning(boiler: Device, temperature: Metric) -> None:
    rule = rule_for(boiler, {"for": 3600})
    for minute in range(-90, 0):
        ReadingFactory.create(metric=temperature, time=NOW - timedelta(days=1) + minute * MINUTE, value=85)
    ReadingFactory.create(metric=temperature, time=NOW - timedelta(hours=22), value=60)
    assert played(rule).episodes[0]["from"] == (NOW - timedelta(days=1)).isoformat()


def test_it_leaves_no_alert_behind(boiler: Device, temperature: Metric) -> None:
    ReadingFactory.create(metric=temperature, time=NOW - MINUTE, value=85)
    played(rule_for(boiler))
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "level",
    [
        {},
        {"for": 90},
        {"clear": COOL, "clear_for": 120},
        {"readings": 2},
        {"when": {**HOT, "agg": "avg", "over": 300}},
        {"when": {"no_data_for": 150}},
        {"when": {"any": [HOT, {"no_data_for": 150, "metric": "temperature"}]}, "clear_for": 60},
    ],
)
def test_it_is_what_readings_raise_as_they_come(boiler: Device, temperature: Metric, level: dict[str, object]) -> None:
    """The same rule, told of the same readings as they come in, and swept between them."""
    start = NOW - timedelta(hours=1)
    values = [60, 85, 85, 85, 60, None, None, None, 90, 91, 92, 93, 94, 60, 75, 81, 60, 60, 60, 60, 60]
    rule = rule_for(boiler, level)
    for minute, value in enumerate(values):
        at = start + minute * MINUTE
        pass_time(at)
        if value is not None:
            take(telemetry("boiler", {"temperature": value}, time=at, at=at))
    pass_time(NOW)
    live = [alert.event_time.isoformat() for alert in Alert.objects.order_by("event_time")]
    assert [episode["from"] for episode in played(rule).episodes] == live


def test_a_rule_is_about_the_same_devices_in_the_database_and_in_memory(boiler: Device) -> None:
    other = DeviceFactory.create(labels=["cellar"])
    of_project = rule_for(boiler, about=None)
    labelled = rule_for(other, about=None, project=None, label="cellar")
    for rule in (rule_for(boiler), of_project, labelled):
        assert set(rule.devices()) == {device for device in Device.objects.all() if fits(rule, device)}


def test_what_was_desired_cannot_be_played(boiler: Device, temperature: Metric) -> None:
    cold = {"when": {"metric": "temperature", "is": "<", "than_desired": "target_temperature"}}
    found = played(rule_for(boiler, cold))
    assert (found.status, found.problem.startswith("What was desired")) == ("failed", True)


def test_presence_is_played(boiler: Device) -> None:
    rule = rule_for(boiler, {"when": {"presence": "offline"}})
    for minutes, presence in ((120, "online"), (60, "offline"), (30, "online")):
        PresenceSpan.objects.create(device=boiler, presence=presence, since=NOW - minutes * MINUTE)
    assert (played(rule).fires, played(rule).seconds) == (1, 1800)
