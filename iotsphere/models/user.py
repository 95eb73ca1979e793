from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from timezone_field import TimeZoneField


def languages() -> list[tuple[str, str]]:
    return settings.LANGUAGES


class User(AbstractUser):
    """A person. What they may do follows from their memberships (devices.permissions), not from Django's groups."""

    time_zone = TimeZoneField(
        blank=True,
        default="",
        choices_display="WITH_GMT_OFFSET",
        help_text="Times on pages are shown in this zone. Empty: the zone of the project looked at.",
    )
    language = models.CharField(
        max_length=10, choices=languages, default=settings.LANGUAGE_CODE, help_text="Of operator pages and mails."
    )
    default_dashboard = models.ForeignKey(
        "iotsphere.Dashboard", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        ordering: ClassVar = ["username"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_ci_unique",
                violation_error_message="This user name is taken (upper and lower case count as the same).",
            )
        ]
