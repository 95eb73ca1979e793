import hashlib
import secrets
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from devices.models.device import Device
from devices.permissions import ProjectScopedQuerySet
from devices.signals import credential_revoked

LIVE_PER_KIND = 2


class CredentialKind(models.TextChoices):
    API_KEY = "api_key", "API key (HTTP, WebSocket)"
    MQTT = "mqtt", "MQTT password"


class CredentialQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"

    def live(self) -> Self:
        """Neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))


class Credential(models.Model):
    """One secret by which a device proves who it is: kept as a hash, shown once when issued.

    An API key reads `iot_<public id>_<secret>`; an MQTT password belongs to a user name
    that devices.broker_files tells.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=8, choices=CredentialKind)
    public_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=200, editable=False)
    note = models.CharField(max_length=100, blank=True, help_text="What it is used for, for people.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_address = models.GenericIPAddressField(null=True, blank=True, editable=False)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id} of {self.device}"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def revoke(self) -> bool:
        """Make the secret worthless; False if it was revoked already."""
        now = timezone.now()
        revoked = Credential.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now) == 1
        if revoked:
            self.revoked_at = now
            credential_revoked.send(Credential, credential=self)
        return revoked


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_api_key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
