from datetime import datetime, time
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_noop
from simple_history.models import HistoricalRecords
from timezone_field import TimeZoneField

from alerts.messages import InvalidTemplate, check_template
from alerts.models import Alert
from devices.permissions import ProjectScopedQuerySet, Role
from reports.models.template import ReportTemplate
from reports.timing import Every, InvalidTiming, Timing, in_words, read_timing

MOST_ADDRESSES = 50
# What the subject and the text of a mail may name.
NAMES = ("title", "template", "project", "date", "format", "link")
SUBJECT = gettext_noop("{title}: {project}, {date}")
TEXT = gettext_noop("Here is “{title}” of {project}, as of {date}.")


class Frequency(models.TextChoices):
    DAILY = Every.DAY, "Every day"
    WEEKLY = Every.WEEK, "Every week"
    MONTHLY = Every.MONTH, "Every month"
    CRON = Every.CRON, "By a cron expression"


class ScheduleQuerySet(ProjectScopedQuerySet):
    project_path = "template__project"

    def due(self, now: datetime) -> Self:
        return self.filter(is_paused=False, next_due__lte=now)


class Schedule(models.Model):
    """A report that is made by itself, with its owner's rights, and sent to people.

    `next_due` is when; whoever begins what is due moves it on in the same transaction.
    """

    template = models.ForeignKey(ReportTemplate, on_delete=models.CASCADE, related_name="schedules")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="report_schedules",
        help_text="With whose rights it is made, and who is told when it cannot be.",
    )  # fmt: skip
    every = models.CharField("how often", max_length=8, choices=Frequency, default=Frequency.WEEKLY)
    at = models.TimeField(default=time(7))
    weekdays = models.JSONField(default=list, blank=True, help_text="Of weekly ones: 0 is Monday, 6 Sunday.")
    day = models.PositiveSmallIntegerField(
        "day of the month", default=1, validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="Of monthly ones; the last day where a month has fewer.",
    )  # fmt: skip
    cron = models.CharField(
        "cron expression", max_length=100, blank=True, help_text="Minute, hour, day, month, weekday: 0 7 * * mon-fri."
    )
    time_zone = TimeZoneField(choices_display="WITH_GMT_OFFSET", help_text="Whose clock it goes by.")
    next_due = models.DateTimeField(null=True, editable=False)
    is_paused = models.BooleanField("paused", default=False)
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", help_text="Members of the project."
    )
    addresses = models.JSONField(default=list, blank=True, help_text="Mail addresses of people who have no account.")
    roles = models.JSONField(default=list, blank=True, help_text="All members with these roles, as of when it is sent.")
    attach_up_to = models.PositiveSmallIntegerField(
        "attached up to, MB", default=5, validators=[MaxValueValidator(20)],
        help_text="Larger files are linked to; 0: always a link.",
    )  # fmt: skip
    subject = models.CharField(max_length=200, blank=True, default=SUBJECT)
    text = models.TextField(max_length=2000, blank=True, default=TEXT)
    skips_empty = models.BooleanField("not sent when there is nothing to report", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # What could not be made or sent is an alert about the schedule.
    alerts = GenericRelation(Alert, object_id_field="about_id", content_type_field="about_type")
    objects = ScheduleQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["next_due"], m2m_fields=[users])

    class Meta:
        ordering: ClassVar = ["template__name", "pk"]
        verbose_name = "report schedule"
        indexes: ClassVar = [
            models.Index(fields=["next_due"], name="report_schedule_due", condition=Q(is_paused=False))
        ]

    def __str__(self) -> str:
        return f"{self.template}, {self.get_every_display().lower()}"

    def get_absolute_url(self) -> str:
        return reverse("report-schedule", args=[self.pk])

    @property
    def project_id(self) -> int:
        return self.template.project_id

    @property
    def format(self) -> str:
        return self.template.format

    @property
    def is_troubled(self) -> bool:
        """Something could not be made or sent, and nothing has been delivered since."""
        return any(alert.is_open for alert in self.alerts.all())

    @property
    def next_in_words(self) -> str:
        return in_words(self.next_due.astimezone(ZoneInfo(str(self.time_zone)))) if self.next_due else ""

    @property
    def timing(self) -> Timing:
        """Raises InvalidTiming."""
        zone = ZoneInfo(str(self.time_zone))
        return read_timing(self.every, zone, at=self.at, weekdays=self.weekdays, day=self.day, cron=self.cron)

    def clean(self) -> None:
        self._check_timing()
        self._check_recipients()
        for name in ("subject", "text"):
            try:
                check_template(getattr(self, name), NAMES)
            except InvalidTemplate as error:
                raise ValidationError({name: str(error)}) from error
        if any(sign in self.subject for sign in "\r\n"):
            raise ValidationError({"subject": "A subject is one line."})

    def _check_timing(self) -> None:
        if not isinstance(self.weekdays, list) or not all(day in range(7) and day is not True for day in self.weekdays):
            raise ValidationError({"weekdays": "Weekdays are a list of numbers: 0 is Monday, 6 Sunday."})
        if not self.time_zone:
            return  # its own problem
        try:
            self.timing  # noqa: B018 (reading is what checks it)
        except InvalidTiming as error:
            where = {Frequency.CRON: "cron", Frequency.WEEKLY: "weekdays"}.get(Frequency(self.every), "every")
            raise ValidationError({where: str(error)}) from error

    def _check_recipients(self) -> None:
        if not isinstance(self.addresses, list) or len(self.addresses) > MOST_ADDRESSES:
            raise ValidationError({"addresses": f"Addresses are a list of {MOST_ADDRESSES} at most."})
        for address in self.addresses:
            try:
                validate_email(address)
            except (ValidationError, TypeError, AttributeError) as error:
                raise ValidationError({"addresses": f"{str(address)[:100]!r} is no mail address."}) from error
        if not isinstance(self.roles, list) or not all(role in Role.values for role in self.roles):
            raise ValidationError({"roles": f"Roles are a list of {', '.join(Role.values)}."})


class UnsubscriptionQuerySet(ProjectScopedQuerySet):
    project_path = "schedule__template__project"


class Unsubscription(models.Model):
    """Somebody who wants no more of a schedule, though they are among those it is for."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="unsubscriptions")
    address = models.EmailField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)

    objects = UnsubscriptionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "address"], name="report_unsubscribed_once")
        ]

    def __str__(self) -> str:
        return self.address
