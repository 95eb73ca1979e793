"""Device A against every topic of device B, on Mosquitto as it is configured for production (deploy/mosquitto).

By password and by certificate; before and after rotation and revocation.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from devices import broker_log
from devices.arrivals import note_arrivals
from devices.broker_files import write_broker_files
from devices.broker_users import user_name
from devices.credentials import revoke
from devices.models import Credential, CredentialKind, Device
from tests.devices.stage import PASSWORD, Shown, Stage, staged
from tests.factories import DeviceFactory
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

pytestmark = pytest.mark.once

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


@pytest.fixture
def stage(tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[Stage]:
    with staged(tmp_path, settings, "files") as stage:
        yield stage


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


def test_its_use_is_seen_with_the_address(stage: Stage, boiler: Device, kind: str) -> None:
    stage.portal.subscribe(broker_log.TOPIC)
    shown = stage.issue(boiler, kind)
    stage.connect(shown, client_id="as anybody (p2, c1, k60, u'cellar').")

    def is_noted() -> bool:
        lines = [body for topic, body in stage.portal.heard if topic == broker_log.TOPIC]
        note_arrivals([arrival for line in lines if (arrival := broker_log.read(line, timezone.now()))])
        shown.credential.refresh_from_db()
        return shown.credential.last_used_at is not None

    wait_until(is_noted, what="the broker's log to tell who came")
    assert shown.credential.last_used_address == "127.0.0.1"


def test_a_certificate_of_its_maker_is_good_for_the_topics_of_its_device_alone(
    stage: Stage, boiler: Device, cellar: Device
) -> None:
    shown = stage.register(boiler, "cellar")  # what its maker calls it is nobody's business
    client = stage.connect(shown)
    other = stage.register(cellar, "another")
    revoke(other.credential, None)
    stranger = stage.ask(other)
    for topic in [*OTHERS, "app/device/CN=cellar/telemetry"]:
        client.publish(topic)
        stranger.publish(topic)
    client.publish(END)
    wait_until(lambda: END in stage.heard(), what="what it says last")
    assert [topic for topic in stage.heard() if "=" not in topic] == [END]
    revoke(shown.credential, None)
    wait_until(client.is_gone.is_set, what="the broker to end the connection")


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
    ours, folder = settings.CA_DIR, settings.BROKER_DIR
    settings.CA_DIR, settings.BROKER_DIR = stage.folder / "impostor", ""
    shown = stage.issue(boiler, CredentialKind.X509)
    settings.CA_DIR, settings.BROKER_DIR = ours, folder
    write_broker_files()
    assert not stage.ask(shown).is_taken


def test_the_brokers_own_certificate_is_no_devices(stage: Stage, boiler: Device) -> None:
    files = (stage.folder / "broker.pem", stage.folder / "broker.key")
    shown = Shown(Credential(), {"certificate": files, "port": stage.ports.certificate})
    assert not stage.ask(shown).is_taken


def test_a_user_name_beside_a_certificate_counts_for_nothing(stage: Stage, boiler: Device) -> None:
    client = stage.connect(stage.issue(boiler, CredentialKind.X509), user="iotsphere", password=PASSWORD)
    client.publish("app/device/cellar/telemetry")
    client.publish(END)
    wait_until(stage.heard, what="what it says last")
    assert stage.heard() == [END]
