"""Who may do what on the embedded brokers: the same on Mosquitto and on the development broker."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devices import broker_log, credentials
from devices.broker_files import write_broker_files
from devices.broker_users import user_name
from devices.models import Credential, CredentialKind, Device
from iotsphere.supervisor.broker import PORTAL_USER, EmbeddedBroker
from iotsphere.supervisor.ports import loopback_addresses
from tests.factories import DeviceFactory
from tests.supervisor.brokers import BrokerClient, make_broker, running_broker
from tests.waiting import wait_until

Connect = Callable[..., BrokerClient]
BOTH = pytest.mark.parametrize("bundled", [False, True], ids=["mosquitto", "development"])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = [BOTH, pytest.mark.once]


@pytest.fixture
def broker(bundled: bool, tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[EmbeddedBroker]:
    """As with DEMO=0: nobody comes in without a password."""
    settings.DEMO = False
    yield from _running(tmp_path, settings, bundled=bundled, demo=False)


@pytest.fixture
def demo_broker(bundled: bool, tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[EmbeddedBroker]:
    settings.DEMO = True
    yield from _running(tmp_path, settings, bundled=bundled, demo=True)


def _running(folder: Path, settings: Any, *, bundled: bool, demo: bool) -> Iterator[EmbeddedBroker]:
    planned = make_broker(folder, bundled=bundled, demo=demo)
    settings.BROKER_DIR = str(planned.folder)
    settings.MQTT_URL = planned.url  # the port may differ: names and passwords are what counts
    write_broker_files()
    with running_broker(folder, bundled=bundled, demo=demo) as (broker, _):
        yield broker


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[BrokerClient] = []

    def connect(*args: Any, **kwargs: Any) -> BrokerClient:
        clients.append(BrokerClient(*args, **kwargs))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def portal(broker: EmbeddedBroker, connect: Connect) -> BrokerClient:
    """The portal's own client, which hears everything."""
    client = connect(broker.port, PORTAL_USER, broker.password)
    client.subscribe("#")
    return client


def issue(device: Device) -> tuple[Credential, str]:
    return credentials.issue(device, CredentialKind.MQTT, None)


@pytest.fixture
def boiler(broker: EmbeddedBroker, connect: Connect) -> BrokerClient:
    return connect_as(issue(DeviceFactory.create(device_id="boiler")), broker, connect)


def connect_as(issued: tuple[Credential, str], broker: EmbeddedBroker, connect: Connect) -> BrokerClient:
    """A client with a password that was issued a moment ago: the broker may still be reading of it."""
    credential, password = issued
    clients: list[BrokerClient] = []

    def is_taken() -> bool:
        clients.append(connect(broker.port, user_name(credential), password))
        return clients[-1].is_taken

    wait_until(is_taken, what="the broker to know the password")
    return clients[-1]


def test_the_portal_reads_who_came_in(
    boiler: BrokerClient, portal: BrokerClient, broker: EmbeddedBroker, connect: Connect
) -> None:
    portal.subscribe(broker_log.TOPIC)
    connect_as(issue(DeviceFactory.create(device_id="cellar")), broker, connect)
    boiler.subscribe(broker_log.TOPIC)

    def came() -> set[Any]:
        return {broker_log.read(body, NOON) for topic, body in portal.heard if topic == broker_log.TOPIC}

    wait_until(lambda: broker_log.Arrival("cellar", "127.0.0.1", NOON) in came(), what="the broker's log")
    assert not boiler.heard


def test_nobody_comes_in_without_a_password(broker: EmbeddedBroker, connect: Connect) -> None:
    assert not connect(broker.port).is_taken


def test_nobody_comes_in_with_a_wrong_password(boiler: BrokerClient, broker: EmbeddedBroker, connect: Connect) -> None:
    assert not connect(broker.port, "boiler", "wrong").is_taken


def test_a_device_is_heard_on_its_own_topics(portal: BrokerClient, boiler: BrokerClient) -> None:
    own = [f"app/device/boiler/{topic}" for topic in ("telemetry", "status", "twin/reported", "command/7/reply")]
    for topic in own:
        boiler.publish(topic)
    wait_until(lambda: sorted(portal.topics()) == sorted(own), what="all four")


def test_a_device_is_not_heard_on_anothers_topic(portal: BrokerClient, boiler: BrokerClient) -> None:
    for topic in ("app/device/cellar/telemetry", "app/device/boiler/command", "app/device/boiler", "boiler"):
        boiler.publish(topic)
    boiler.publish("app/device/boiler/telemetry")
    wait_until(lambda: portal.topics() == ["app/device/boiler/telemetry"], what="the one that is its own")


