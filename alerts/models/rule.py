from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from alerts.conditions import InvalidCondition
from alerts.evaluator import CompiledRule
from alerts.messages import InvalidTemplate, check_template
from alerts.rules import compile_rule
from alerts.schedule import InvalidSchedule
from devices.models import Device, DeviceType, Project
from devices.permissions import AnyUser, ProjectScopedQuerySet


class AlertRuleQuerySet(ProjectScopedQuerySet):
    def visible_to(self, user: AnyUser) -> Self:
        """Rules of all projects concern everybody who is in one."""
        if not user.is_active or user.is_anonymous:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(Q(project=None) | Q(project__in=Project.objects.visible_to(user)))


class AlertRule(models.Model):
    """What is wrong with a device, and how bad it is: checked with every reading of the devices it is about.

    It is about the devices that fit all of project, type, label and device that are given. What `levels` holds is
    described in alerts.rules.
    """

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, help_text="For whoever gets the alert: what to do.")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="alert_rules", null=True, blank=True,
        help_text="Empty: it is about devices of all projects, and superusers change it.",
    )  # fmt: skip
    device_type = models.ForeignKey(
        DeviceType, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_rules"
    )
    label = models.CharField(max_length=40, blank=True, help_text="Devices that have this label.")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_rules")
    levels = models.JSONField(default=list)
    schedule = models.JSONField(
        default=dict, blank=True, help_text="The hours in which it raises alerts; empty: always."
    )
    time_zone = models.CharField(max_length=64, blank=True, help_text="Of the schedule; empty: the project's.")
    message = models.CharField(max_length=300, blank=True)
    is_enabled = models.BooleanField("enabled", default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AlertRuleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A rule whose meaning changes is another revision: what states remember is read with care then."""
        if not self._state.adding and self._means_something_else():
            self.revision += 1
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "revision"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        errors: dict[str, str] = {}
        try:
            self.compiled()
        except (InvalidCondition, InvalidSchedule) as error:
            errors["schedule" if isinstance(error, InvalidSchedule) else "levels"] = str(error)
        try:
            check_template(self.message)
        except InvalidTemplate as error:
            errors["message"] = str(error)
        if self.device is not None and self.project is not None and self.device.project_id != self.project_id:
            errors["device"] = "The device must belong to the rule's project."
        if errors:
            raise ValidationError(errors)

    def compiled(self, zone: str = "UTC") -> CompiledRule:
        """Raises InvalidCondition or InvalidSchedule. `zone` is for rules that name none themselves."""
        own = self.time_zone or (self.project.time_zone if self.project else "")
        return compile_rule(self.pk or 0, self.revision, self.levels, self.schedule, own or zone)

    def _means_something_else(self) -> bool:
        meaning = ("levels", "schedule", "time_zone", "project_id", "device_type_id", "label", "device_id")
        before = AlertRule.objects.filter(pk=self.pk).values(*meaning).first()
        return before is not None and any(before[name] != getattr(self, name) for name in meaning)
