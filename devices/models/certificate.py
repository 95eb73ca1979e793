from typing import ClassVar

from django.db import models


class RevokedCertificate(models.Model):
    """An entry of the authority's revocation list. It outlives credential and device: the certificate is out there.

    Signed by the authority the certificate would be let in until it expires; after that nobody has to be told.
    """

    public_id = models.CharField(max_length=16, unique=True, help_text="Its serial number.")
    revoked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-revoked_at"]

    def __str__(self) -> str:
        return self.public_id
