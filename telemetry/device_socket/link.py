"""The device at the other end of a socket: who it is, whether it may still send, and when it came and went."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from devices.credentials import authenticate
from devices.models import Credential, Lifecycle, Way
from devices.presence import Status, Word, note_statuses
from telemetry import live
from telemetry.live.frames import Refused

# A key that is revoked or expires reaches the socket at once; what no signal tells is found out after this long.
LOOKED_AT_EVERY = timedelta(minutes=15)
NO_KEY = "Send a live API key of the device: as header `Authorization: Bearer iot_…`, or in an authenticate frame."


@dataclass(slots=True)
class Link:
    device_pk: int
    device_id: str
    credential: int
    valid_until: datetime
    heard_at: datetime  # when it last was, by way of this socket

    def note(self, word: Word) -> None:
        """Tell that the device is there by way of this socket, or no longer."""
        now = timezone.now()
        if word == "online":
            self.heard_at = now
        status = Status(self.device_id, word, now, since=self.heard_at)
        live.push(live.presence_changes(note_statuses([status], Way.WEBSOCKET)))


def link_with(key: str, address: str) -> Link:
    """Raises Refused."""
    credential = authenticate(key, address)
    if credential is None:
        raise Refused("unauthenticated", NO_KEY)
    return _link(credential)


def link_again(link: Link) -> Link:
    """The same as it is now. Raises Refused when the device may no longer send."""
    credential = Credential.objects.live().select_related("device").filter(pk=link.credential).first()
    if credential is None:
        raise Refused("unauthenticated", "The API key was revoked or has expired: use another.")
    again = _link(credential)
    again.heard_at = link.heard_at
    return again


def _link(credential: Credential) -> Link:
    device = credential.device
    if device.lifecycle != Lifecycle.ACTIVE:
        raise Refused("disabled", f"The device is {device.lifecycle}: nothing that it sends is taken.")
    valid_until = timezone.now() + LOOKED_AT_EVERY
    if credential.expires_at is not None:
        valid_until = min(valid_until, credential.expires_at)
    return Link(device.pk, device.device_id, credential.pk, valid_until, timezone.now())
