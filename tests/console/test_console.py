"""The console's socket: connecting, watching, publishing."""

from collections.abc import Callable

import pytest

from devices.models import Device, Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.console import Console, OpenConsole
from tests.servers.brokers import Broker
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

pytestmark = pytest.mark.once

OnBroker = Callable[[Broker], BrokerClient]
BOILER = "app/device/boiler/telemetry"


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


@pytest.fixture
def oscars(console: OpenConsole, oscar: User, boiler: Device, mosquitto: Broker) -> Console:
    """Oscar's console, connected to the portal's own broker."""
    opened = console(oscar)
    opened.connect()
    return opened


def test_the_page_is_told_which_brokers_there_are_and_no_more_of_them(
    console: OpenConsole, oscar: User, mosquitto: Broker
) -> None:
    assert console(oscar).first == {
        "type": "ready",
        "user": "oscar",
        "brokers": [{"name": "Portal", "tls": False, "own": True}],
    }


def test_the_three_events_of_a_message_on_its_way(oscars: Console) -> None:
    oscars.send("subscribe_mqtt", topic="app/device/boiler/#", qos=1)
    granted = oscars.socket.receive()
    oscars.send("publish_mqtt", id="p1", topic=BOILER, payload='{"telemetry": {"t": 1}}', qos=1)
    frames = {frame["type"]: frame for frame in (oscars.socket.receive(), oscars.socket.receive())}
    assert granted == {
        "type": "mqtt_subscription",
        "topic": "app/device/boiler/#",
        "state": "granted",
        "qos": 1,
        "granted": 1,
    }
    assert frames["mqtt_event"] == {
        "type": "mqtt_event",
        "event": "published",
        "broker": "Portal",
        "id": "p1",
        "topic": BOILER,
        "qos": 1,
        "retain": False,
    }
    [message] = frames["mqtt_message"]["messages"]
    assert (
        message.items()
        >= {
            "topic": BOILER,
            "payload": '{"telemetry": {"t": 1}}',
            "encoding": "utf-8",
            "qos": 1,
            "retain": False,
            "size": 23,
            "cut": False,
        }.items()
    )


def test_connecting_tells_the_state_and_the_protocol(
    console: OpenConsole, oscar: User, boiler: Device, mosquitto: Broker
) -> None:
    opened = console(oscar)
    assert opened.ask("connect_mqtt", broker="Portal") == {
        "type": "mqtt_event",
        "event": "connecting",
        "broker": "Portal",
    }
    assert opened.socket.receive() == {
        "type": "mqtt_event",
        "event": "connected",
        "broker": "Portal",
        "protocol": "5",
    }


def test_a_broker_that_knows_no_mqtt_5_is_spoken_to_in_3_1_1(
    console: OpenConsole, oscar: User, broker: Broker, boiler: Device
) -> None:
    opened = console(oscar)
    assert opened.connect()["protocol"] in {"5", "3.1.1"}
    assert opened.subscribe("app/device/boiler/#")["state"] == "granted"


