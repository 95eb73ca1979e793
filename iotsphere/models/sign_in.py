from typing import ClassVar

from django.conf import settings
from django.db import models


class SignIn(models.Model):
    """A browser in which somebody is signed in. Deleted, it takes its session along."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    browser = models.CharField(max_length=300, blank=True, help_text="What it calls itself.")
    address = models.GenericIPAddressField(null=True, blank=True)
    began_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-seen_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user} since {self.began_at:%Y-%m-%d %H:%M}"
