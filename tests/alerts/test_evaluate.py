"""Alerts that readings raise, in the transaction that stores them."""

from datetime import timedelta

import pytest
from django.db import transaction

from alerts.evaluate import sweep
from alerts.models import Alert, RuleState
from devices.models import Device, Twin
from telemetry.models import Reading
from tests.alerts.rules import COOL, HOT, rule_for
from tests.factories import DeviceFactory, MetricFactory
from tests.telemetry.letters import NOW, SECOND, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture
def boiler() -> Device:
    device = DeviceFactory.create(device_id="boiler", name="Boiler")
    MetricFactory.create(device=device, key="temperature", label="Water temperature", unit="°C")
    return device


def send(value: float, seconds: float = 0) -> None:
    take(telemetry("boiler", {"temperature": value}, time=NOW + seconds * SECOND))


def test_a_reading_beyond_the_limit_raises_an_alert(boiler: Device) -> None:
    rule_for(boiler)
    send(85.25)
    alert = Alert.objects.get()
    assert (alert.severity, alert.status, alert.event_time) == ("high", "firing", NOW)
    assert alert.message == "Boiler: Water temperature is 85.25 °C (limit 80 °C)"


def test_neither_a_reading_nor_its_alert_exists_without_the_other(boiler: Device) -> None:
    rule_for(boiler)
    with transaction.atomic():
        send(85)
        transaction.set_rollback(True)
    assert (Reading.objects.count(), Alert.objects.count()) == (0, 0)


def test_while_one_is_open_there_is_no_second(boiler: Device) -> None:
    rule_for(boiler)
    for second in range(5):
        send(85 + second, second)
    assert Alert.objects.count() == 1


def test_it_resolves_and_fires_again_as_another(boiler: Device) -> None:
    rule_for(boiler)
    for second, value in enumerate((85, 60, 90)):
        send(value, second)
    assert [alert.is_open for alert in Alert.objects.order_by("pk")] == [False, True]


def test_its_timeline_tells_what_happened(boiler: Device) -> None:
    rule_for(boiler, {"clear": COOL}, {"severity": "critical", "when": {**HOT, "value": 95}})
    for second, value in enumerate((85, 96, 90, 60)):
        send(value, second)
    alert = Alert.objects.get()
    assert [event.kind for event in alert.events.all()] == ["opened", "escalated", "deescalated", "resolved"]
    assert alert.worst_severity == "critical"


def test_a_message_of_its_own_is_filled_in(boiler: Device) -> None:
    rule_for(boiler, message="{severity}: {device_id} in {project} at {value}")
    send(85)
    assert Alert.objects.get().message == f"high: boiler in {boiler.project} at 85 °C"


def test_late_readings_raise_nothing(boiler: Device) -> None:
    rule_for(boiler)
    send(85, -301)
    assert not Alert.objects.exists()


def test_normal_readings_leave_nothing_to_remember(boiler: Device) -> None:
    rule_for(boiler)
    send(60)
    assert not RuleState.objects.exists()


def test_time_alone_raises_what_was_waited_for(boiler: Device) -> None:
    rule_for(boiler, {"for": 60})
    send(85)
    assert sweep(NOW + 59 * SECOND) == 0
    assert sweep(NOW + timedelta(seconds=61)) == 1
    assert Alert.objects.get().status == "firing"


def test_a_sweep_that_is_repeated_does_it_once(boiler: Device) -> None:
    rule_for(boiler, {"for": 60})
    send(85)
    for _ in range(3):
        sweep(NOW + timedelta(seconds=61))
    assert Alert.objects.count() == 1


def test_silence_raises_an_alert(boiler: Device) -> None:
    rule_for(boiler, {"when": {"no_data_for": 300}})
    send(60)
    sweep(NOW + timedelta(seconds=301))
    assert Alert.objects.get().what == "seconds without data"


def test_silence_counts_from_the_last_reading(boiler: Device) -> None:
    rule_for(boiler, {"when": {"no_data_for": 300}})
    send(60)
    send(60, 200)
    sweep(NOW + timedelta(seconds=301))
    assert not Alert.objects.exists()


def test_a_rule_that_is_changed_goes_on_with_its_alert(boiler: Device) -> None:
    rule = rule_for(boiler)
    send(85)
    rule.levels = [{"severity": "high", "when": {**HOT, "value": 90}}]
    rule.save()
    send(85, 1)
    assert Alert.objects.get().status == "resolved"


def test_a_metric_is_compared_with_what_is_desired(boiler: Device) -> None:
    Twin.objects.create(device=boiler, desired={"target_temperature": 60})
    rule_for(boiler, {"when": {"metric": "temperature", "is": "<", "than_desired": "target_temperature", "plus": -10}})
    send(55)
    assert not Alert.objects.exists()
    send(45, 1)
    assert Alert.objects.get().limit == "50 °C"
