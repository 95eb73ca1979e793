"""A Mosquitto on another machine, driven over MQTT through its dynamic security plugin."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.broker_dynsec import Control, dismiss, reconcile
from devices.broker_users import long_user_name
from devices.credentials import issue, revoke
from devices.models import Credential, CredentialKind, Device
from tests.devices.stage import Stage, staged
from tests.factories import DeviceFactory
from tests.servers.ports import ReservedPort
from tests.waiting import wait_until

pytestmark = pytest.mark.once

WRITES = ("telemetry", "status", "twin/reported", "command/7/reply")
READS = ("twin/desired", "command")
ALL = (*WRITES, *READS)


@pytest.fixture
def stage(tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[Stage]:
    with staged(tmp_path, settings, "dynsec") as stage:
        yield stage


@pytest.fixture(params=[CredentialKind.MQTT, CredentialKind.X509])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def boiler(db: None) -> Device:
    return DeviceFactory.create(device_id="boiler")


def names() -> set[str]:
    with Control() as control:
        return {client["username"] for client in control.every("listClients", "clients")}


def test_a_device_is_heard_on_its_own_topics_alone(stage: Stage, boiler: Device, kind: str) -> None:
    device = stage.connect(stage.issue(boiler, kind))
    for topic in [*(f"app/device/{name}/{topic}" for name in ("cellar", "boiler") for topic in ALL)]:
        device.publish(topic, retain=topic.startswith("app/device/cellar"))
    device.publish("app/device/boiler/telemetry")
    wait_until(lambda: len(stage.heard()) > len(WRITES), what="what it says last")
    assert stage.heard() == [*(f"app/device/boiler/{topic}" for topic in WRITES), "app/device/boiler/telemetry"]


def test_a_device_hears_what_is_meant_for_it_alone(stage: Stage, boiler: Device, kind: str) -> None:
    for name in ("cellar", "boiler"):
        stage.portal.publish(f"app/device/{name}/twin/desired", retain=True)
    device = stage.connect(stage.issue(boiler, kind))
    for filter_ in ("#", "app/device/+/command", "$share/x/app/#", "$SYS/#", "$CONTROL/#", "app/device/cellar/command"):
        device.subscribe(filter_)
    for topic in [*(f"app/device/{name}/{topic}" for name in ("cellar", "boiler") for topic in ALL)]:
        stage.portal.publish(topic)
    wait_until(lambda: "app/device/boiler/command" in device.topics(), what="its command")
    assert set(device.topics()) == {f"app/device/boiler/{topic}" for topic in READS}


def test_a_will_on_anothers_topic_is_not_heard(stage: Stage, boiler: Device, kind: str) -> None:
    shown = stage.issue(boiler, kind)
    for topic in ("app/device/cellar/status", "app/device/boiler/status"):
        stage.connect(shown, will=topic).vanish()
    wait_until(stage.heard, what="its will")
    assert stage.heard() == ["app/device/boiler/status"]


def test_a_device_does_not_control_the_plugin(stage: Stage, boiler: Device, kind: str) -> None:
    device = stage.connect(stage.issue(boiler, kind))
    before = names()
    device.publish("$CONTROL/dynamic-security/v1", '{"commands": [{"command": "createClient", "username": "mallory"}]}')
    device.publish("app/device/boiler/telemetry")
    wait_until(stage.heard, what="what it says last")
    assert names() == before


def test_revoking_cuts_the_live_connection_and_all_topics(stage: Stage, boiler: Device, kind: str) -> None:
    shown = stage.issue(boiler, kind)
    client = stage.connect(shown)
    revoke(shown.credential, None)
    wait_until(client.is_gone.is_set, what="the broker to end the connection")
    late = stage.ask(shown)
    if late.is_taken:  # a certificate, until the broker has the new revocation list
        late.publish("app/device/boiler/telemetry")
    other = stage.connect(stage.issue(boiler, kind))
    other.publish("app/device/boiler/status")
    wait_until(stage.heard, what="its successor")
    assert stage.heard() == ["app/device/boiler/status"]


def test_a_password_works_beside_its_successor_and_the_successor_after_it(stage: Stage, boiler: Device) -> None:
    old, new = stage.issue(boiler, CredentialKind.MQTT), stage.issue(boiler, CredentialKind.MQTT)
    stage.connect(old)
    client = stage.connect(new)
    revoke(old.credential, None)
    client.publish("app/device/boiler/telemetry")
    wait_until(stage.heard, what="the successor")


def test_what_the_broker_knows_already_is_not_told_again(stage: Stage, boiler: Device, kind: str) -> None:
    stage.issue(boiler, kind)
    assert reconcile() == (0, [])


def _take_role(control: Control, credential: Credential) -> None:
    role = {"username": f"boiler~{credential.public_id}", "rolename": "device:boiler"}
    control.tell([{"command": "removeClientRole", **role}])


def _widen_role(control: Control, credential: Credential) -> None:
    acl = {"acltype": "publishClientSend", "topic": "#", "allow": True}
    control.tell([{"command": "addRoleACL", "rolename": "device:boiler", **acl}])


def _give_another_role(control: Control, credential: Credential) -> None:
    name = f"boiler~{credential.public_id}"
    control.tell([{"command": "addClientRole", "username": name, "rolename": "admin"}])


def _disable(control: Control, credential: Credential) -> None:
    control.tell([{"command": "disableClient", "username": f"boiler~{credential.public_id}"}])


def _make_up_a_client(control: Control, credential: Credential) -> None:
    control.tell([{"command": "createClient", "username": "boiler~0", "password": "x"}])


def _open_everything(control: Control, credential: Credential) -> None:
    acls = [{"acltype": "publishClientSend", "allow": True}]
    control.tell([{"command": "setDefaultACLAccess", "acls": acls}])


@pytest.mark.parametrize(
    "spoil", [_take_role, _widen_role, _give_another_role, _disable, _make_up_a_client, _open_everything]
)
def test_what_differs_is_put_right(stage: Stage, boiler: Device, spoil: Callable[[Control, Credential], None]) -> None:
    shown = stage.issue(boiler, CredentialKind.MQTT)
    with Control() as control:
        spoil(control, shown.credential)
    assert reconcile().corrected > 0
    assert reconcile() == (0, [])
    device = stage.connect(shown)
    device.publish("app/device/cellar/telemetry")
    device.publish("app/device/boiler/telemetry")
    wait_until(stage.heard, what="what it says last")
    assert stage.heard() == ["app/device/boiler/telemetry"]


def test_a_certificate_that_the_broker_forgot_is_told_again(stage: Stage, boiler: Device) -> None:
    shown = stage.issue(boiler, CredentialKind.X509)
    dismiss(long_user_name(shown.credential))
    assert reconcile() == (1, [])
    stage.connect(shown).publish("app/device/boiler/telemetry")
    wait_until(stage.heard, what="the device")


def test_a_password_that_the_broker_forgot_is_named(stage: Stage, boiler: Device) -> None:
    shown = stage.issue(boiler, CredentialKind.MQTT)
    dismiss(long_user_name(shown.credential))
    assert reconcile().lost == [shown.options["user"]]


def test_an_expired_password_goes_with_the_next_comparison(stage: Stage, boiler: Device) -> None:
    shown = stage.issue(boiler, CredentialKind.MQTT)
    client = stage.connect(shown)
    boiler.credentials.update(expires_at=timezone.now() - timedelta(seconds=1))
    reconcile()
    wait_until(client.is_gone.is_set, what="the broker to end the connection")
    assert not stage.ask(shown).is_taken


def test_what_people_set_up_themselves_is_left_alone(stage: Stage) -> None:
    with Control() as control:
        control.tell(
            [{"command": "createClient", "username": "bridge"}, {"command": "createRole", "rolename": "bridges"}]
        )
    assert reconcile() == (0, [])
    assert "bridge" in names()


def test_the_role_of_a_deleted_device_goes(stage: Stage, boiler: Device, kind: str) -> None:
    stage.issue(boiler, kind)
    boiler.delete()
    assert reconcile().corrected == 1
    with Control() as control:
        assert "device:boiler" not in {role["rolename"] for role in control.every("listRoles", "roles")}


def test_many_are_compared_page_by_page(stage: Stage) -> None:
    for number in range(60):
        device = DeviceFactory.create(device_id=f"d{number}")
        Credential.objects.create(device=device, kind=CredentialKind.X509, public_id=f"{number:016x}")
    assert reconcile().corrected == 120
    assert reconcile() == (0, [])


def test_nothing_is_issued_while_the_broker_cannot_be_told(settings: Any, transactional_db: None) -> None:
    reserved = ReservedPort()
    settings.BROKER_ACCESS, settings.MQTT_URL = "dynsec", f"mqtt://iotsphere:x@127.0.0.1:{reserved.number}"
    with pytest.raises(ValidationError, match="Nothing was issued"):
        issue(DeviceFactory.create(), CredentialKind.MQTT, None)
    assert not Credential.objects.exists()
    reserved.release()
