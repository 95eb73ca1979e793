"""Device A against every topic of device B, on Mosquitto as it is configured for production (deploy/mosquitto).

By password and by certificate; before and after rotation and revocation.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from devices.broker_files import user_name, write_broker_files
from devices.credentials import issue, revoke
from devices.models import Credential, CredentialKind, Device
from iotsphere.supervisor.options import PROJECT_FOLDER
from iotsphere.supervisor.ports import free_port
from tests.factories import DeviceFactory
from tests.servers.child import Child
from tests.servers.ports import is_listening
from tests.servers.programs import program
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

pytestmark = pytest.mark.once

SHIPPED = PROJECT_FOLDER / "deploy/mosquitto"
TOPICS = ("telemetry", "status", "twin/desired", "twin/reported", "command", "command/7/reply")
MAY_WRITE = {"telemetry", "status", "twin/reported", "command/7/reply"}
MAY_READ = {"twin/desired", "command"}
OTHERS = [f"app/device/cellar/{topic}" for topic in TOPICS]
ELSEWHERE = [
    "app/device/boiler",
    "app/device/boiler/command/7",
    "app/device/boiler/twin",
    "app/device/boiler~x/telemetry",
    "app/provision/x",
    "boiler",
    "$SYS/broker/log/N",
    "$CONTROL/dynamic-security/v1",
]
END = "app/device/boiler/telemetry"  # what a client says last: all that it said before has been judged


@dataclass
class Ports:
    portal: int
    password: int
    certificate: int


@dataclass
class Shown:
    """A credential, and what a device needs to present it."""

    credential: Credential
    options: dict[str, Any]


class Stage:
    """A broker, the portal's client on it, and whoever else comes."""

    def __init__(self, ports: Ports, folder: Path) -> None:
        self.ports, self.folder = ports, folder
        self.clients: list[BrokerClient] = []
        self.portal = self._client(ports.portal, "iotsphere", "secret", client_id="portal")
        self.portal.subscribe("#")

    def issue(self, device: Device, kind: str) -> Shown:
        if kind == CredentialKind.MQTT:
            credential, password = issue(device, kind, None)
            return Shown(credential, {"user": user_name(credential), "password": password, "port": self.ports.password})
        credential, key = issue(device, kind, None)
        certificate, key_file = (self.folder / f"{credential.public_id}.{suffix}" for suffix in ("pem", "key"))
        certificate.write_text(credential.certificate)
        key_file.write_text(key)
        return Shown(credential, {"certificate": (certificate, key_file), "port": self.ports.certificate})

    def connect(self, shown: Shown, **more: Any) -> BrokerClient:
        """A client that the broker takes; it may still be reading of the credential."""
        taken: list[BrokerClient] = []

        def is_taken() -> bool:
            taken.append(self.ask(shown, **more))
            return taken[-1].is_taken

        wait_until(is_taken, what="the broker to take the credential")
        return taken[-1]

    def ask(self, shown: Shown, **more: Any) -> BrokerClient:
        options = {**shown.options, **more}
        return self._client(options.pop("port"), options.pop("user", ""), options.pop("password", ""), **options)

    def heard(self) -> list[str]:
        return self.portal.topics()

    def _client(self, *args: Any, **options: Any) -> BrokerClient:
        ca = None if args[0] == self.ports.portal else self.folder / "ca.pem"
        self.clients.append(BrokerClient(*args, ca=ca, reconnects=False, **options))
        return self.clients[-1]


