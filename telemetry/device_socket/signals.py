"""What happens to devices and their keys, told to their open sockets."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from devices.models import Credential, Device
from devices.signals import credential_revoked
from telemetry.live.stream import push_device_change


@receiver([post_save, post_delete], sender=Device)
def device_changed(instance: Device, created: bool = False, **_: Any) -> None:
    if not created:
        _tell_sockets_of(instance.pk)


@receiver([post_save, post_delete], sender=Credential)
def credential_changed(instance: Credential, created: bool = False, **_: Any) -> None:
    if not created:
        _tell_sockets_of(instance.device_id)


@receiver(credential_revoked, sender=Credential)
def key_revoked(credential: Credential, **_: Any) -> None:
    _tell_sockets_of(credential.device_id)


def _tell_sockets_of(device_pk: int) -> None:
    transaction.on_commit(partial(push_device_change, device_pk))
