import secrets
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from alerts.messages import InvalidTemplate
from alerts.models.alert import Alert, AlertEvent, Severity
from alerts.models.push import PushSubscription
from alerts.notify.post import check_address
from alerts.notify.undelivered import Undelivered
from alerts.payloads import check_payload
from devices.models import Membership, Project
from devices.permissions import ProjectScopedQuerySet, Role

ANSWER = 300
ONE_EACH = "There is a preference for this transport already: change that one."


class Transport(models.TextChoices):
    IN_APP = "in_app", "In the portal"
    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"
    WEB_PUSH = "web_push", "Browser"


# Those that reach people; webhooks are told what their own row says.
OF_PEOPLE = [choice for choice in Transport.choices if choice[0] != Transport.WEBHOOK]

TRIED = [choice for choice in OF_PEOPLE if choice[0] != Transport.IN_APP]


class MinimumSeverity(models.TextChoices):
    """From which severity on somebody wants to be told."""

    CRITICAL = "critical", "Critical only"
    HIGH = "high", "High and critical"
    MEDIUM = "medium", "Medium and worse"
    LOW = "low", "All"
    NEVER = "never", "Never"


class OfProjectQuerySet(ProjectScopedQuerySet):
    project_path = "project"


class NotificationPreference(models.Model):
    """From which severity on, and when, somebody is told through a transport.

    The most particular one counts: of a person for a project, of a person, of a project for all its members, and else
    what alerts.notify.preferences says.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True,
        related_name="notification_preferences",
        help_text="Empty: of all members of the project who have none of their own.",
    )  # fmt: skip
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="notification_preferences",
        help_text="Empty: for all projects of the person.",
    )  # fmt: skip
    transport = models.CharField(max_length=8, choices=OF_PEOPLE)
    minimum = models.CharField("from", max_length=8, choices=MinimumSeverity, default=MinimumSeverity.HIGH)
    quiet_from = models.TimeField(
        null=True, blank=True, help_text="In the person's time zone. Critical alerts come through."
    )
    quiet_to = models.TimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "project", "transport"],
                condition=Q(user__isnull=False, project__isnull=False),
                name="preference_of_person_for_project",
                violation_error_message=ONE_EACH,
            ),
            models.UniqueConstraint(
                fields=["user", "transport"],
                condition=Q(project__isnull=True),
                name="preference_of_person",
                violation_error_message=ONE_EACH,
            ),
            models.UniqueConstraint(
                fields=["project", "transport"],
                condition=Q(user__isnull=True),
                name="preference_of_project",
                violation_error_message=ONE_EACH,
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(project__isnull=False),
                name="notification_preference_of_somebody",
                violation_error_message="Choose a person, a project, or both.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_transport_display()} for {self.user or 'members'} of {self.project or 'all projects'}"

    def clean(self) -> None:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValidationError({"quiet_to": "Quiet hours have a beginning and an end."})
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValidationError({"quiet_to": "Quiet hours that end as they begin would never end: choose “Never”."})


def new_signing_key() -> str:
    return secrets.token_urlsafe(32)


class Webhook(models.Model):
    """An address that is told of a project's alerts by a signed POST."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=100)
    url = models.URLField("address", max_length=500)
    signing_key = models.CharField(max_length=64, default=new_signing_key, editable=False)
    minimum = models.CharField("from", max_length=8, choices=Severity, default=Severity.LOW)
    template = models.JSONField(
        null=True,
        blank=True,
        help_text="What is sent, as JSON in whose texts {names} are filled in; empty: all.",
    )
    is_enabled = models.BooleanField("enabled", default=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def told(self) -> str:
        """What is told there, for a list of the project's."""
        off = "" if self.is_enabled else " (off)"
        return f"{self.name}: {self.get_minimum_display().lower()} and worse to {self.url}{off}"

    def clean(self) -> None:
        errors: dict[str, str] = {}
        try:
            check_payload(self.template)
        except InvalidTemplate as error:
            errors["template"] = str(error)
        if not Webhook.objects.filter(pk=self.pk, url=self.url).exists():
            try:
                check_address(self.url)
            except Undelivered as error:
                errors["url"] = str(error)
        if errors:
            raise ValidationError(errors)


class EscalationStep(models.Model):
    """Who is told, too, when nobody has acknowledged an alert for so long."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="escalation_steps")
    minimum = models.CharField("from", max_length=8, choices=Severity, default=Severity.HIGH)
    after_minutes = models.PositiveSmallIntegerField(default=15)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        help_text="A member of the project.",
    )  # fmt: skip
    role = models.CharField(max_length=8, choices=Role, blank=True, help_text="Or all members with this role.")
    transport = models.CharField(max_length=8, choices=OF_PEOPLE, default=Transport.EMAIL)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["project", "after_minutes"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) ^ ~Q(role=""),
                name="escalation_to_somebody",
                violation_error_message="Choose a person or a role.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}: after {self.after_minutes} minutes to {self.user or self.get_role_display()}"

    @property
    def told(self) -> str:
        """Whom it tells when, for a list of the project's."""
        whom = str(self.user) if self.user else f"every {self.get_role_display().lower()}"
        how = self.get_transport_display().lower()
        return f"After {self.after_minutes} minutes {whom}, {how}, {self.get_minimum_display().lower()} and worse"

    def clean(self) -> None:
        if self.user_id and not Membership.objects.filter(user=self.user_id, project=self.project_id).exists():
            raise ValidationError({"user": "That person is not a member of the project."})


class NotificationStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENT = "sent", "Sent"
    DROPPED = "dropped", "Not needed any more"
    DEAD = "dead", "Given up"


class NotificationQuerySet(ProjectScopedQuerySet):
    project_path = "alert__project"


class Notification(models.Model):
    """One thing that happened to an alert, told to one person or webhook through one transport.

    Written with the alert; whoever sends it claims it first (`claimed_at`), so that no two do.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(AlertEvent, on_delete=models.CASCADE, related_name="notifications")
    transport = models.CharField(max_length=8, choices=Transport)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="alert_notifications"
    )
    subscription = models.ForeignKey(
        PushSubscription, on_delete=models.SET_NULL, null=True, related_name="+", help_text="The browser, of Web Push."
    )
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, null=True, related_name="notifications")
    step = models.ForeignKey(
        EscalationStep, on_delete=models.CASCADE, null=True, related_name="+",
        help_text="Of an escalation: told only while nobody has acknowledged the alert.",
    )  # fmt: skip
    status = models.CharField(max_length=8, choices=NotificationStatus, default=NotificationStatus.QUEUED)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.CharField(max_length=ANSWER, blank=True, help_text="What the other side said last.")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "transport", "user"],
                condition=Q(user__isnull=False, step__isnull=True) & ~Q(transport="web_push"),
                name="person_told_once",
            ),
            models.UniqueConstraint(
                fields=["event", "step", "user"],
                condition=Q(step__isnull=False) & ~Q(transport="web_push"),
                name="escalated_once",
            ),
            models.UniqueConstraint(
                fields=["event", "subscription"],
                condition=Q(subscription__isnull=False, step__isnull=True),
                name="browser_told_once",
            ),
            models.UniqueConstraint(
                fields=["event", "step", "subscription"],
                condition=Q(subscription__isnull=False, step__isnull=False),
                name="browser_escalated_once",
            ),
            models.UniqueConstraint(
                fields=["event", "webhook"], condition=Q(webhook__isnull=False), name="webhook_told_once"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) ^ Q(webhook__isnull=False), name="notification_to_somebody"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="notification_due", condition=Q(status=NotificationStatus.QUEUED)),
            models.Index(
                fields=["user", "-created_at"],
                name="notification_unread",
                condition=Q(transport="in_app", read_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_transport_display()} to {self.user or self.webhook}: {self.alert}"


class DeliveryAttempt(models.Model):
    """One try to deliver a notification, and what the other side said."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    delivered = models.BooleanField()
    answer = models.CharField(max_length=ANSWER, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.answer or ("Delivered" if self.delivered else "Not delivered")
