from typing import ClassVar

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """The answer to a request with an Idempotency-Key: whoever sends it again within a day is given the same one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64, help_text="Tells whether the request is the same.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_unique")]

    def __str__(self) -> str:
        return f"{self.user}: {self.key}"