def test_a_device_hears_what_is_meant_for_it_alone(portal: BrokerClient, boiler: BrokerClient) -> None:
    boiler.subscribe("#")
    for topic in ("app/device/cellar/command", "app/device/boiler/telemetry", "app/device/boiler/command"):
        portal.publish(topic)
    wait_until(lambda: boiler.topics() == ["app/device/boiler/command"], what="its own command")


def test_retained_messages_go_to_those_who_may_read_them(
    portal: BrokerClient, boiler: BrokerClient, broker: EmbeddedBroker
) -> None:
    for device in ("cellar", "boiler"):
        portal.publish(f"app/device/{device}/twin/desired", retain=True)
    boiler.subscribe("app/device/+/twin/desired")
    wait_until(lambda: boiler.topics() == ["app/device/boiler/twin/desired"], what="its own desired state")


def test_retained_messages_wait_for_a_subscription(
    portal: BrokerClient, boiler: BrokerClient, broker: EmbeddedBroker, connect: Connect
) -> None:
    portal.publish("app/device/boiler/twin/desired", retain=True)
    boiler.subscribe("app/device/boiler/twin/desired")
    wait_until(boiler.topics, what="the subscriber to have it")
    late = connect_as(issue(Device.objects.get(device_id="boiler")), broker, connect)
    late.subscribe("app/device/boiler/command")
    portal.publish("app/device/boiler/command")
    wait_until(late.topics, what="the command")
    assert late.topics() == ["app/device/boiler/command"]


def test_a_will_on_anothers_topic_is_not_heard(portal: BrokerClient, broker: EmbeddedBroker, connect: Connect) -> None:
    credential, password = issue(DeviceFactory.create(device_id="boiler"))
    connect_as((credential, password), broker, connect)
    for topic in ("app/device/cellar/status", "app/device/boiler/status"):
        connect(broker.port, "boiler", password, will=topic).vanish()
    wait_until(portal.topics, what="the device's own will")
    assert portal.topics() == ["app/device/boiler/status"]


def test_revoking_cuts_the_live_connection(broker: EmbeddedBroker, connect: Connect) -> None:
    credential, password = issue(DeviceFactory.create(device_id="boiler"))
    client = connect_as((credential, password), broker, connect)
    credential.revoke()
    wait_until(client.is_gone.is_set, what="the broker to cut it")
    assert not connect(broker.port, "boiler", password).is_taken


def test_a_new_password_works_beside_the_old_one(
    boiler: BrokerClient, broker: EmbeddedBroker, connect: Connect
) -> None:
    successor = connect_as(issue(Device.objects.get(device_id="boiler")), broker, connect)
    assert successor.is_taken
    assert not boiler.is_gone.is_set()


def test_a_successor_has_the_same_topics(
    portal: BrokerClient, boiler: BrokerClient, broker: EmbeddedBroker, connect: Connect
) -> None:
    successor = connect_as(issue(Device.objects.get(device_id="boiler")), broker, connect)
    successor.publish("app/device/cellar/telemetry")
    successor.publish("app/device/boiler/telemetry")
    wait_until(lambda: portal.topics() == ["app/device/boiler/telemetry"], what="the one that is its own")


def test_a_message_that_is_too_large_ends_the_connection(portal: BrokerClient, boiler: BrokerClient) -> None:
    boiler.mqtt.publish("app/device/boiler/telemetry", b"x" * 2_200_000, qos=0)
    wait_until(boiler.is_gone.is_set, what="the broker to cut it")
    assert not portal.heard


def test_a_message_just_small_enough_arrives(portal: BrokerClient, boiler: BrokerClient) -> None:
    boiler.publish("app/device/boiler/telemetry", b"x" * 2_097_000)
    wait_until(lambda: portal.heard, what="the message")


def test_in_the_demo_devices_need_no_password(demo_broker: EmbeddedBroker, connect: Connect) -> None:
    client = connect(demo_broker.port)
    client.subscribe("app/device/#")
    client.publish("app/device/anything/telemetry")
    wait_until(lambda: client.topics() == ["app/device/anything/telemetry"], what="its own message")


def test_in_the_demo_a_wrong_password_is_refused_all_the_same(demo_broker: EmbeddedBroker, connect: Connect) -> None:
    assert not connect(demo_broker.port, "boiler", "wrong").is_taken


def test_both_meanings_of_localhost_answer(demo_broker: EmbeddedBroker, connect: Connect) -> None:
    assert all(connect(demo_broker.port, host=address).is_taken for address in loopback_addresses())
