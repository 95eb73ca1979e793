"""What the portal's authority signs and revokes; tests/devices/test_access_matrix.py shows that Mosquitto obeys it."""

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.utils import timezone
from structlog.testing import capture_logs
from time_machine import travel

from devices.authority import authority, key_pem
from devices.broker_users import user_name
from devices.credentials import issue, revoke, warn_of_expiry
from devices.models import Credential, CredentialKind, Device, RevokedCertificate
from devices.revocation import revocation_list
from tests.certificates import foreign_certificate, new_key, signing_request
from tests.factories import DeviceFactory

pytestmark = pytest.mark.once

X509 = CredentialKind.X509


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.CA_DIR = tmp_path / "ca"
    return tmp_path / "ca"


@pytest.fixture
def boiler(db: None) -> Device:
    return DeviceFactory.create(device_id="b" * 64)


def shown(credential: Credential) -> x509.Certificate:
    return x509.load_pem_x509_certificate(credential.certificate.encode())


def revoked() -> set[int]:
    return {entry.serial_number for entry in x509.load_pem_x509_crl(revocation_list().encode())}


def test_the_root_is_made_once(folder: Path) -> None:
    assert authority().pem == authority().pem


def test_the_roots_key_is_for_its_owner_alone(folder: Path) -> None:
    authority()
    assert stat.S_IMODE((folder / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_supplied_authority_signs_instead(folder: Path, boiler: Device, settings: Any) -> None:
    ours = authority()
    key = (folder / "root.key").read_text()
    settings.CA_DIR, settings.CA_CERTIFICATE, settings.CA_KEY = folder / "other", ours.pem, key
    credential, _ = issue(boiler, X509, None)
    shown(credential).verify_directly_issued_by(ours.certificate)
    assert not (folder / "other" / "root.key").exists()


@pytest.mark.parametrize(
    "supply",
    [
        lambda own: (own.pem, ""),
        lambda own: (own.pem, "nonsense"),
        lambda own: (own.pem, key_pem(new_key())),
        lambda _: (foreign_certificate(), key_pem(new_key())),
    ],
    ids=["no key", "nonsense", "another key", "no authority"],
)
def test_what_is_no_authority_is_refused_with_what_to_do(supply: Callable[[Any], Any], settings: Any) -> None:
    settings.CA_CERTIFICATE, settings.CA_KEY = supply(authority())
    with pytest.raises(ImproperlyConfigured, match="CA_"):
        authority()


def test_a_certificate_names_device_and_credential(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None)
    certificate = shown(credential)
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names == {NameOID.USER_ID: boiler.device_id, NameOID.COMMON_NAME: user_name(credential)}
    assert certificate.serial_number == int(credential.public_id, 16)


def test_a_certificate_proves_clients_alone(boiler: Device) -> None:
    extensions = shown(issue(boiler, X509, None)[0]).extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_key_that_comes_with_it_fits_and_is_kept_nowhere(boiler: Device, folder: Path) -> None:
    credential, secret = issue(boiler, X509, None)
    key = load_pem_private_key(secret.encode(), None)
    assert shown(credential).public_key() == key.public_key()
    kept = [str(value) for value in Credential.objects.values().get().values()]
    assert not any("PRIVATE" in value for value in kept)


def test_of_a_signing_request_the_key_alone_counts(boiler: Device) -> None:
    key = new_key()
    credential, secret = issue(boiler, X509, None, csr=signing_request(key, name="~0000000000000000"))
    assert shown(credential).public_key() == key.public_key()
    assert user_name(credential) in shown(credential).subject.rfc4514_string()
    assert secret == ""


@pytest.mark.parametrize(
    "csr",
    ["nonsense", "x" * 20_000, "ü", signing_request().replace("A", "B", 3), foreign_certificate()],
    ids=["nonsense", "too long", "not ASCII", "damaged", "a certificate"],
)
def test_what_is_no_signing_request_is_refused(csr: str, boiler: Device) -> None:
    with pytest.raises(ValidationError):
        issue(boiler, X509, None, csr=csr)


def test_a_weak_key_is_refused_with_what_to_do(boiler: Device) -> None:
    key = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ValidationError, match="2048 bits or more"):
        issue(boiler, X509, None, csr=signing_request(key))


def test_a_certificate_expires_when_it_is_told_to(boiler: Device) -> None:
    expires_at = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    credential, _ = issue(boiler, X509, None, expires_at=expires_at)
    assert credential.expires_at == shown(credential).not_valid_after_utc == expires_at


def test_otherwise_it_expires_in_a_year(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None)
    assert credential.expires_at is not None
    assert timedelta(days=364) < credential.expires_at - timezone.now() < timedelta(days=366)


def test_no_certificate_outlives_its_authority(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None, expires_at=timezone.now() + timedelta(days=20_000))
    assert credential.expires_at == authority().certificate.not_valid_after_utc


def test_two_certificates_can_be_live_and_no_third(boiler: Device) -> None:
    for _ in range(2):
        issue(boiler, X509, None)
    with pytest.raises(ValidationError, match="Revoke one"):
        issue(boiler, X509, None)


def test_a_revoked_certificate_is_on_the_list(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None)
    assert revoked() == set()
    revoke(credential, None)
    assert revoked() == {int(credential.public_id, 16)}


def test_the_certificate_of_a_deleted_device_is_on_the_list(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None)
    boiler.delete()
    assert revoked() == {int(credential.public_id, 16)}


def test_an_expired_certificate_leaves_the_list(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None)
    revoke(credential, None)
    with travel(timezone.now() + timedelta(days=366)):
        assert revoked() == set()


def test_the_list_stays_the_same_while_nothing_changes(boiler: Device) -> None:
    assert revocation_list() == revocation_list()


def test_the_list_is_made_anew_long_before_it_is_too_old(db: None) -> None:
    first = revocation_list()
    with travel(timezone.now() + timedelta(days=1)):
        second = revocation_list()
    assert second != first
    lasts = x509.load_pem_x509_crl(first.encode()).next_update_utc
    assert lasts is not None
    assert lasts > timezone.now() + timedelta(days=6)


def test_a_list_of_another_authority_is_made_anew(folder: Path, db: None, settings: Any) -> None:
    first = revocation_list()
    settings.CA_DIR = folder / "other"
    (folder / "other").mkdir()
    (folder / "other" / "crl.pem").write_text(first)
    assert x509.load_pem_x509_crl(revocation_list().encode()).is_signature_valid(authority().key.public_key())


def test_a_certificate_of_another_authority_is_known_by_its_fingerprint(boiler: Device) -> None:
    pem = foreign_certificate()
    credential, secret = issue(boiler, X509, None, certificate=pem)
    assert (credential.certificate, credential.is_foreign, secret) == (pem, True, "")
    assert len(str(credential.fingerprint)) == 64


def test_revoked_it_is_not_on_our_list(boiler: Device) -> None:
    revoke(issue(boiler, X509, None, certificate=foreign_certificate())[0], None)
    assert not RevokedCertificate.objects.exists()


def test_one_certificate_is_not_of_two_devices(boiler: Device) -> None:
    pem = foreign_certificate()
    issue(boiler, X509, None, certificate=pem)
    with pytest.raises(ValidationError, match="known already"):
        issue(DeviceFactory.create(), X509, None, certificate=pem)


def test_our_own_certificate_is_no_other_authoritys(boiler: Device) -> None:
    ours, _ = issue(boiler, X509, None)
    with pytest.raises(ValidationError, match="signed this certificate itself"):
        issue(DeviceFactory.create(), X509, None, certificate=ours.certificate)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        ("nonsense", "not a certificate"),
        (foreign_certificate(timedelta(days=-1)), "has expired"),
        (foreign_certificate() * 2, "alone"),
    ],
    ids=["nonsense", "expired", "a chain"],
)
def test_what_is_no_certificate_that_can_be_used_is_refused(pem: str, why: str, boiler: Device) -> None:
    with pytest.raises(ValidationError, match=why):
        issue(boiler, X509, None, certificate=pem)


