"""The portal's signature of its firmware: by it a device knows that a package is for its type and from its portal.

The key is made at first need and kept in settings.FIRMWARE_DIR; devices are given its public half (/firmware.pem).
"""

import base64
import fcntl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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

KEY = "signing.key"


def sign(device_type: str, version: str, size: int, sha256: str) -> str:
    """Ed25519 of what a package is, in Base64."""
    return base64.b64encode(_key().sign(statement(device_type, version, size, sha256))).decode()


def statement(device_type: str, version: str, size: int, sha256: str) -> bytes:
    """What is signed: a line each, so that no package passes for one of another type, version or content."""
    return "\n".join([device_type, version, str(size), sha256]).encode()


def public_key() -> str:
    """PEM."""
    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _key() -> Ed25519PrivateKey:
    folder = Path(settings.FIRMWARE_DIR)
    file = folder / KEY
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:  # or two processes would each make one
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                made = Ed25519PrivateKey.generate()
                pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                write_privately(file, pem.decode())
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"{file} must be an Ed25519 private key: packages were signed with one.")
    return key
