from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from devices.models import Device, Lifecycle, Presence, Project, ValueType
from iotsphere.models import User
from telemetry import live as stream
from telemetry.live.state import MOST_DEVICES, DevicesWish
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.sockets import Frame, Live

LATER = NOON + timedelta(seconds=1)


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme, presence=Presence.ONLINE, last_message=NOON)


@pytest.fixture
def cellar(acme: Project) -> Device:
    return DeviceFactory.create(device_id="cellar", project=acme)


def push(device: Device, **values: float | bool | str) -> None:
    stream.push(
        {
            device.device_id: {
                "project": device.project_id,
                "values": {key: {"value": value, "time": LATER} for key, value in values.items()},
            }
        }
    )


def subscribe(*devices: Device, name: str = "x", **more: str) -> Frame:
    return {"type": "subscribe", "id": name, "devices": [device.device_id for device in devices], **more}


def test_first_comes_the_state(live: Live, vera: User, sensor: Device) -> None:
    MetricFactory.create(device=sensor, key="temperature", last_value=25.5, last_time=NOON)
    state = live(vera).ask(subscribe(sensor))
    assert state.pop("cursor")
    assert state == {
        "type": "state",
        "id": "x",
        "devices": {
            "sensor": {
                "presence": "online",
                "last_message": "2025-12-19T12:00:00Z",
                "values": {"temperature": {"value": 25.5, "time": "2025-12-19T12:00:00Z"}},
            }
        },
    }


@pytest.mark.parametrize(
    ("value_type", "stored", "shown"),
    [
        (ValueType.NUMBER, {"last_value": 3.0}, 3.0),
        (ValueType.BOOLEAN, {"last_value": 1.0}, True),
        (ValueType.TEXT, {"last_text": "heating"}, "heating"),
    ],
)
def test_values_come_in_their_own_type(
    live: Live, vera: User, sensor: Device, value_type: ValueType, stored: Frame, shown: object
) -> None:
    MetricFactory.create(device=sensor, key="mode", value_type=value_type, last_time=NOON, **stored)
    value = live(vera).ask(subscribe(sensor))["devices"]["sensor"]["values"]["mode"]["value"]
    assert (type(value), value) == (type(shown), shown)


def test_a_metric_without_a_value_is_left_out(live: Live, vera: User, sensor: Device) -> None:
    MetricFactory.create(device=sensor)
    assert live(vera).ask(subscribe(sensor))["devices"]["sensor"]["values"] == {}


def test_then_come_changes(live: Live, vera: User, sensor: Device) -> None:
    socket = live(vera)
    state = socket.ask(subscribe(sensor))
    push(sensor, temperature=26.0)
    change = socket.receive()
    assert change.pop("cursor") > state["cursor"]
    assert change == {
        "type": "change",
        "id": "x",
        "devices": {"sensor": {"values": {"temperature": {"value": 26.0, "time": "2025-12-19T12:00:01Z"}}}},
    }


def test_changes_of_other_devices_do_not(live: Live, vera: User, sensor: Device, cellar: Device) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor))
    push(cellar, temperature=5.0)
    push(sensor, temperature=26.0)
    assert socket.receive()["devices"].keys() == {"sensor"}


def test_every_subscription_has_its_own_frames(live: Live, vera: User, sensor: Device, cellar: Device) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor, name="one"))
    socket.ask(subscribe(sensor, cellar, name="both"))
    push(sensor, temperature=26.0)
    assert {socket.receive()["id"], socket.receive()["id"]} == {"one", "both"}


def test_after_unsubscribing_nothing_comes(live: Live, vera: User, sensor: Device) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor, name="first"))
    socket.ask(subscribe(sensor, name="second"))
    socket.send({"type": "unsubscribe", "id": "first"})
    push(sensor, temperature=26.0)
    assert socket.receive()["id"] == "second"
    assert socket.receive_nothing()


def test_the_same_name_again_replaces_the_subscription(live: Live, vera: User, sensor: Device, cellar: Device) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor))
    socket.ask(subscribe(cellar))
    push(sensor, temperature=26.0)
    push(cellar, temperature=5.0)
    assert socket.receive()["devices"].keys() == {"cellar"}


def test_presence_is_told(live: Live, vera: User, sensor: Device) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor))
    stream.push({"sensor": {"project": sensor.project_id, "presence": "offline", "last_message": NOON}})
    assert socket.receive()["devices"] == {"sensor": {"presence": "offline", "last_message": "2025-12-19T12:00:00Z"}}


def test_a_project_means_all_its_devices(live: Live, vera: User, sensor: Device, cellar: Device) -> None:
    state = live(vera).ask({"type": "subscribe", "id": "x", "project": "acme"})
    assert state["devices"].keys() == {"sensor", "cellar"}


def test_archived_devices_are_not_among_them(live: Live, vera: User, sensor: Device, acme: Project) -> None:
    DeviceFactory.create(project=acme, lifecycle=Lifecycle.ARCHIVED)
    state = live(vera).ask({"type": "subscribe", "id": "x", "project": "acme"})
    assert state["devices"].keys() == {"sensor"}


def test_a_device_added_to_the_project_later_is_told_of(live: Live, vera: User, acme: Project) -> None:
    socket = live(vera)
    socket.ask({"type": "subscribe", "id": "x", "project": "acme"})
    push(DeviceFactory.create(device_id="new", project=acme), temperature=1.0)
    assert socket.receive()["devices"].keys() == {"new"}


def test_a_device_that_moves_to_another_project_falls_silent(
    live: Live, vera: User, sensor: Device, cellar: Device, globex: Project
) -> None:
    socket = live(vera)
    socket.ask(subscribe(sensor, cellar))
    Device.objects.filter(pk=sensor.pk).update(project=globex)
    sensor.refresh_from_db()
    push(sensor, temperature=26.0)
    push(cellar, temperature=5.0)
    assert socket.receive()["devices"].keys() == {"cellar"}


def test_the_state_takes_four_queries(
    vera: User, sensor: Device, cellar: Device, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        DevicesWish(project="acme").state(vera)


def test_a_project_with_too_many_devices_is_refused(live: Live, vera: User, acme: Project) -> None:
    Device.objects.bulk_create(DeviceFactory.build_batch(MOST_DEVICES + 1, project=acme))
    assert live(vera).ask({"type": "subscribe", "id": "x", "project": "acme"})["code"] == "limit"
