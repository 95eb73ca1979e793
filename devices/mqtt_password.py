"""Mosquitto's password hashes. Free of Django: the development broker checks them too."""

import base64
import hashlib
import hmac
import secrets

# The secrets are random (256 bits), not chosen by people: the iterations slow nobody's guessing down, they are
# Mosquitto's default, and the hash is written to its password file as it stands.
MOSQUITTO_ITERATIONS = 101


def hash_mqtt_password(secret: str, salt: bytes | None = None) -> str:
    """Mosquitto's `$7$iterations$salt$hash` (PBKDF2-HMAC-SHA512, 64 bytes), as its password file holds it."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, MOSQUITTO_ITERATIONS)
    return f"$7${MOSQUITTO_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def mqtt_password_matches(secret: str, hashed: str) -> bool:
    _, scheme, _iterations, salt, _digest = hashed.split("$")
    return scheme == "7" and hmac.compare_digest(hashed, hash_mqtt_password(secret, base64.b64decode(salt)))
