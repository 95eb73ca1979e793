"""Certificates by which devices prove who they are: signed by the portal's authority, or known by their fingerprint."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.authority import PublicKey, authority, key_pem, new_key

LASTS = timedelta(days=365)
MAX_PEM = 16_384
RSA_BITS = range(2048, 8193)
BEGIN = "-----BEGIN CERTIFICATE-----"
# What OpenSSL, and so a broker, writes as it stands (RFC 2253), by the names it has for it.
PLAIN = re.compile(r"(?:[A-Za-z]+=[A-Za-z0-9][A-Za-z0-9 ._@:()'-]*(?<! )(?:,|$))+")
NAMES = {NameOID.SERIAL_NUMBER: "serialNumber", NameOID.EMAIL_ADDRESS: "emailAddress"}
MAX_SUBJECT = 255


class Certificate(NamedTuple):
    pem: str
    fingerprint: str
    expires_at: datetime
    is_foreign: bool = False
    subject: str = ""


def sign(public_id: str, device_id: str, csr: str = "", expires_at: datetime | None = None) -> tuple[Certificate, str]:
    """A certificate of the portal's authority, and its private key (PEM), which is kept nowhere.

    With a signing request it is for the request's key and no private key is known. Nothing else in the request counts.
    Raises ValidationError for a request that is none.
    """
    now = timezone.now()
    own_key = None if csr else new_key()
    key = own_key.public_key() if own_key else key_of_request(csr)
    pem = authority().sign_client(key, public_id, device_id, expires_at or now + LASTS, now)
    return _known(x509.load_pem_x509_certificate(pem.encode())), key_pem(own_key) if own_key else ""


def recognise(pem: str) -> Certificate:
    """A certificate of another authority, to be known by its fingerprint: whatever else it says proves nothing here.

    Raises ValidationError for what is none, or none that can be used.
    """
    if pem.count(BEGIN) > 1:
        raise ValidationError("Give the device's certificate alone, without those of the authorities above it.")
    try:
        shown = x509.load_pem_x509_certificate(_bytes(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValidationError("This is not a certificate in PEM.") from error
    if authority().has_signed(shown):
        raise ValidationError("The portal signed this certificate itself. Issue a new one instead.")
    if shown.not_valid_after_utc <= timezone.now():
        raise ValidationError("This certificate has expired.")
    return _known(shown)._replace(is_foreign=True, subject=_subject(shown))


def key_of_request(csr: str) -> PublicKey:
    """The key that a signing request asks a certificate for; ValidationError if there is none to be signed."""
    try:
        request = x509.load_pem_x509_csr(_bytes(csr))
        is_theirs, key = request.is_signature_valid, request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValidationError("This is not a certificate signing request in PEM.") from error
    if not is_theirs:
        raise ValidationError("The signature of this request does not fit its key.")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise ValidationError("The key must be RSA (2048 bits or more), ECDSA (P-256, P-384 or P-521) or Ed25519.")


def _subject(certificate: x509.Certificate) -> str:
    """As a broker writes it, which takes it for a user name; nothing if that is not certain."""
    text = certificate.subject.rfc4514_string(NAMES)
    return text if len(text) <= MAX_SUBJECT and PLAIN.fullmatch(text) else ""


def _known(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        certificate.public_bytes(Encoding.PEM).decode(),
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.not_valid_after_utc,
    )


def _bytes(pem: str) -> bytes:
    if len(pem) > MAX_PEM:
        raise ValidationError(f"This is too long to be one: at most {MAX_PEM} characters are taken.")
    return pem.encode("ascii", "replace")
