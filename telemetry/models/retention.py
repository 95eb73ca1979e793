from typing import ClassVar

from django.db import models


class RetentionReceipt(models.Model):
    """What was thrown away because it was older than it had to be kept."""

    table = models.CharField(max_length=64)
    part = models.CharField(max_length=64, help_text="The partition, or up to when rows went.")
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField(default=0, help_text="Disk space that came back.")
    # Whose rows went, as pairs of project and device type, and in words. All of the part: nobody keeps it longer.
    owners = models.JSONField(default=list)
    whose = models.CharField(max_length=255, blank=True)
    whole = models.BooleanField(default=False)
    exported_to = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["table", "part"], name="retention_receipt_part")]

    def __str__(self) -> str:
        return f"{self.part}: {self.rows:,} rows"
