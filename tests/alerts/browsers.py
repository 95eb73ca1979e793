"""A browser that takes pushes: its keys, and what it makes of what it is sent."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_KEY = ec.generate_private_key(ec.SECP256R1())
_AUTH = b"sixteen bytes..."


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


A_BROWSER = {
    "p256dh": _text(_KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
    "auth": _text(_AUTH),
    "name": "Chromium on Linux",
}


def read(body: bytes) -> dict[str, Any]:
    """What nobody but the browser can read."""
    told: dict[str, Any] = json.loads(http_ece.decrypt(body, private_key=_KEY, auth_secret=_AUTH))
    return told
