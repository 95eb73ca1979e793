"""The address that a device downloads its firmware from. Whoever knows it needs no other key, as long as it lasts."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.urls import reverse

LASTS = timedelta(days=1)
_SALT = "devices.firmware"


class NoLink(Exception):
    """Nobody has signed this, or somebody has changed it."""


class Expired(NoLink):
    pass


def link(command: UUID) -> str:
    """For the device that was sent the command."""
    token = TimestampSigner(salt=_SALT).sign(str(command))
    return settings.PORTAL_URL + reverse("firmware-download", args=[token])


def command_of(token: str) -> UUID:
    """Whose link it is. Raises Expired and NoLink."""
    try:
        return UUID(TimestampSigner(salt=_SALT).unsign(token, max_age=LASTS))
    except SignatureExpired as error:
        raise Expired from error
    except (BadSignature, ValueError) as error:
        raise NoLink from error