def test_each_quality_of_service_goes_both_ways(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    ear = on_broker(mosquitto)
    ear.mqtt.on_message = lambda _client, _data, message: ear.heard.append((str(message.qos), bytes(message.payload)))
    ear.mqtt.subscribe("#", qos=2)
    for qos in (0, 1, 2):
        assert oscars.subscribe("app/device/boiler/#", qos)["granted"] == qos
        oscars.send("publish_mqtt", topic=BOILER, payload="x", qos=qos)
        assert oscars.until("mqtt_event")["event"] == "published"
    wait_until(lambda: ear.heard == [("0", b"x"), ("1", b"x"), ("2", b"x")], what="the messages")


def test_a_message_comes_with_the_quality_that_was_granted(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker
) -> None:
    oscars.subscribe("app/device/boiler/#", 2)
    on_broker(mosquitto).mqtt.publish(BOILER, "x", qos=2)
    assert oscars.messages()[0]["qos"] == 2


def test_what_is_retained_is_kept_by_the_broker_and_shown_as_such(oscars: Console) -> None:
    oscars.send("publish_mqtt", topic=BOILER, payload="kept", qos=1, retain=True)
    oscars.until("mqtt_event", event="published")
    oscars.subscribe("app/device/boiler/#")
    [message] = oscars.messages()
    assert (message["payload"], message["retain"]) == ("kept", True)


def test_after_unsubscribing_nothing_more_comes(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    oscars.subscribe("app/device/boiler/#")
    oscars.send("unsubscribe_mqtt", topic="app/device/boiler/#")
    assert oscars.socket.receive() == {
        "type": "mqtt_subscription",
        "topic": "app/device/boiler/#",
        "state": "ended",
    }
    on_broker(mosquitto).publish(BOILER)
    assert oscars.socket.receive_nothing()


def test_bytes_that_are_no_text_come_as_base64(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    oscars.subscribe("app/device/boiler/#")
    on_broker(mosquitto).publish(BOILER, b"\xff\x00")
    [message] = oscars.messages()
    assert (message["payload"], message["encoding"], message["size"]) == ("/wA=", "base64", 2)


def test_and_can_be_published_so(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    ear = on_broker(mosquitto)
    ear.subscribe("app/device/boiler/telemetry")
    oscars.send("publish_mqtt", topic=BOILER, payload="/wA=", encoding="base64")
    wait_until(lambda: ear.heard == [(BOILER, b"\xff\x00")], what="the message")


def test_of_a_large_message_the_beginning_is_shown(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    oscars.subscribe("app/device/boiler/#")
    on_broker(mosquitto).publish(BOILER, "ä" * 20_000)
    [message] = oscars.messages()
    assert (message["size"], message["cut"], message["payload"]) == (40_000, True, "ä" * 8192)


def test_a_flood_is_cut_and_counted(oscars: Console, mosquitto: Broker, on_broker: OnBroker) -> None:
    oscars.subscribe("app/device/boiler/#", 1)  # so that the broker drops nothing
    device = on_broker(mosquitto)
    for number in range(2000):
        device.mqtt.publish(BOILER, str(number), qos=1)
    shown = dropped = 0
    while shown + dropped < 2000:
        frame = oscars.until("mqtt_message")
        assert len(frame["messages"]) <= 200
        shown, dropped = shown + len(frame["messages"]), dropped + frame["dropped"]
        oscars.send("seen_mqtt", number=frame["number"])
        last = frame["messages"][-1]["payload"]
    assert dropped > 0
    assert last == "1999"


def test_a_page_that_does_not_read_is_sent_nothing_more(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker
) -> None:
    oscars.subscribe("app/device/boiler/#")
    device = on_broker(mosquitto)
    for number in range(1, 9):
        device.publish(BOILER)
        assert oscars.until("mqtt_message")["number"] == number
    device.publish(BOILER, "ninth")
    assert oscars.socket.receive_nothing()
    oscars.send("seen_mqtt", number=8)
    assert oscars.messages()[0]["payload"] == "ninth"


def test_when_the_broker_goes_and_returns_subscriptions_are_made_anew(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker
) -> None:
    oscars.subscribe("app/device/boiler/#", 1)
    mosquitto.kill()
    assert "lost" in oscars.until("mqtt_event", event="reconnecting")["detail"]
    mosquitto.start()
    oscars.until("mqtt_event", event="connected")
    oscars.until("mqtt_subscription", state="granted")
    on_broker(mosquitto).publish(BOILER, "again")
    assert oscars.messages()[0]["payload"] == "again"


def test_without_the_broker_nothing_is_published(oscars: Console, mosquitto: Broker) -> None:
    mosquitto.kill()
    oscars.until("mqtt_event", event="reconnecting")
    oscars.send("publish_mqtt", topic=BOILER, payload="x", qos=1)
    assert oscars.until("error")["code"] == "not_connected"


def test_the_connection_ends_with_the_page(oscars: Console, mosquitto: Broker) -> None:
    wait_until(lambda: consoles_on(mosquitto) == 1, what="the console at the broker")
    oscars.socket.close()
    wait_until(lambda: consoles_on(mosquitto) == 0, what="the end of the connection")


def test_connecting_again_ends_the_connection_before(oscars: Console, mosquitto: Broker) -> None:
    oscars.connect()
    wait_until(lambda: consoles_on(mosquitto) == 1, what="one connection")


def test_disconnecting_is_told_and_done(oscars: Console, mosquitto: Broker) -> None:
    assert oscars.ask("disconnect_mqtt") == {
        "type": "mqtt_event",
        "event": "disconnected",
        "broker": "Portal",
        "detail": "",
    }
    wait_until(lambda: consoles_on(mosquitto) == 0, what="the end of the connection")


NO_FRAMES: list[dict[str, object]] = [
    {"type": "subscribe_mqtt"},
    {"type": "subscribe_mqtt", "topic": ""},
    {"type": "subscribe_mqtt", "topic": "a\0b"},
    {"type": "subscribe_mqtt", "topic": "x" * 1025},
    {"type": "subscribe_mqtt", "topic": "a/b+"},
    {"type": "subscribe_mqtt", "topic": "a/#/b"},
    {"type": "subscribe_mqtt", "topic": "a/b#"},
    {"type": "subscribe_mqtt", "topic": "a", "qos": 3},
    {"type": "subscribe_mqtt", "topic": "a", "qos": True},
    {"type": "subscribe_mqtt", "topic": "a", "qos": "1"},
    {"type": "subscribe_mqtt", "topic": "$share/iotsphere/app/#"},
    {"type": "publish_mqtt", "topic": "app/device/boiler/#"},
    {"type": "publish_mqtt", "topic": "app/device/+/telemetry"},
    {"type": "publish_mqtt", "topic": "$CONTROL/dynamic-security/v1"},
    {"type": "publish_mqtt", "topic": BOILER, "payload": 1},
    {"type": "publish_mqtt", "topic": BOILER, "payload": "?", "encoding": "base64"},
    {"type": "publish_mqtt", "topic": BOILER, "encoding": "utf-16"},
    {"type": "publish_mqtt", "topic": BOILER, "retain": "yes"},
    {"type": "connect_mqtt", "broker": 1},
    {"type": "seen_mqtt", "number": 99},
    {"type": "seen_mqtt", "number": "1"},
    {"type": "nonsense"},
]


def test_a_frame_that_is_none_is_answered_and_the_console_goes_on(oscars: Console) -> None:
    for frame in NO_FRAMES:
        oscars.socket.send(frame)
        error = oscars.socket.receive()
        assert (error["type"], error["code"]) == ("error", "bad_request"), frame
        assert oscars.socket.receive_nothing(), frame


def test_without_a_connection_nothing_can_be_done(console: OpenConsole, root: User, mosquitto: Broker) -> None:
    opened = console(root)
    for kind in ("subscribe_mqtt", "unsubscribe_mqtt", "publish_mqtt"):
        assert opened.ask(kind, topic="a")["code"] == "not_connected"


def test_what_is_not_subscribed_to_cannot_be_ended(oscars: Console) -> None:
    assert oscars.ask("unsubscribe_mqtt", topic="app/#")["code"] == "not_found"


def test_a_console_has_so_many_subscriptions(console: OpenConsole, root: User, mosquitto: Broker) -> None:
    opened = console(root)
    opened.connect()
    for number in range(32):
        opened.subscribe(f"t/{number}")
    assert opened.ask("subscribe_mqtt", topic="t/32")["code"] == "limit"
    assert opened.subscribe("t/31", 1)["granted"] == 1


def test_a_person_has_so_many_consoles(console: OpenConsole, root: User, mosquitto: Broker) -> None:
    consoles = [console(root) for _ in range(6)]
    for opened in consoles[:5]:
        opened.connect()
    assert consoles[5].ask("connect_mqtt", broker="Portal")["code"] == "limit"
    consoles[0].ask("disconnect_mqtt")
    assert consoles[5].connect()["event"] == "connected"


def consoles_on(broker: Broker) -> int:
    """How many consoles are connected, as its log tells."""
    log = (broker.folder / "broker.log").read_text()
    return log.count("as iotsphere-console-") - log.count("Client iotsphere-console-")
