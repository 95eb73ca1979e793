import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from devices.models.certificate import RevokedCertificate
from devices.models.device import Device
from devices.permissions import ProjectScopedQuerySet
from devices.signals import credential_revoked

LIVE_PER_KIND = 2
EXPIRES_SOON = timedelta(days=30)


class CredentialKind(models.TextChoices):
    API_KEY = "api_key", "API key (HTTP, WebSocket)"
    MQTT = "mqtt", "MQTT password"
    X509 = "x509", "X.509 certificate"


class CredentialQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"

    def live(self) -> Self:
        """Neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))

    def for_brokers(self) -> Self:
        return self.exclude(kind=CredentialKind.API_KEY).exclude(is_foreign=True, subject="")

    def expiring(self) -> Self:
        """Live, but not for long."""
        return self.live().filter(expires_at__lte=timezone.now() + EXPIRES_SOON)


class Credential(models.Model):
    """One thing by which a device proves who it is: kept as a hash, shown once when issued.

    An API key reads `iot_<public id>_<secret>`; an MQTT password belongs to a user name that devices.broker_files
    tells; a certificate is public itself, and its private key is nowhere but on the device.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=8, choices=CredentialKind)
    public_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=200, blank=True, editable=False)
    certificate = models.TextField(blank=True, editable=False)
    # SHA-256, as hexadecimal digits.
    fingerprint = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    is_foreign = models.BooleanField("signed by another authority", default=False, editable=False)
    # Of such a certificate, as brokers write it; empty if they might write it otherwise.
    subject = models.CharField(max_length=255, blank=True, editable=False)
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
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(revoked_at=None) & ~models.Q(subject=""),
                name="one_live_credential_a_subject",
                violation_error_message="Another credential has a certificate with this subject: revoke it first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id} of {self.device}"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    @property
    def is_expiring(self) -> bool:
        return self.is_live and self.expires_at is not None and self.expires_at <= timezone.now() + EXPIRES_SOON

    @property
    def opens_broker(self) -> bool:
        """A broker cannot ask for a fingerprint: certificates of other authorities it knows by their subject."""
        return self.kind != CredentialKind.API_KEY and bool(self.subject or not self.is_foreign)

    def revoke(self) -> bool:
        """Make the secret worthless; False if it was revoked already."""
        now = timezone.now()
        with transaction.atomic():
            revoked = Credential.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now) == 1
            if revoked:
                self.revoked_at = now
                put_on_revocation_list(instance=self)
                credential_revoked.send(Credential, credential=self)
        return revoked


@receiver(pre_delete, sender=Credential)
def put_on_revocation_list(instance: Credential, **_: object) -> None:
    """A certificate that the portal signed is good until it expires, unless the list says otherwise."""
    if instance.kind == CredentialKind.X509 and instance.expires_at and not instance.is_foreign:
        RevokedCertificate.objects.get_or_create(
            public_id=instance.public_id,
            defaults={"revoked_at": instance.revoked_at or timezone.now(), "expires_at": instance.expires_at},
        )


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_api_key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
