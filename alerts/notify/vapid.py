"""The key by which the makers of browsers know this portal (RFC 8292).

Made at first need and kept in settings.DATA_DIR, or supplied by settings.VAPID_KEY (PEM): where it changes, browsers
have to subscribe anew.
"""

import fcntl
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from devices.private_file import write_privately


def public_key() -> str:
    """As browsers want it: base64url of the point."""
    point = _key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()


def authorization(endpoint: str) -> str:
    """What proves to the service at `endpoint` who sends, for a day."""
    from py_vapid import Vapid02  # noqa: PLC0415 (see alerts.notify.web_push)

    parts = urlsplit(endpoint)
    said = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": f"mailto:{settings.DEFAULT_FROM_EMAIL}"}
    return str(Vapid02(_key(), conf={"no-strict": True}).sign(said)["Authorization"])


def _key() -> ec.EllipticCurvePrivateKey:
    if settings.VAPID_KEY:
        return _read(settings.VAPID_KEY, "VAPID_KEY")
    file = Path(settings.DATA_DIR, "vapid_key.pem")
    if not file.is_file():
        # Several processes may need it first.
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.is_file():
                made = ec.generate_private_key(ec.SECP256R1())
                pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                write_privately(file, pem.decode())
    return _read(file.read_text(), str(file))


def _read(pem: str, where: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{where} holds no private key in PEM: {error}.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ImproperlyConfigured(f"{where} must hold a key of the curve P-256.")
    return key
