"""While what devices are behind is away, one alert says it all."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from time_machine import TimeMachineFixture

from alerts.evaluate import sweep as sweep_rules
from alerts.models import Alert, RuleState
from alerts.notify import deliver
from devices.models import Device
from devices.presence import note_messages
from devices.presence import sweep as sweep_presence
from tests.alerts.rules import rule_for
from tests.factories import DeviceFactory, MembershipFactory
from tests.telemetry.letters import NOW

pytestmark = pytest.mark.django_db
AWAY = {"when": {"presence": "offline"}}


@pytest.fixture
def gateway() -> Device:
    device = DeviceFactory.create(device_id="gateway")
    rule_for(device, AWAY, about=None)
    return device


@pytest.fixture
def children(gateway: Device) -> list[Device]:
    return DeviceFactory.create_batch(5, parent=gateway, project=gateway.project)


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(NOW, tick=False)
    return time_machine


def hear(*devices: Device, at: datetime = NOW) -> None:
    note_messages({device.pk: at for device in devices})


def pass_time(clock: TimeMachineFixture, seconds: int, step: int = 15) -> None:
    """As beat does: look for silent devices, and for rules that are due."""
    for _ in range(seconds // step):
        clock.shift(step)
        now = datetime.now(NOW.tzinfo)
        sweep_presence(now)
        sweep_rules(now)


def test_a_silent_gateway_speaks_for_all_behind_it(
    gateway: Device, children: list[Device], clock: TimeMachineFixture
) -> None:
    hear(gateway, *children)
    pass_time(clock, 900)
    assert Alert.objects.get().device == gateway
    assert RuleState.objects.filter(held_by=Alert.objects.get()).count() == 5


def test_also_when_the_devices_are_noticed_first(
    gateway: Device, children: list[Device], clock: TimeMachineFixture
) -> None:
    hear(*children)
    hear(gateway, at=NOW + timedelta(seconds=60))
    pass_time(clock, 900)
    assert Alert.objects.get().device == gateway


def test_one_silent_device_behind_a_gateway_that_is_there_is_told(
    gateway: Device, children: list[Device], clock: TimeMachineFixture
) -> None:
    hear(gateway, *children)
    for _ in range(10):
        pass_time(clock, 30)
        hear(gateway, *children[1:], at=datetime.now(NOW.tzinfo))
    assert Alert.objects.get().device == children[0]


def test_what_comes_back_with_the_gateway_was_never_told(
    gateway: Device, children: list[Device], clock: TimeMachineFixture
) -> None:
    hear(gateway, *children)
    pass_time(clock, 900)
    hear(gateway, *children, at=datetime.now(NOW.tzinfo))
    pass_time(clock, 60)
    assert not Alert.objects.open().exists()
    assert Alert.objects.count() == 1


def test_what_does_not_come_back_is_told_then(
    gateway: Device, children: list[Device], clock: TimeMachineFixture
) -> None:
    hear(gateway, *children)
    pass_time(clock, 900)
    for _ in range(10):
        hear(gateway, *children[1:], at=datetime.now(NOW.tzinfo))
        pass_time(clock, 30)
    assert Alert.objects.open().get().device == children[0]


def test_a_gateway_that_no_rule_is_about_holds_nothing_for_long(clock: TimeMachineFixture) -> None:
    gateway = DeviceFactory.create()
    child = DeviceFactory.create(parent=gateway, project=gateway.project)
    rule_for(child, AWAY)
    hear(gateway, child)
    pass_time(clock, 1200)
    assert Alert.objects.get().device == child


def test_two_thousand_devices_behind_one_gateway_are_one_alert_and_one_mail(
    gateway: Device, clock: TimeMachineFixture
) -> None:
    operator = MembershipFactory.create(project=gateway.project, role="operator").user
    devices = Device.objects.bulk_create(
        Device(device_id=f"child-{n}", name=f"Child {n}", parent=gateway, project=gateway.project) for n in range(2000)
    )
    hear(gateway, *devices)
    pass_time(clock, 300, step=100)
    assert Alert.objects.get().device == gateway
    deliver.send_due(datetime.now(NOW.tzinfo) + timedelta(minutes=1))
    assert [message.to for message in mail.outbox] == [[operator.email]]