@pytest.fixture
def stage(tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[Stage]:
    ports = Ports(free_port(), free_port(), free_port())
    settings.BROKER_DIR, settings.CA_DIR = str(tmp_path), tmp_path / "authority"
    settings.MQTT_URL, settings.DEMO = f"mqtt://iotsphere:secret@127.0.0.1:{ports.portal}", False
    write_broker_files()
    call_command("broker_certificate", "127.0.0.1", folder=tmp_path, verbosity=0)
    child = Child("mosquitto", [program("mosquitto"), "-c", _configuration(tmp_path, ports)], tmp_path / "log")
    child.wait_until(lambda: all(map(is_listening, (ports.portal, ports.password, ports.certificate))))
    stage = Stage(ports, tmp_path)
    yield stage
    for client in stage.clients:
        client.close()
    child.stop()
    print(child.output)


def _configuration(folder: Path, ports: Ports) -> Path:
    """The shipped one, with folders and ports of this test."""
    text = (SHIPPED / "mosquitto.conf").read_text() + (SHIPPED / "devices.conf").read_text()
    text = re.sub(r"/var/lib/(iotsphere/broker|mosquitto)|/etc/mosquitto/certs", str(folder), text)
    for shipped, here in ((1883, ports.portal), (8883, ports.password), (8884, ports.certificate)):
        text = re.sub(rf"(?m)^listener {shipped}\b", f"listener {here}", text)
    file = folder / "mosquitto.conf"
    file.write_text(f"user root\n{text}")
    return file


@pytest.fixture(params=[CredentialKind.MQTT, CredentialKind.X509])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def boiler(db: None) -> Device:
    return DeviceFactory.create(device_id="boiler")


@pytest.fixture
def cellar(boiler: Device) -> Device:
    return DeviceFactory.create(device_id="cellar", project=boiler.project)


def _as_issued(stage: Stage, device: Device, kind: str) -> BrokerClient:
    return stage.connect(stage.issue(device, kind))


def _after_rotation(stage: Stage, device: Device, kind: str) -> BrokerClient:
    old = stage.issue(device, kind)
    stage.connect(old)
    new = stage.issue(device, kind)
    stage.connect(new)
    revoke(old.credential, None)
    return stage.connect(new)


def _beside_its_predecessor(stage: Stage, device: Device, kind: str) -> BrokerClient:
    stage.connect(stage.issue(device, kind))
    return stage.connect(stage.issue(device, kind))


@pytest.fixture(params=[_as_issued, _beside_its_predecessor, _after_rotation])
def device(request: pytest.FixtureRequest, stage: Stage, boiler: Device, cellar: Device, kind: str) -> BrokerClient:
    """The boiler's connection, at three moments of its credentials' life; the cellar has a credential too."""
    stage.issue(cellar, kind)
    make: Callable[[Stage, Device, str], BrokerClient] = request.param
    return make(stage, boiler, kind)


def test_it_is_heard_on_its_own_topics_alone(stage: Stage, device: BrokerClient) -> None:
    for topic in [*(f"app/device/boiler/{topic}" for topic in TOPICS), *OTHERS, *ELSEWHERE, END]:
        device.publish(topic)
    own = [f"app/device/boiler/{topic}" for topic in TOPICS if topic in MAY_WRITE]
    wait_until(lambda: len(stage.heard()) > len(own), what="what it says last")
    assert stage.heard() == [*own, END]


def test_it_retains_nothing_on_anothers_topics(stage: Stage, device: BrokerClient) -> None:
    for topic in [*OTHERS, END]:
        device.publish(topic, retain=True)
    wait_until(lambda: END in stage.heard(), what="what it says last")
    assert stage.heard() == [END]


def test_it_hears_what_is_meant_for_it_alone(stage: Stage, device: BrokerClient) -> None:
    for filter_ in ("#", "app/#", "app/device/+/command", "+/+/cellar/#", "$SYS/#", *OTHERS):
        device.subscribe(filter_)
    for topic in [*OTHERS, *(f"app/device/boiler/{topic}" for topic in TOPICS), "app/device/boiler/command"]:
        stage.portal.publish(topic)
    wait_until(lambda: device.topics().count("app/device/boiler/command") >= 2, what="what the portal says last")
    assert set(device.topics()) == {f"app/device/boiler/{topic}" for topic in MAY_READ}


def test_it_is_given_what_was_retained_for_it_alone(stage: Stage, device: BrokerClient) -> None:
    for topic in [*OTHERS, "app/device/boiler/twin/desired"]:
        stage.portal.publish(topic, retain=True)
    for filter_ in [*OTHERS, "#"]:
        device.subscribe(filter_)
    wait_until(device.topics, what="its desired state")
    stage.portal.publish("app/device/boiler/command")
    wait_until(lambda: "app/device/boiler/command" in device.topics(), what="what the portal says last")
    assert set(device.topics()) == {"app/device/boiler/twin/desired", "app/device/boiler/command"}


def test_a_shared_subscription_takes_nothing_from_another(stage: Stage, device: BrokerClient) -> None:
    device.subscribe("$share/thieves/app/#")
    for topic in [*OTHERS, *OTHERS, "app/device/boiler/command"]:
        stage.portal.publish(topic)
    wait_until(device.topics, what="its own command")
    assert set(device.topics()) == {"app/device/boiler/command"}


def test_its_will_is_heard_on_its_own_topic_alone(stage: Stage, boiler: Device, kind: str) -> None:
    shown = stage.issue(boiler, kind)
    for topic in [*OTHERS, "app/device/boiler/status"]:
        stage.connect(shown, will=topic).vanish()
        wait_until(lambda: stage.ask(shown).is_taken)
    wait_until(stage.heard, what="its will")
    assert set(stage.heard()) == {"app/device/boiler/status"}


def test_the_name_of_another_client_does_not_end_that_ones_connection(
    stage: Stage, boiler: Device, cellar: Device, kind: str
) -> None:
    others = [stage.connect(stage.issue(cellar, kind), client_id="cellar's"), stage.portal]
    shown = stage.issue(boiler, kind)
    for name in ("cellar's", user_name(cellar.credentials.get()), "portal"):
        stage.connect(shown, client_id=name).publish(END)
    assert not any(client.is_gone.is_set() for client in others)


def test_revoked_it_is_cut_off_and_does_not_come_back(stage: Stage, boiler: Device, kind: str) -> None:
    shown = stage.issue(boiler, kind)
    client = stage.connect(shown)
    revoke(shown.credential, None)
    wait_until(client.is_gone.is_set, what="the broker to end the connection")
    assert not stage.ask(shown).is_taken


def test_revoked_it_leaves_the_others_alone(stage: Stage, boiler: Device, cellar: Device, kind: str) -> None:
    other = stage.connect(stage.issue(cellar, kind))
    successor = stage.connect(stage.issue(boiler, kind))
    shown = stage.issue(boiler, kind)
    client = stage.connect(shown)
    revoke(shown.credential, None)
    wait_until(client.is_gone.is_set, what="the broker to end the connection")
    other.publish("app/device/cellar/telemetry")
    successor.publish("app/device/boiler/telemetry")
    wait_until(lambda: len(stage.heard()) == 2, what="both to be heard")
    assert not other.is_gone.is_set()
    assert not successor.is_gone.is_set()


def test_a_deleted_device_is_cut_off_and_does_not_come_back(stage: Stage, boiler: Device, kind: str) -> None:
    shown = stage.issue(boiler, kind)
    client = stage.connect(shown)
    boiler.delete()
    wait_until(client.is_gone.is_set, what="the broker to end the connection")
    assert not stage.ask(shown).is_taken


def test_a_certificate_opens_no_door_for_passwords(stage: Stage, boiler: Device) -> None:
    shown = stage.issue(boiler, CredentialKind.X509)
    stage.connect(shown)
    name = user_name(shown.credential)
    assert not stage.ask(shown, port=stage.ports.password).is_taken
    assert not stage.ask(shown, port=stage.ports.password, user=name, password="x").is_taken


def test_a_password_opens_no_door_for_certificates(stage: Stage, boiler: Device) -> None:
    shown = stage.issue(boiler, CredentialKind.MQTT)
    stage.connect(shown)
    assert not stage.ask(shown, port=stage.ports.certificate).is_taken


def test_a_certificate_of_another_authority_is_refused(stage: Stage, boiler: Device, settings: Any) -> None:
    settings.CA_DIR, ours = stage.folder / "impostor", settings.CA_DIR
    shown = stage.issue(boiler, CredentialKind.X509)
    settings.CA_DIR = ours
    write_broker_files()
    assert not stage.ask(shown).is_taken


def test_the_brokers_own_certificate_is_no_devices(stage: Stage, boiler: Device) -> None:
    files = (stage.folder / "broker.pem", stage.folder / "broker.key")
    shown = Shown(Credential(), {"certificate": files, "port": stage.ports.certificate})
    assert not stage.ask(shown).is_taken


def test_a_user_name_beside_a_certificate_counts_for_nothing(stage: Stage, boiler: Device) -> None:
    client = stage.connect(stage.issue(boiler, CredentialKind.X509), user="iotsphere", password="secret")
    client.publish("app/device/cellar/telemetry")
    client.publish(END)
    wait_until(stage.heard, what="what it says last")
    assert stage.heard() == [END]
