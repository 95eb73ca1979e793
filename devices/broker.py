"""The broker follows the credentials: by the files of one on this machine, or by the dynamic security plugin."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from devices import broker_dynsec
from devices.broker_files import write_broker_files
from devices.broker_users import long_user_name, provisioning_user
from devices.models import Credential, ProvisioningKey
from devices.signals import credential_revoked, provisioning_key_revoked


def follow() -> None:
    """Make the broker know what it should, whatever it was told before."""
    if settings.BROKER_ACCESS == "dynsec":
        broker_dynsec.reconcile()
    else:
        write_broker_files()


def admit(credential: Credential, password: str) -> None:
    """Tell the broker of a credential that is being issued, in the transaction that issues it.

    Files hold hashes, and are written after the commit. The plugin has to be told the password itself, which is known
    now and never again: raises ValidationError when it cannot be told.
    """
    if settings.BROKER_ACCESS != "dynsec" or not credential.opens_broker:
        return
    try:
        broker_dynsec.admit(credential, password)
    except broker_dynsec.BrokerDoesNotObey as error:
        raise ValidationError(f"Nothing was issued, for the broker cannot be told: {error} Try again later.") from error


def admit_provisioning_key(key: ProvisioningKey, password: str) -> None:
    """As `admit`, for a key that is being made."""
    if settings.BROKER_ACCESS != "dynsec":
        return
    try:
        broker_dynsec.admit_provisioning_key(key, password)
    except broker_dynsec.BrokerDoesNotObey as error:
        raise ValidationError(f"No key was made, for the broker cannot be told: {error} Try again later.") from error


@receiver([post_save, post_delete], sender=ProvisioningKey)
@receiver(provisioning_key_revoked, sender=ProvisioningKey)
def follow_keys_after_commit(**sent: Any) -> None:
    if settings.BROKER_ACCESS == "dynsec":
        key = sent.get("key") or sent["instance"]
        if not sent.get("created") and not key.is_live:
            name = provisioning_user(key)
            transaction.on_commit(lambda: broker_dynsec.dismiss(name), robust=True)
    elif settings.BROKER_DIR:
        transaction.on_commit(write_broker_files, robust=True)


@receiver([post_save, post_delete], sender=Credential)
@receiver(credential_revoked, sender=Credential)
def follow_after_commit(**sent: Any) -> None:
    if settings.BROKER_ACCESS == "dynsec":
        credential = sent.get("credential") or sent["instance"]
        if credential.opens_broker and not sent.get("created"):
            name = long_user_name(credential)  # now: after the commit its device may be gone
            transaction.on_commit(lambda: broker_dynsec.dismiss(name), robust=True)
    elif settings.BROKER_DIR:
        transaction.on_commit(write_broker_files, robust=True)
