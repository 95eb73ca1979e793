"""What is due is sent to devices: on a real broker, with devices that hear it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from devices.command_states import CommandStatus
from devices.commands import Reply, reply, send
from devices.models import Command, Device, Presence, Project, Twin, Way
from devices.outbox import withdraw_desired, work_off
from devices.presence import Status, note_messages, note_statuses
from devices.publisher import publisher
from devices.twin import desire, report
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory
from tests.mqtt_ear import Ear, listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
SETTINGS = {"type": "object", "properties": {"mode": {"enum": ["eco", "off"]}}}


@pytest.fixture
def ear(broker: Broker) -> Iterator[Ear]:
    with listening(broker) as ear:
        yield ear
    publisher().close()


@pytest.fixture
def lamp(acme: Project) -> Device:
    """Online; with a name of its own, for the broker remembers what others of the same were told."""
    device_type = CommandTypeFactory.create(
        name="blink", device_type=DeviceTypeFactory.create(settings_schema=SETTINGS)
    ).device_type
    return DeviceFactory.create(
        device_id=f"lamp-{uuid4().hex}", project=acme, device_type=device_type, presence=Presence.ONLINE
    )


def blink(lamp: Device) -> Command:
    [command], _ = send(None, "blink", {}, [lamp])
    return command


def away(lamp: Device) -> None:
    Device.objects.filter(pk=lamp.pk).update(presence=Presence.OFFLINE)


def status(command: Command) -> str:
    command.refresh_from_db()
    return command.status


def heard(ear: Ear, lamp: Device, kind: str = "command") -> list[Any]:
    return [json.loads(body) for body in ear.heard(lamp.device_id, kind)]


def test_a_command_is_sent_once_the_broker_has_it(ear: Ear, lamp: Device) -> None:
    command = blink(lamp)
    assert work_off() == 1
    assert status(command) == "sent"
    [told] = wait_until(lambda: heard(ear, lamp))
    assert (told["id"], told["name"], told["params"]) == (str(command.pk), "blink", {})
    step = command.steps.get(status="sent")
    assert step.witness == "broker"


def test_nothing_is_sent_twice_without_need(ear: Ear, lamp: Device) -> None:
    blink(lamp)
    assert [work_off(), work_off()] == [1, 0]


def test_it_is_sent_again_while_the_device_says_nothing(ear: Ear, lamp: Device) -> None:
    command = blink(lamp)
    work_off()
    assert work_off(timezone.now() + timedelta(seconds=10)) == 1
    wait_until(lambda: len(heard(ear, lamp)) == 2)
    first, second = heard(ear, lamp)
    assert first["id"] == second["id"]
    assert (status(command), command.attempts) == ("sent", 2)


def test_it_is_not_sent_again_once_it_is_delivered(ear: Ear, lamp: Device) -> None:
    command = blink(lamp)
    work_off()
    reply(lamp, str(command.pk), Reply(CommandStatus.DELIVERED))
    assert work_off(timezone.now() + timedelta(seconds=10)) == 0


@pytest.mark.parametrize("last_word", ["sent", "delivered"])
def test_a_device_that_does_not_say_how_it_ended_times_out(ear: Ear, lamp: Device, last_word: str) -> None:
    command = blink(lamp)
    work_off()
    if last_word == "delivered":
        reply(lamp, str(command.pk), Reply(CommandStatus.DELIVERED))
    work_off(timezone.now() + timedelta(seconds=31))
    assert status(command) == "timed_out"
    assert "did not say" in command.reason


def test_a_command_to_a_device_that_is_away_waits(ear: Ear, lamp: Device) -> None:
    away(lamp)
    command = blink(lamp)
    assert work_off() == 0
    assert (status(command), command.attempts) == ("queued", 0)


@pytest.mark.parametrize("sign", ["status", "message"])
def test_it_is_sent_when_the_device_returns(ear: Ear, lamp: Device, sign: str) -> None:
    away(lamp)
    command = blink(lamp)
    work_off()
    if sign == "status":
        note_statuses([Status(lamp.device_id, "online", timezone.now())])
    else:
        note_messages({lamp.pk: timezone.now()})
    assert work_off() == 1
    assert status(command) == "sent"


def test_it_expires_when_the_device_returns_too_late(ear: Ear, lamp: Device) -> None:
    away(lamp)
    command = blink(lamp)
    work_off()
    late = timezone.now() + timedelta(hours=2)
    note_statuses([Status(lamp.device_id, "online", late)])
    assert work_off(late) == 0
    assert status(command) == "expired"
    assert heard(ear, lamp) == []


def test_what_was_sent_to_a_device_that_connects_anew_is_sent_again(ear: Ear, lamp: Device) -> None:
    blink(lamp)
    work_off()
    note_statuses([Status(lamp.device_id, "online", timezone.now())])
    assert work_off() == 1


@pytest.mark.parametrize("way", [Way.HTTP, Way.WEBSOCKET])
def test_a_device_that_fetches_what_it_is_to_do_is_not_sent_it(ear: Ear, lamp: Device, way: Way) -> None:
    Device.objects.update(reached_by=way)
    command = blink(lamp)
    assert work_off() == 0
    assert status(command) == "queued"


def test_a_device_that_comes_by_mqtt_is_reached_by_mqtt_again(ear: Ear, lamp: Device) -> None:
    Device.objects.update(reached_by=Way.HTTP)
    note_statuses([Status(lamp.device_id, "online", timezone.now())])
    lamp.refresh_from_db()
    assert lamp.reached_by == Way.MQTT


def test_without_a_broker_it_waits_and_is_tried_again(broker: Broker, lamp: Device, settings: Any) -> None:
    settings.MQTT_URL = "mqtt://127.0.0.1:1"
    command = blink(lamp)
    assert work_off() == 0
    assert (status(command), command.attempts) == ("queued", 1)
    settings.MQTT_URL = broker.url
    assert work_off(timezone.now() + timedelta(seconds=6)) == 1
    publisher().close()


def test_what_a_worker_claimed_and_never_sent_is_sent_by_another(ear: Ear, lamp: Device) -> None:
    command = blink(lamp)
    now = timezone.now()
    Command.objects.update(claimed_until=now + timedelta(seconds=15), due_at=now + timedelta(seconds=15))
    assert work_off(now) == 0
    assert work_off(now + timedelta(seconds=15)) == 1
    assert status(command) == "sent"


def test_a_device_that_is_out_of_service_is_sent_nothing(ear: Ear, lamp: Device) -> None:
    command = blink(lamp)
    Device.objects.update(lifecycle="disabled")
    assert work_off() == 0
    assert status(command) == "queued"


# --- Twins ---


def test_what_is_desired_waits_at_the_broker_for_the_device(broker: Broker, ear: Ear, lamp: Device) -> None:
    desire(lamp, {"mode": "off"}, None)
    assert work_off() == 1
    with listening(broker) as late:
        [told] = wait_until(lambda: heard(late, lamp, "twin/desired"))
    assert told == {"version": 1, "state": {"mode": "off"}}


def test_a_device_that_owes_something_is_told_again_when_it_connects(ear: Ear, lamp: Device) -> None:
    desire(lamp, {"mode": "off"}, None)
    work_off()
    note_statuses([Status(lamp.device_id, "online", timezone.now())])
    assert work_off() == 1
    report(lamp, {"mode": "off"}, version=1)
    note_statuses([Status(lamp.device_id, "online", timezone.now())])
    assert work_off() == 0


def test_a_device_that_has_forgotten_is_told_again_and_one_that_refuses_once(ear: Ear, lamp: Device) -> None:
    desire(lamp, {"mode": "off"}, None)
    report(lamp, {"mode": "off"}, version=1)
    work_off()
    report(lamp, {"mode": "eco"})
    assert work_off() == 1
    report(lamp, {"mode": "eco"})
    assert work_off() == 0


def test_what_was_desired_of_a_device_that_is_gone_is_withdrawn(broker: Broker, ear: Ear, lamp: Device) -> None:
    desire(lamp, {"mode": "off"}, None)
    work_off()
    Twin.objects.all().delete()
    withdraw_desired(lamp.device_id)
    other = DeviceFactory.create(device_id=f"lamp-{uuid4().hex}", device_type=lamp.device_type)
    desire(other, {"mode": "off"}, None)
    work_off()
    with listening(broker) as late:
        assert wait_until(lambda: late.heard(other.device_id, "twin/desired"))
        assert late.heard(lamp.device_id, "twin/desired") == []
