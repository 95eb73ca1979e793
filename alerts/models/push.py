from base64 import urlsafe_b64decode
from typing import ClassVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from devices.addresses import may_connect


class PushSubscription(models.Model):
    """A browser that shows a person's alerts, also while no page of the portal is open: what Web Push calls a
    subscription.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions")
    name = models.CharField(max_length=200, blank=True, help_text="The browser, as it calls itself.")
    endpoint = models.URLField(max_length=700, unique=True, help_text="Where its maker takes messages for it.")
    p256dh = models.CharField(max_length=100, help_text="Its public key: nobody else can read what it is sent.")
    auth = models.CharField(max_length=50)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name or 'A browser'} of {self.user}"

    def clean(self) -> None:
        if not _may_be_told(self.endpoint):
            raise ValidationError({"endpoint": "It must begin with https://."})
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(self.p256dh))
        except ValueError:
            raise ValidationError({"p256dh": "It is not a point of the curve P-256, as browsers give it."}) from None
        try:
            length = len(decoded(self.auth))
        except ValueError:
            length = 0
        if length != 16:
            raise ValidationError({"auth": "It must be 16 bytes in base64url, as browsers give it."})


def decoded(text: str) -> bytes:
    """Base64url without its padding. Raises ValueError."""
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))


def _may_be_told(endpoint: str) -> bool:
    """Only the networks that are allowed to webhooks, too, are spoken to in the clear."""
    try:
        parts = urlsplit(endpoint)
        return parts.scheme == "https" or may_connect(parts.hostname or "", settings.WEBHOOK_PRIVATE_NETWORKS)
    except ValueError:
        return False
