import pytest
from django.core.exceptions import ValidationError

from devices.claims import AlreadyClaimed, claim, codes_for
from devices.credentials import authenticate, issue
from devices.hardware import clone, replace_hardware
from devices.models import AuditEntry, CredentialKind, Device, Lifecycle, Project
from iotsphere.models import User
from tests.factories import DeviceFactory

KEY = CredentialKind.API_KEY


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme, labels=["cellar"], location="Cellar")


def test_new_hardware_has_a_credential_and_the_old_ones_are_worthless(boiler: Device, alice: User) -> None:
    _, old = issue(boiler, KEY, alice)
    issue(boiler, CredentialKind.MQTT, alice)
    credential, new = replace_hardware(boiler, alice, serial_number="SN-2", kind=KEY)
    assert authenticate(old, "192.0.2.7") is None
    assert authenticate(new, "192.0.2.7") == credential
    assert list(boiler.credentials.live()) == [credential]


def test_replacing_is_noted_in_the_history_and_the_audit_log(boiler: Device, alice: User) -> None:
    replace_hardware(boiler, alice, serial_number="SN-2", kind=KEY, reason="Rusted through")
    change = boiler.history.first()
    assert change is not None
    assert (change.serial_number, change.history_change_reason) == ("SN-2", "Hardware replaced. Rusted through")
    entry = AuditEntry.objects.get(action="device.hardware_replaced")
    assert (entry.detail["before"], entry.detail["after"]) == ("", "SN-2")


def test_a_clone_is_described_alike_and_has_no_credentials(boiler: Device, alice: User) -> None:
    issue(boiler, KEY, alice)
    twin = clone(boiler, alice, device_id="boiler-2")
    assert (twin.project, twin.labels, twin.location, twin.name) == (
        boiler.project,
        ["cellar"],
        "Cellar",
        "boiler (copy)",
    )
    assert not twin.credentials.exists()


def test_a_clone_takes_no_name_that_is_taken(boiler: Device, alice: User) -> None:
    with pytest.raises(ValidationError):
        clone(boiler, alice, device_id="boiler")


def test_a_device_keeps_its_claim_code_until_it_is_claimed(boiler: Device, oscar: User) -> None:
    [first], [second] = codes_for([boiler], oscar), codes_for([boiler], oscar)
    assert first == second
    claim(first, oscar, kind=KEY, name="Boiler", location="Attic")
    assert codes_for([boiler], oscar) != [first]


def test_who_claims_puts_the_device_into_service(boiler: Device, oscar: User) -> None:
    boiler.lifecycle = Lifecycle.DISABLED
    boiler.save()
    credential, secret = claim(codes_for([boiler], oscar)[0], oscar, kind=KEY, name="Boiler", location="Attic")
    boiler.refresh_from_db()
    assert (boiler.name, boiler.location, boiler.lifecycle) == ("Boiler", "Attic", Lifecycle.ACTIVE)
    assert authenticate(secret, "192.0.2.7") == credential
    assert AuditEntry.objects.filter(action="device.claimed", actor=oscar).exists()


def test_a_code_is_good_for_one_claim(boiler: Device, oscar: User) -> None:
    [code] = codes_for([boiler], oscar)
    claim(code, oscar, kind=KEY, name="", location="")
    with pytest.raises(AlreadyClaimed):
        claim(code, oscar, kind=KEY, name="", location="")


def test_a_claim_that_fails_leaves_the_code_open(boiler: Device, oscar: User) -> None:
    for _ in range(2):
        issue(boiler, KEY, None)
    [code] = codes_for([boiler], oscar)
    with pytest.raises(ValidationError):
        claim(code, oscar, kind=KEY, name="", location="")
    code.refresh_from_db()
    assert code.claimed_at is None
