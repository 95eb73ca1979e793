"""What switching rules and devices on and off does to alerts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts.evaluate import sweep
from alerts.models import Alert, RuleState
from devices.models import Device, Lifecycle
from devices.presence import Status, note_statuses
from tests.alerts.rules import rule_for
from tests.factories import DeviceFactory, MetricFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boiler() -> Device:
    device = DeviceFactory.create(device_id="boiler")
    MetricFactory.create(device=device, key="temperature", last_value=85, last_time=timezone.now())
    return device


def test_what_is_wrong_already_needs_no_reading(boiler: Device) -> None:
    rule_for(boiler)
    sweep(timezone.now())
    assert Alert.objects.get().value == "85"


def test_but_an_old_value_raises_nothing(boiler: Device) -> None:
    boiler.metrics.update(last_time=timezone.now() - timedelta(hours=1))
    rule_for(boiler)
    sweep(timezone.now())
    assert not Alert.objects.exists()


def test_a_rule_that_is_switched_off_takes_its_alerts_with_it(boiler: Device) -> None:
    rule = rule_for(boiler)
    sweep(timezone.now())
    rule.is_enabled = False
    rule.save()
    assert Alert.objects.get().events.latest("pk").text == "The rule was switched off."
    assert not RuleState.objects.exists()


def test_an_alert_outlives_its_rule(boiler: Device) -> None:
    rule = rule_for(boiler)
    sweep(timezone.now())
    rule.delete()
    alert = Alert.objects.get()
    assert (alert.status, alert.rule_name) == ("resolved", "Too hot")


def test_a_device_that_is_archived_takes_its_alerts_with_it(boiler: Device) -> None:
    rule_for(boiler)
    sweep(timezone.now())
    boiler.lifecycle = Lifecycle.ARCHIVED
    boiler.save()
    assert not Alert.objects.open().exists()


def test_a_device_that_goes_raises_an_alert_and_its_return_resolves_it(boiler: Device) -> None:
    rule_for(boiler, {"when": {"presence": "offline"}})
    now = timezone.now()
    note_statuses([Status("boiler", "online", now - timedelta(seconds=9))])
    note_statuses([Status("boiler", "offline", now)])
    assert Alert.objects.open().exists()
    note_statuses([Status("boiler", "online", now + timedelta(seconds=9))])
    assert not Alert.objects.open().exists()
