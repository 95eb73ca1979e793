from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from devices.models.device import Device
from devices.models.device_type import DeviceType
from devices.models.project import Project
from devices.permissions import ProjectScopedQuerySet
from devices.signals import provisioning_key_revoked


class ProvisioningKeyQuerySet(ProjectScopedQuerySet):
    def live(self) -> Self:
        """Neither revoked nor expired nor used up."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now),
            models.Q(most_devices=None) | models.Q(used__lt=models.F("most_devices")),
        )


class ProvisioningKey(models.Model):
    """What new devices of a project show to be registered: `prov_<public id>_<secret>`, kept as hashes, shown once."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="provisioning_keys")
    device_type = models.ForeignKey(
        DeviceType, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Of the devices that come with it.",
    )  # fmt: skip
    public_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    # As brokers check it, for MQTT.
    password_hash = models.CharField(max_length=200, editable=False)
    note = models.CharField(max_length=100, blank=True, help_text="Which devices it is for, for people.")
    most_devices = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)],
        help_text="So many devices may come with it. Empty: any number.",
    )  # fmt: skip
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    used = models.PositiveIntegerField(default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ProvisioningKeyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Provisioning key {self.public_id} of {self.project}"

    @property
    def is_live(self) -> bool:
        return (
            self.revoked_at is None
            and (self.expires_at is None or self.expires_at > timezone.now())
            and (self.most_devices is None or self.used < self.most_devices)
        )

    def revoke(self) -> bool:
        """Let nobody in with it any more; False if it was revoked already. Devices that came with it stay."""
        now = timezone.now()
        revoked = ProvisioningKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now) == 1
        if revoked:
            self.revoked_at = now
            provisioning_key_revoked.send(ProvisioningKey, key=self)
        return revoked


class ClaimCodeQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class ClaimCode(models.Model):
    """What is printed on a device that is registered already: who scans it, and may, gives the device its credential.

    It is no secret: it says which device somebody stands before. That somebody has to be signed in.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="claim_codes")
    code = models.CharField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects = ClaimCodeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device"], condition=models.Q(claimed_at=None), name="claim_code_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.code} for {self.device}"
