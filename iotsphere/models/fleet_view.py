from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse


class FleetView(models.Model):
    """A way to look at the fleet that somebody has given a name: filters, groups and arrangement."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="fleet_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, help_text="What the overview's address asks for.")
    is_default = models.BooleanField(
        "default", default=False, help_text="Whether the overview begins with it, if the address asks for nothing."
    )

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="fleet_view_name_unique"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="fleet_view_one_default"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('fleet')}{self.query}"
