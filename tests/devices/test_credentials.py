from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from time_machine import travel

from devices.credentials import authenticate, issue
from devices.models import Credential, CredentialKind, Device
from devices.mqtt_password import mqtt_password_matches
from iotsphere.models import User
from tests.factories import NOON, DeviceFactory

pytestmark = pytest.mark.django_db
HOME = "192.0.2.7"


@pytest.fixture
def device(alice: User) -> Device:
    return DeviceFactory.create(device_id="sensor")


def test_an_api_key_is_recognised(device: Device, alice: User) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, alice)
    assert key.startswith(f"iot_{credential.public_id}_")
    assert authenticate(key, HOME) == credential


def test_who_issued_it_is_kept(device: Device, alice: User) -> None:
    credential, _ = issue(device, CredentialKind.API_KEY, alice, note="roof")
    assert (credential.created_by, credential.note) == (alice, "roof")


def test_the_secret_itself_is_not_kept(device: Device) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    secret = key.rpartition("_")[2]
    assert secret not in "".join(str(value) for value in Credential.objects.values().get(pk=credential.pk).values())


def test_an_mqtt_password_is_kept_as_the_broker_reads_it(device: Device) -> None:
    credential, password = issue(device, CredentialKind.MQTT, None)
    assert mqtt_password_matches(password, credential.secret_hash)


def test_an_mqtt_password_is_no_api_key(device: Device) -> None:
    credential, password = issue(device, CredentialKind.MQTT, None)
    assert authenticate(f"iot_{credential.public_id}_{password}", HOME) is None


@pytest.mark.parametrize("spoil", [lambda key: key[:-1], lambda key: key + "x", str.upper, lambda key: "x" + key])
def test_a_key_that_is_nearly_right_is_wrong(device: Device, spoil: object) -> None:
    assert callable(spoil)
    assert authenticate(spoil(issue(device, CredentialKind.API_KEY, None)[1]), HOME) is None


@pytest.mark.parametrize("key", ["", "iot_", "iot__", "iot_0123456789abcdef_", "iot_\0_\0", "Bearer", "ü" * 100])
def test_what_is_no_key_is_nobodys(key: str) -> None:
    assert authenticate(key, HOME) is None


def test_a_revoked_key_is_worthless(device: Device) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    credential.revoke()
    assert authenticate(key, HOME) is None


def test_an_expired_key_is_worthless(device: Device) -> None:
    _, key = issue(device, CredentialKind.API_KEY, None, expires_at=timezone.now() - timedelta(seconds=1))
    assert authenticate(key, HOME) is None


def test_two_of_a_kind_can_be_live(device: Device) -> None:
    keys = [issue(device, CredentialKind.API_KEY, None)[1] for _ in range(2)]
    assert all(authenticate(key, HOME) for key in keys)


def test_a_third_of_a_kind_is_refused(device: Device) -> None:
    for _ in range(2):
        issue(device, CredentialKind.API_KEY, None)
    with pytest.raises(ValidationError, match="Revoke one"):
        issue(device, CredentialKind.API_KEY, None)


def test_kinds_are_counted_apart(device: Device) -> None:
    for kind in (CredentialKind.API_KEY, CredentialKind.MQTT):
        for _ in range(2):
            issue(device, kind, None)
    assert device.credentials.live().count() == 4


def test_one_revoked_makes_room(device: Device) -> None:
    first, _ = issue(device, CredentialKind.API_KEY, None)
    issue(device, CredentialKind.API_KEY, None)
    first.revoke()
    issue(device, CredentialKind.API_KEY, None)


def test_its_use_is_noted(device: Device) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    with travel(NOON, tick=False):
        authenticate(key, HOME)
    credential.refresh_from_db()
    assert (credential.last_used_at, credential.last_used_address) == (NOON, HOME)


def test_its_use_is_noted_once_a_minute_at_most(device: Device) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    for seconds in (0, 60, 61):
        with travel(NOON + timedelta(seconds=seconds), tick=False):
            authenticate(key, HOME)
    credential.refresh_from_db()
    assert credential.last_used_at == NOON + timedelta(seconds=61)


def test_a_use_within_the_minute_writes_nothing(device: Device) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    for seconds in (0, 59):
        with travel(NOON + timedelta(seconds=seconds), tick=False):
            authenticate(key, HOME)
    credential.refresh_from_db()
    assert credential.last_used_at == NOON


@pytest.mark.parametrize(("address", "noted"), [("fe80::1%eth0", "fe80::1"), ("", None), ("/run/socket", None)])
def test_an_address_that_is_none_hurts_nobody(device: Device, address: str, noted: str | None) -> None:
    credential, key = issue(device, CredentialKind.API_KEY, None)
    authenticate(key, address)
    credential.refresh_from_db()
    assert credential.last_used_address == noted