@pytest.mark.parametrize(
    ("name", "subject"), [("pump 7", "CN=pump 7"), ("+/#", ""), ("Gerät", ""), ("a,b", ""), ("x\n user root", "")]
)
def test_brokers_know_it_by_its_subject_where_that_is_plain(boiler: Device, name: str, subject: str) -> None:
    credential, _ = issue(boiler, X509, None, certificate=foreign_certificate(name=name))
    assert (credential.subject, credential.opens_broker) == (subject, bool(subject))


def test_two_with_one_subject_are_not_live_at_a_time(boiler: Device) -> None:
    credential, _ = issue(boiler, X509, None, certificate=foreign_certificate())
    with pytest.raises(ValidationError, match="Revoke it first"):
        issue(boiler, X509, None, certificate=foreign_certificate())
    revoke(credential, None)
    issue(boiler, X509, None, certificate=foreign_certificate())


def test_what_expires_soon_is_in_the_log(boiler: Device) -> None:
    issue(boiler, CredentialKind.MQTT, None, expires_at=timezone.now() + timedelta(days=100))
    soon, _ = issue(boiler, CredentialKind.API_KEY, None, expires_at=timezone.now() + timedelta(days=10))
    with capture_logs() as logs:
        warn_of_expiry()
    assert [line["public_id"] for line in logs] == [soon.public_id]


def test_a_brokers_certificate_is_for_its_names(tmp_path: Path) -> None:
    call_command("broker_certificate", "mqtt.example.org", "192.0.2.7", folder=tmp_path, verbosity=0)
    certificate = x509.load_pem_x509_certificate((tmp_path / "broker.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mqtt.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    certificate.verify_directly_issued_by(authority().certificate)


def test_a_brokers_certificate_proves_no_client(tmp_path: Path) -> None:
    call_command("broker_certificate", "localhost", folder=tmp_path, verbosity=0)
    certificate = x509.load_pem_x509_certificate((tmp_path / "broker.pem").read_bytes())
    use = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.SERVER_AUTH]
