"""The rules a new portal begins with."""

from datetime import timedelta

import pytest

from alerts.models import Alert, AlertRule
from alerts.shipped_rules import SHIPPED_RULES, ensure_shipped_rules
from devices.models import Device, DeviceType
from devices.shipped_types import ensure_shipped_types
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shipped() -> None:
    ensure_shipped_types()
    ensure_shipped_rules()


@pytest.fixture
def server() -> Device:
    return DeviceFactory.create(device_id="server", device_type=DeviceType.objects.get(slug="server"))


def run_minutes(minutes: int, **values: float) -> None:
    start = NOW - timedelta(minutes=minutes)
    for minute in range(minutes + 1):
        at = start + timedelta(minutes=minute)
        take(telemetry("server", values, time=at, at=at))


@pytest.mark.parametrize("name", [shipped["name"] for shipped in SHIPPED_RULES])
def test_each_is_valid(name: str) -> None:
    AlertRule.objects.get(name=name).full_clean()


def test_once_more_changes_nothing() -> None:
    AlertRule.objects.filter(name="Battery low").update(is_enabled=False)
    ensure_shipped_rules()
    assert AlertRule.objects.count() == len(SHIPPED_RULES)
    assert not AlertRule.objects.get(name="Battery low").is_enabled


def test_a_busy_server_raises_an_alert(server: Device) -> None:
    run_minutes(12, cpu=97)
    assert Alert.objects.get().severity == "critical"


def test_one_that_is_a_little_less_busy_a_lesser_one(server: Device) -> None:
    run_minutes(12, cpu=90)
    assert Alert.objects.get().severity == "high"


def test_a_disk_that_will_be_full_in_an_hour_raises_one(server: Device) -> None:
    for minute in range(0, 361, 5):
        at = NOW - timedelta(minutes=360 - minute)
        take(telemetry("server", {"disk": 50 + minute / 12}, time=at, at=at))
    take(telemetry("server", {"disk": 80.4}, time=NOW + timedelta(minutes=5), at=NOW + timedelta(minutes=5)))
    assert Alert.objects.get().rule_name == "Disk fills up"
