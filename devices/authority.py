"""The portal's certificate authority: signs the certificates of devices, and says which of them are revoked.

Its root is made at first need and kept in settings.CA_DIR, or supplied by settings.CA_CERTIFICATE and CA_KEY (PEM).
"""

import fcntl
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from devices.private_file import write_privately

ROOT_LASTS = timedelta(days=20 * 365)
# Devices' clocks, and those of brokers, may be a little behind.
CLOCKS_DIFFER = timedelta(minutes=5)
CRL_LASTS = timedelta(days=7)
CRL_IS_FRESH = timedelta(days=1)

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
SigningKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    pem: str  # its certificate, and those that lead from it to a root if it is none itself
    certificate: x509.Certificate
    key: SigningKey

    @property
    def chain(self) -> str:
        """What leads from its signatures to a root that somebody may know; nothing if it is a root itself."""
        return "" if self.certificate.subject == self.certificate.issuer else self.pem

    def sign_client(self, key: PublicKey, public_id: str, device_id: str, expires_at: datetime, now: datetime) -> str:
        """A certificate (PEM) by which a device proves who it is. Its serial number is the credential's public ID."""
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.USER_ID, device_id),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name(public_id)),
            ]
        )
        template = self._template(subject, key, int(public_id, 16), expires_at, now)
        return self._sign(template, ExtendedKeyUsageOID.CLIENT_AUTH)

    def sign_server(self, key: PublicKey, hosts: Sequence[str], expires_at: datetime, now: datetime) -> str:
        """A certificate (PEM) by which a broker proves to devices that it is `hosts` (names and IP addresses)."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        template = self._template(subject, key, secrets.randbits(120), expires_at, now)
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return self._sign(template.add_extension(names, critical=False), ExtendedKeyUsageOID.SERVER_AUTH)

    def revocation_list(self, revoked: Iterable[tuple[str, datetime]], now: datetime) -> str:
        """The list (PEM) of what is revoked: public IDs and since when."""
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - CLOCKS_DIFFER)
            .next_update(now + CRL_LASTS)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        )
        for public_id, at in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(int(public_id, 16)).revocation_date(at).build()
            crl = crl.add_revoked_certificate(entry)
        return crl.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def is_up_to_date(self, crl_pem: str, public_ids: Iterable[str], now: datetime) -> bool:
        """Whether a list made earlier is ours, names the same certificates, and is not to be renewed yet."""
        try:
            crl = x509.load_pem_x509_crl(crl_pem.encode())
        except ValueError:
            return False
        return (
            crl.is_signature_valid(self.key.public_key())
            and {entry.serial_number for entry in crl} == {int(public_id, 16) for public_id in public_ids}
            and crl.last_update_utc + CRL_IS_FRESH > now
        )

    def has_signed(self, certificate: x509.Certificate) -> bool:
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _template(
        self, subject: x509.Name, key: PublicKey, serial: int, expires_at: datetime, now: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(now - CLOCKS_DIFFER)
            .not_valid_after(min(expires_at, self.certificate.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )

    def _sign(self, template: x509.CertificateBuilder, use: x509.ObjectIdentifier) -> str:
        signed = template.add_extension(x509.ExtendedKeyUsage([use]), critical=False).sign(self.key, hashes.SHA256())
        return signed.public_bytes(Encoding.PEM).decode()


def common_name(public_id: str) -> str:
    """What a certificate is called, and its bearer's user name at the broker: no device ID looks like it."""
    return f"~{public_id}"


def authority() -> Authority:
    """The portal's own, made now if there is none yet. Raises ImproperlyConfigured when the supplied one is none."""
    if bool(settings.CA_CERTIFICATE) != bool(settings.CA_KEY):
        raise ImproperlyConfigured("CA_CERTIFICATE and CA_KEY belong together: set both or neither.")
    if settings.CA_CERTIFICATE:
        return _read(settings.CA_CERTIFICATE, settings.CA_KEY)
    folder = Path(settings.CA_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = folder / "root.pem", folder / "root.key"
    if not certificate.exists():
        with (folder / ".lock").open("w") as lock:  # or two processes would each make one
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not certificate.exists():
                _make_root(certificate, key)
    return _read(certificate.read_text(), key.read_text())


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read(certificate_pem: str, pem: str) -> Authority:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(
            "CA_CERTIFICATE and CA_KEY must be a certificate and its unencrypted private key in PEM."
        ) from error
    if not isinstance(key, SigningKey) or _spki(key.public_key()) != _spki(certificate.public_key()):
        raise ImproperlyConfigured("CA_KEY must be the private key (RSA or EC) of CA_CERTIFICATE.")
    if not _may_sign(certificate):
        raise ImproperlyConfigured("CA_CERTIFICATE is not the certificate of an authority: it may not sign others.")
    return Authority(certificate_pem, certificate, key)


def _spki(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _make_root(certificate: Path, key_file: Path) -> None:
    key = new_key()
    now = datetime.now().astimezone()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"IoTSphere {secrets.token_hex(4)}")])
    root = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + ROOT_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_privately(key_file, key_pem(key))  # first: a certificate says that there is a key
    write_privately(certificate, root.public_bytes(Encoding.PEM).decode())


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
