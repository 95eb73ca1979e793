"""Where the console may connect to."""

import socket
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from devices.addresses import AddressRefused, look_up, may_connect
from devices.console.brokers import OWN, ListedBroker, brokers_for, read_entry
from devices.models import AuditEntry, Project
from iotsphere.celery import refuse_wrong_settings
from iotsphere.models import User
from tests.fixtures.console import OpenConsole
from tests.servers.brokers import Broker

pytestmark = pytest.mark.once

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


class Names:
    """A resolver of its own: what each name leads to, one answer after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self._ask_really = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._ask)

    def _ask(self, host: str, port: int, *more: Any, **options: Any) -> Any:
        answers = self.answers.get(host)
        if answers is None:
            return self._ask_really(host, port, *more, **options)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_connected_to(address: str) -> None:
    assert not may_connect(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_ones_are(address: str) -> None:
    assert may_connect(address)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(names: Names, address: str) -> None:
    names.answers["broker.example"] = [[address]]
    with pytest.raises(AddressRefused, match=r"broker\.example leads to"):
        look_up("broker.example", 1883)


def test_one_address_inside_among_public_ones_is_one_too_many(names: Names) -> None:
    names.answers["broker.example"] = [["1.1.1.1", "127.0.0.1"]]
    with pytest.raises(AddressRefused):
        look_up("broker.example", 1883)


def test_a_name_that_leads_nowhere_is_refused_in_words(names: Names) -> None:
    with pytest.raises(AddressRefused, match="leads nowhere"):
        look_up("broker.invalid", 1883)


def test_a_name_may_lead_into_a_network_that_is_allowed(names: Names) -> None:
    names.answers["broker.example"] = [["10.1.2.3"]]
    assert read_entry("Plant=mqtt://broker.example?network=10.0.0.0/8").look_up() == "10.1.2.3"


def test_but_into_no_other(names: Names) -> None:
    names.answers["broker.example"] = [["10.1.2.3"]]
    with pytest.raises(AddressRefused):
        read_entry("Plant=mqtt://broker.example?network=192.168.0.0/16").look_up()


def test_an_address_that_is_listed_is_meant() -> None:
    assert read_entry("Plant=mqtt://10.1.2.3").look_up() == "10.1.2.3"


@pytest.mark.parametrize("asked", ["mqtt://127.0.0.1:1883", "127.0.0.1", "plant", "", "Portal "])
def test_a_broker_that_is_not_listed_is_refused_and_it_is_noted(
    console: OpenConsole, root: User, mosquitto: Broker, asked: str
) -> None:
    assert console(root).ask("connect_mqtt", broker=asked)["code"] == "not_allowed"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.detail) == ("console.refused", asked, {"reason": "not listed"})


def test_a_listed_name_that_leads_inside_is_refused_and_it_is_noted(
    console: OpenConsole, root: User, mosquitto: Broker, settings: Settings, names: Names
) -> None:
    settings.MQTT_CONSOLE_BROKERS = [f"Plant=mqtt://broker.example:{mosquitto.port}"]
    names.answers["broker.example"] = [["127.0.0.1"]]
    assert console(root).ask("connect_mqtt", broker="Plant")["code"] == "not_allowed"
    assert AuditEntry.objects.get().detail == {
        "reason": "broker.example leads to 127.0.0.1, which is not on the public network."
    }


def test_a_name_that_rebinds_after_it_was_looked_up_leads_nowhere_else(
    console: OpenConsole, root: User, mosquitto: Broker, settings: Settings, names: Names
) -> None:
    """Looked up, it leads to the broker. Were it asked again, to where nobody listens."""
    settings.MQTT_CONSOLE_BROKERS = [f"Plant=mqtt://broker.example:{mosquitto.port}?network=127.0.0.1/32"]
    names.answers["broker.example"] = [["127.0.0.1"], ["127.0.0.66"]]
    assert console(root).connect("Plant")["event"] == "connected"


def test_a_connection_that_breaks_returns_to_the_same_address(
    console: OpenConsole, root: User, mosquitto: Broker, settings: Settings, names: Names
) -> None:
    settings.MQTT_CONSOLE_BROKERS = [f"Plant=mqtt://broker.example:{mosquitto.port}?network=127.0.0.1/32"]
    names.answers["broker.example"] = [["127.0.0.1"], ["127.0.0.66"]]
    opened = console(root)
    opened.connect("Plant")
    mosquitto.kill()
    opened.until("mqtt_event", event="reconnecting")
    mosquitto.start()
    assert opened.until("mqtt_event", event="connected")


def test_accounts_are_not_shown(console: OpenConsole, root: User, mosquitto: Broker, settings: Settings) -> None:
    settings.MQTT_CONSOLE_BROKERS = ["Plant=mqtts://me:secret@10.1.2.3?ca=/etc/ca.pem"]
    assert console(root).first["brokers"][1] == {"name": "Plant", "tls": True, "own": False}


def test_another_broker_is_watched_and_published_to_as_it_is(
    console: OpenConsole, oscar: User, mosquitto: Broker, settings: Settings
) -> None:
    settings.MQTT_CONSOLE_BROKERS = [f"Plant={mosquitto.url}"]
    opened = console(oscar)
    opened.connect("Plant")
    opened.subscribe("plant/#", 1)
    opened.send("publish_mqtt", topic="plant/1", payload="x")
    assert opened.messages()[0]["topic"] == "plant/1"
    assert AuditEntry.objects.get().detail["broker"] == "Plant"


def test_a_projects_broker_is_its_operators(
    acme: Project, oscar: User, charlie: User, root: User, settings: Settings
) -> None:
    settings.MQTT_CONSOLE_BROKERS = ["Plant=mqtt://10.1.2.3?project=acme", "Other=mqtt://10.1.2.4?project=globex"]
    assert [listed.name for listed in brokers_for(oscar)] == [OWN, "Plant"]
    assert brokers_for(charlie) == []


def test_a_password_that_is_wrong_is_told_and_not_tried_again(
    console: OpenConsole, root: User, settings: Settings, password_broker: Broker
) -> None:
    settings.MQTT_CONSOLE_BROKERS = [f"Plant=mqtt://me:wrong@127.0.0.1:{password_broker.port}"]
    opened = console(root)
    opened.send("connect_mqtt", broker="Plant")
    assert "refuses the connection" in opened.until("mqtt_event", event="disconnected")["detail"]
    assert opened.ask("subscribe_mqtt", topic="a")["code"] == "not_connected"


def test_a_broker_that_is_not_there_is_tried_again(
    console: OpenConsole, root: User, settings: Settings, mosquitto: Broker
) -> None:
    mosquitto.kill()
    opened = console(root)
    opened.send("connect_mqtt", broker="Portal")
    assert "does not answer" in opened.until("mqtt_event", event="reconnecting")["detail"]
    mosquitto.start()
    assert opened.until("mqtt_event", event="connected")


def test_what_a_broker_refuses_is_told(
    console: OpenConsole, root: User, settings: Settings, password_broker: Broker
) -> None:
    settings.MQTT_CONSOLE_BROKERS = [f"Plant=mqtt://me:right@127.0.0.1:{password_broker.port}"]
    opened = console(root)
    opened.connect("Plant")
    opened.send("publish_mqtt", topic="forbidden", payload="x", qos=1)
    assert "Not authorized" in opened.until("mqtt_event", event="failed")["detail"]


@pytest.mark.parametrize(
    "entry",
    ["mqtt://host", "Plant=", "Plant=http://host", "Portal=mqtt://host", "Plant=mqtt://host?network=10.0.0.1/8"],
)
def test_an_entry_that_cannot_be_read_is_found_at_start(settings: Settings, entry: str) -> None:
    settings.MQTT_CONSOLE_BROKERS = [entry]
    assert [error.id for error in run_checks(tags=["iotsphere"])] == ["devices.E001"]


def test_a_name_that_is_taken_is_found_at_start(settings: Settings) -> None:
    settings.MQTT_CONSOLE_BROKERS = ["Plant=mqtt://10.1.2.3", "Plant=mqtt://10.1.2.4"]
    assert [error.id for error in run_checks(tags=["iotsphere"])] == ["devices.E002"]


def test_a_worker_does_not_start_with_it(settings: Settings) -> None:
    settings.MQTT_CONSOLE_BROKERS = ["Plant="]
    with pytest.raises(SystemExit, match="entry 1"):
        refuse_wrong_settings()


def test_an_entry_has_all_its_parts() -> None:
    listed = read_entry("The plant=mqtts://me:p%40ss@broker.example:8884?ca=/etc/ca.pem&project=acme")
    assert isinstance(listed, ListedBroker)
    assert listed.broker == ("broker.example", 8884, True, "me", "p@ss", "/etc/ca.pem")
    assert (listed.name, listed.project, listed.networks) == ("The plant", "acme", ())
