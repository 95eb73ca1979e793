"""Keys, signing requests and certificates as devices and other authorities make them."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.utils import timezone

MAKER = "A maker of boilers"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signing_request(key: Key | None = None, name: str = "whatever the device says") -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(named(name)).sign(key or new_key(), hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def foreign_certificate(lasts: timedelta = timedelta(days=30), name: str = "boiler") -> str:
    return signed_by_maker(new_key(), lasts=lasts, name=name)


def signed_by_maker(
    key: Key, lasts: timedelta = timedelta(days=30), name: str = "boiler", maker: Key | None = None
) -> str:
    """With `maker` the key that signs: the maker's own certificate is one of these, with its name."""
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(MAKER))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=name == MAKER, path_length=None), critical=True)
        .sign(maker or key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()
