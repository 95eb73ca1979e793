"""Who may use the console, and what they see and may publish there."""

from collections.abc import Callable

import pytest
from django.test import Client

from devices.console import link
from devices.models import AuditEntry, Device, Membership, Project
from devices.permissions import Role
from iotsphere.console import socket as console_socket
from iotsphere.models import User
from tests.factories import DeviceFactory, MembershipFactory, UserFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.console import Console, OpenConsole
from tests.fixtures.sockets import PAGE, OpenSocket, access_token, session_cookie
from tests.servers.brokers import Broker
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

pytestmark = pytest.mark.once

OnBroker = Callable[[Broker], BrokerClient]
CLOSED = {"type": "close", "code": 4403}


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


@pytest.fixture
def pump(globex: Project) -> Device:
    return DeviceFactory.create(device_id="pump", project=globex)


@pytest.fixture
def oscars(console: OpenConsole, oscar: User, boiler: Device, pump: Device, mosquitto: Broker) -> Console:
    opened = console(oscar)
    opened.connect()
    return opened


def test_a_viewer_is_sent_away_and_it_is_noted(console: OpenConsole, vera: User, mosquitto: Broker) -> None:
    opened = console(vera)
    assert opened.first["code"] == "forbidden"
    assert opened.socket.receive() == CLOSED
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == (vera, "console.refused", "MQTT console")


def test_the_page_is_not_a_viewers_either(pages: PageClient, vera: User) -> None:
    assert pages(vera).get("/console/").status_code == 403
    assert AuditEntry.objects.get().action == "console.refused"


def test_the_page_asks_who_is_there(pages: PageClient, db: None) -> None:
    assert pages(None).get("/console/").headers["Location"] == "/login/?next=/console/"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_operators_and_administrators_have_the_page(pages: PageClient, acme: Project, role: Role) -> None:
    user = UserFactory.create()
    MembershipFactory.create(user=user, project=acme, role=role)
    assert pages(user).get("/console/").status_code == 200


def test_viewers_are_not_shown_the_way_to_it(pages: PageClient, vera: User) -> None:
    assert b"/console/" not in pages(vera).get("/").content


def test_operators_are(pages: PageClient, oscar: User) -> None:
    assert b"/console/" in pages(oscar).get("/").content


def test_of_all_that_passes_only_ones_own_devices_are_seen(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker
) -> None:
    oscars.subscribe("#", 1)
    device = on_broker(mosquitto)
    for topic in ("app/device/pump/telemetry", "app/device/nobody/telemetry", "app/other", "elsewhere", "app/device/x"):
        device.publish(topic)
    device.publish("app/device/boiler/telemetry")
    device.publish("app/device/pump/telemetry")
    device.publish("app/device/boiler/any/thing")
    assert [message["topic"] for message in oscars.messages(2)] == [
        "app/device/boiler/telemetry",
        "app/device/boiler/any/thing",
    ]


def test_what_the_broker_keeps_of_others_is_not_seen(
    console: OpenConsole, oscar: User, boiler: Device, pump: Device, mosquitto: Broker, on_broker: OnBroker
) -> None:
    device = on_broker(mosquitto)
    device.publish("app/device/pump/status", "online", retain=True)
    device.publish("app/device/boiler/status", "online", retain=True)
    opened = console(oscar)
    opened.connect()
    opened.subscribe("app/#")
    assert [message["topic"] for message in opened.messages()] == ["app/device/boiler/status"]


def test_a_flood_of_others_takes_no_room_and_is_not_even_counted(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "INTERVAL", 2.0)  # so that all of it falls between two looks at the inbox
    oscars.subscribe("app/#")
    device = on_broker(mosquitto)
    device.publish("app/device/pump/telemetry")
    device.publish("app/device/boiler/telemetry", "first")
    assert oscars.messages()[0]["payload"] == "first"
    device.mqtt.publish("app/device/boiler/telemetry", "second")
    for _ in range(1000):
        device.mqtt.publish("app/device/pump/telemetry", "x")
    frame = oscars.until("mqtt_message")
    assert [message["payload"] for message in frame["messages"]] == ["second"]
    assert frame["dropped"] == 0


def test_a_subscription_that_could_bring_nothing_is_refused(oscars: Console) -> None:
    for topic in (
        "app/device/pump/telemetry",
        "app/device/pump/#",
        "app/device/nobody/+",
        "$SYS/#",
        "elsewhere/#",
        "app/+",
        "app/device/+",
        "app/device",
    ):
        assert oscars.ask("subscribe_mqtt", topic=topic)["code"] == "forbidden", topic


def test_one_that_could_bring_something_is_made(oscars: Console) -> None:
    for topic in ("#", "+/#", "app/#", "+/device/#", "app/device/#", "app/device/+/telemetry", "+/+/boiler/+"):
        assert oscars.subscribe(topic)["state"] == "granted", topic


