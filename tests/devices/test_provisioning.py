"""Devices that register themselves with a provisioning key."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.utils import timezone

from devices import topics
from devices.broker_users import provisioning_user
from devices.credentials import authenticate, issue
from devices.models import AuditEntry, Credential, CredentialKind, Device, Project, Provisioning, ProvisioningKey
from devices.provisioning import Refused, make_key, provision, revoke_key
from devices.publisher import publisher
from devices.uplink import Letter, take
from iotsphere.models import User
from tests.certificates import new_key, signing_request
from tests.devices.stage import Shown, Stage, staged
from tests.factories import DeviceFactory, DeviceTypeFactory
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

KEY, X509 = CredentialKind.API_KEY, CredentialKind.X509


@pytest.fixture
def open_by_key(acme: Project) -> Project:
    acme.provisioning = Provisioning.KEY
    acme.save()
    return acme


@pytest.fixture
def shown(open_by_key: Project, alice: User) -> str:
    return make_key(open_by_key, alice)[1]


def refusal(shown: str, device_id: str = "newcomer", **wanted: Any) -> int:
    with pytest.raises(Refused) as caught:
        provision(shown, device_id, **wanted)
    return caught.value.status


def test_a_newcomer_is_registered_and_given_its_credential(acme: Project, shown: str) -> None:
    done = provision(shown, "newcomer", name="New", kind=KEY)
    device = Device.objects.get()
    assert (device.device_id, device.name, device.project) == ("newcomer", "New", acme)
    assert authenticate(done.secret, "192.0.2.7") == done.credential


def test_it_is_of_the_keys_type(open_by_key: Project, alice: User) -> None:
    device_type = DeviceTypeFactory.create()
    provision(make_key(open_by_key, alice, device_type=device_type)[1], "newcomer")
    assert Device.objects.get().device_type == device_type


def test_it_is_in_the_audit_log(shown: str) -> None:
    provision(shown, "newcomer")
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "provisioning_key.made",
        "credential.issued",
        "device.provisioned",
    }


def test_the_key_itself_is_not_kept(shown: str) -> None:
    secret = shown.split("_", 2)[2]
    assert not any(secret in str(value) for value in ProvisioningKey.objects.values().get().values())


@pytest.mark.parametrize("key", ["", "prov_", "prov_0123456789abcdef_" + "x" * 43, "iot_0123456789abcdef_" + "x" * 43])
def test_what_is_no_key_lets_nobody_in(key: str, shown: str) -> None:
    assert refusal(key) == 401
    assert not Device.objects.exists()


def test_a_revoked_key_lets_nobody_in(shown: str, alice: User) -> None:
    revoke_key(ProvisioningKey.objects.get(), alice)
    assert refusal(shown) == 401


def test_an_expired_key_lets_nobody_in(open_by_key: Project, alice: User) -> None:
    shown = make_key(open_by_key, alice, expires_at=timezone.now() - timedelta(seconds=1))[1]
    assert refusal(shown) == 401


def test_a_key_for_one_device_lets_one_in(open_by_key: Project, alice: User) -> None:
    shown = make_key(open_by_key, alice, most_devices=1)[1]
    provision(shown, "first")
    assert refusal(shown, "second") == 401
    assert not Device.objects.filter(device_id="second").exists()


def test_a_closed_project_lets_nobody_in(acme: Project, alice: User) -> None:
    assert refusal(make_key(acme, alice)[1]) == 403


def test_a_registered_device_that_never_had_a_credential_is_let_in(acme: Project, shown: str) -> None:
    device = DeviceFactory.create(device_id="sensor", project=acme, name="As it was")
    assert provision(shown, "sensor").credential.device == device
    device.refresh_from_db()
    assert device.name == "As it was"


def test_a_key_takes_no_device_over(acme: Project, shown: str) -> None:
    device = DeviceFactory.create(device_id="sensor", project=acme)
    credential, _ = issue(device, KEY, None)
    credential.revoke()
    assert refusal(shown, "sensor") == 409


def test_a_key_reaches_no_device_of_another_project(globex: Project, shown: str) -> None:
    DeviceFactory.create(device_id="sensor", project=globex)
    assert refusal(shown, "sensor") == 409


def test_a_name_that_is_no_device_id_is_refused(shown: str) -> None:
    assert refusal(shown, "a/b") == 400
    assert refusal(shown, "") == 400


def test_who_asks_again_for_the_same_key_gets_the_same_certificate(shown: str) -> None:
    csr = signing_request(new_key())
    first = provision(shown, "newcomer", kind=X509, csr=csr)
    assert provision(shown, "newcomer", kind=X509, csr=csr).credential == first.credential
    assert refusal(shown, "newcomer", kind=X509, csr=signing_request()) == 409


def test_what_fails_leaves_nothing_behind(shown: str) -> None:
    assert refusal(shown, kind=X509, csr="nonsense") == 400
    assert not Device.objects.exists()
    assert ProvisioningKey.objects.get().used == 0


def test_too_many_at_once_have_to_wait(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.provisioning.PER_MINUTE", 1)
    provision(shown, "first")
    assert refusal(shown, "second") == 429


@pytest.fixture
def stage(tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[Stage]:
    with staged(tmp_path, settings, "files") as stage:
        publisher.cache_clear()
        yield stage
        publisher().close()
        publisher.cache_clear()


def newcomer(stage: Stage, shown: str) -> BrokerClient:
    """A client that has nothing but the key."""
    user = provisioning_user(ProvisioningKey.objects.get())
    options = {"user": user, "password": shown, "port": stage.ports.password}
    return stage.connect(Shown(Credential(), options))


def ask_by_mqtt(stage: Stage, shown: str, **wanted: Any) -> dict[str, Any]:
    """What a device is answered that has nothing but the key."""
    key = ProvisioningKey.objects.get()
    client = newcomer(stage, shown)
    client.subscribe(f"app/provision/{key.public_id}/reply/+")
    client.publish(f"app/provision/{key.public_id}/request", json.dumps({"id": "n1", "key": shown, **wanted}))
    wait_until(stage.heard, what="the request")
    topic, body = stage.portal.heard[-1]
    parsed = topics.parse(topic)
    assert parsed is not None
    take([Letter(parsed, body, timezone.now())])
    wait_until(lambda: client.heard, what="the answer")
    return json.loads(client.heard[0][1])


@pytest.mark.once
def test_by_mqtt_a_device_is_given_a_certificate_that_opens_the_broker(stage: Stage, shown: str) -> None:
    key = new_key()
    answer = ask_by_mqtt(stage, shown, device_id="newcomer", csr=signing_request(key))
    assert (answer["status"], answer["secret"]) == (201, None)
    assert x509.load_pem_x509_certificate(answer["certificate"].encode()).public_key() == key.public_key()
    credential = Credential.objects.get()
    assert answer["username"] == f"~{credential.public_id}"


@pytest.mark.once
def test_by_mqtt_nothing_else_is_issued(stage: Stage, shown: str) -> None:
    assert ask_by_mqtt(stage, shown, device_id="newcomer")["status"] == 400
    assert not Device.objects.exists()


@pytest.mark.once
def test_a_provisioning_key_opens_no_other_topic(stage: Stage, shown: str) -> None:
    key = ProvisioningKey.objects.get()
    client = newcomer(stage, shown)
    client.subscribe("#")
    other = "0123456789abcdef"
    for topic in ("app/device/boiler/telemetry", f"app/provision/{other}/request", f"app/provision/{key.public_id}/x"):
        client.publish(topic)
    client.publish(f"app/provision/{key.public_id}/request")
    wait_until(stage.heard, what="the last")
    assert stage.heard() == [f"app/provision/{key.public_id}/request"]
    for topic in (
        "app/device/boiler/command",
        f"app/provision/{other}/reply/x",
        f"app/provision/{key.public_id}/reply/x",
    ):
        stage.portal.publish(topic)
    wait_until(client.topics, what="the answer")
    assert client.topics() == [f"app/provision/{key.public_id}/reply/x"]


@pytest.mark.once
def test_a_revoked_key_is_cut_off(stage: Stage, shown: str, alice: User) -> None:
    key = ProvisioningKey.objects.get()
    client = newcomer(stage, shown)
    revoke_key(key, alice)
    wait_until(client.is_gone.is_set, what="the broker to end the connection")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"id": 7}', b'{"id": "a/b"}', b'{"id": "a", "csr": {}}', b"[" * 30_000, b"x" * 40_000]
)
def test_a_request_that_is_none_hurts_nobody(body: bytes, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.provisioning.publish", lambda messages: [True])
    take([Letter(topics.Topic("", topics.PROVISION, "0123456789abcdef"), body, timezone.now())])
    assert not Device.objects.exists()
