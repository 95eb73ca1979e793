"""What happens to devices and their keys, told to their open sockets."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from devices.command_states import CommandStatus
from devices.models import Credential, Device, Way
from devices.signals import commands_changed, credential_revoked, twin_changed
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


@receiver(commands_changed)
def commands_wait(pks: Sequence[UUID], **_: Any) -> None:
    """After the commit: the sockets look what waits for their devices."""
    waiting = Device.objects.filter(reached_by=Way.WEBSOCKET, commands__in=pks, commands__status=CommandStatus.QUEUED)
    for device_pk in waiting.order_by().values_list("pk", flat=True).distinct():
        push_device_change(device_pk)


@receiver(twin_changed)
def settings_wait(pk: int, **_: Any) -> None:
    waiting = Device.objects.filter(reached_by=Way.WEBSOCKET, twin=pk, twin__pending_since__isnull=False)
    for device_pk in waiting.values_list("pk", flat=True):
        push_device_change(device_pk)


def _tell_sockets_of(device_pk: int) -> None:
    transaction.on_commit(partial(push_device_change, device_pk))