def test_a_superuser_sees_everything(console: OpenConsole, root: User, mosquitto: Broker, on_broker: OnBroker) -> None:
    opened = console(root)
    opened.connect()
    opened.subscribe("#")
    device = on_broker(mosquitto)
    device.publish("app/device/nobody/telemetry")
    device.publish("elsewhere")
    assert [message["topic"] for message in opened.messages(2)] == ["app/device/nobody/telemetry", "elsewhere"]


def test_publishing_to_what_is_not_ones_own_is_refused_and_noted(
    oscars: Console, mosquitto: Broker, on_broker: OnBroker
) -> None:
    ear = on_broker(mosquitto)
    ear.subscribe("#")
    topics = ["app/device/pump/command", "app/device/nobody/command", "app/other", "app/device/"]
    for topic in topics:
        assert oscars.ask("publish_mqtt", topic=topic, payload="x")["code"] == "forbidden", topic
    oscars.send("publish_mqtt", topic="app/device/boiler/command", payload="x", qos=1)
    oscars.until("mqtt_event", event="published")
    wait_until(lambda: ear.topics() == ["app/device/boiler/command"], what="the one that is allowed")
    refused = AuditEntry.objects.filter(action="message.refused").order_by("pk").values_list("actor_name", "subject")
    assert list(refused) == [("oscar", topic) for topic in topics]


def test_the_project_whose_device_it_is_learns_of_the_attempt(oscars: Console, pump: Device) -> None:
    oscars.ask("publish_mqtt", topic="app/device/pump/command", payload="x")
    assert AuditEntry.objects.get(action="message.refused").project == pump.project


def test_what_is_published_is_noted_without_what_it_says(oscars: Console, boiler: Device) -> None:
    oscars.send("publish_mqtt", topic="app/device/boiler/command", payload="secret", qos=1, retain=True)
    oscars.until("mqtt_event", event="published")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.project) == (
        "message.published",
        "app/device/boiler/command",
        boiler.project,
    )
    assert entry.detail == {"broker": "Portal", "qos": 1, "retain": True, "bytes": 6}


def test_a_viewer_of_one_project_who_operates_another_may_not_publish_to_the_first(
    console: OpenConsole, oscar: User, pump: Device, mosquitto: Broker
) -> None:
    MembershipFactory.create(user=oscar, project=pump.project, role=Role.VIEWER)
    opened = console(oscar)
    opened.connect()
    assert opened.ask("publish_mqtt", topic="app/device/pump/command")["code"] == "forbidden"
    assert opened.ask("subscribe_mqtt", topic="app/device/pump/#")["code"] == "forbidden"


def test_who_is_no_operator_any_more_is_sent_away(oscars: Console, oscar: User) -> None:
    membership = Membership.objects.get(user=oscar)
    membership.role = Role.VIEWER
    membership.save()
    assert oscars.until("error")["code"] == "forbidden"
    assert oscars.socket.receive() == CLOSED


def test_who_loses_one_of_two_projects_no_longer_sees_it(
    console: OpenConsole, oscar: User, boiler: Device, pump: Device, mosquitto: Broker, on_broker: OnBroker
) -> None:
    membership = MembershipFactory.create(user=oscar, project=pump.project, role=Role.OPERATOR)
    opened, device = console(oscar), on_broker(mosquitto)
    opened.connect()
    opened.subscribe("app/#")
    device.publish("app/device/pump/telemetry")
    assert opened.messages()[0]["topic"] == "app/device/pump/telemetry"
    membership.delete()
    assert opened.socket.receive_nothing()
    device.publish("app/device/pump/telemetry")
    device.publish("app/device/boiler/telemetry")
    assert opened.messages()[0]["topic"] == "app/device/boiler/telemetry"


def test_signing_out_ends_the_console(open_socket: OpenSocket, oscar: User, mosquitto: Broker) -> None:
    window = Client()
    window.force_login(oscar)
    opened = Console(open_socket({**PAGE, "cookie": session_cookie(window)}, path="/ws/mqtt/"))
    opened.connect()
    window.logout()
    assert opened.until("error")["code"] == "unauthenticated"
    assert opened.socket.receive() == {"type": "close", "code": 4401}


def test_a_client_without_a_session_signs_in_with_a_token(
    open_socket: OpenSocket, oscar: User, mosquitto: Broker
) -> None:
    opened = Console(open_socket(path="/ws/mqtt/"))
    assert opened.first["type"] == "authenticate"
    assert opened.ask("authenticate", token=access_token(oscar))["type"] == "ready"


def test_a_page_that_falls_silent_loses_its_console(
    console: OpenConsole, oscar: User, mosquitto: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_socket, "SILENCE", 0.5)
    opened = console(oscar)
    assert opened.until("error")["code"] == "silent"
    assert opened.socket.receive() == {"type": "close", "code": 4408}
