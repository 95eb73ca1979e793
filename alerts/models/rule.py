from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from alerts.conditions import InvalidCondition, span
from alerts.contradictions import check_levels
from alerts.evaluator import CompiledRule
from alerts.messages import InvalidTemplate, check_template
from alerts.rules import compile_rule
from alerts.schedule import InvalidSchedule
from devices.models import Device, DeviceType, Lifecycle, MetricDefinition, Project, RetentionClass
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser, ProjectScopedQuerySet
from telemetry.models import Metric


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
    checked_revision = models.PositiveIntegerField(
        null=True, editable=False,
        help_text="Somebody has looked at the backtest of this one, or chose not to, before it was enabled.",
    )  # fmt: skip
    was_enabled_untried = models.BooleanField(default=False, editable=False)
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
        before, self.revision = self.revision, self.next_revision()
        if self.revision != before and kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "revision"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("rule", args=[self.pk])

    @property
    def is_checked(self) -> bool:
        """It means what it did when somebody looked at its backtest, or chose not to."""
        return self.checked_revision == self.revision

    def next_revision(self) -> int:
        """The revision that it will be when it is saved."""
        return self.revision + (not self._state.adding and self._means_something_else())

    def clean(self) -> None:
        errors: dict[str, ValidationError] = {}
        try:
            self.compiled()
        except (InvalidCondition, InvalidSchedule) as error:
            if isinstance(error, InvalidSchedule):
                errors["schedule"] = ValidationError(str(error))
            else:  # the code says where in the JSON
                errors["levels"] = ValidationError(str(error), code=error.pointer)
        problem = "" if errors else self._what_cannot_be()
        if problem:
            errors["levels"] = ValidationError(problem)
        try:
            check_template(self.message)
        except InvalidTemplate as error:
            errors["message"] = ValidationError(str(error))
        if self.device is not None and self.project is not None and self.device.project_id != self.project_id:
            errors["device"] = ValidationError("The device must belong to the rule's project.")
        if errors:
            raise ValidationError(errors)

    def compiled(self, zone: str = "UTC") -> CompiledRule:
        """Raises InvalidCondition or InvalidSchedule. `zone` is for rules that name none themselves."""
        own = self.time_zone or (str(self.project.time_zone) if self.project else "")
        return compile_rule(self.pk or 0, self.revision, self.levels, self.schedule, own or zone)

    def devices(self) -> DeviceQuerySet:
        """The devices in service that it is about (alerts.rulebook.fits says the same of one)."""
        devices = Device.objects.filter(lifecycle=Lifecycle.ACTIVE).order_by("pk")
        if self.label:
            devices = devices.labelled(self.label)
        wanted = {"project": self.project_id, "device_type": self.device_type_id, "pk": self.device_id}
        return devices.filter(**{field: value for field, value in wanted.items() if value is not None})

    def _what_cannot_be(self) -> str:
        """Why what it asks for can never be answered; empty if it can."""
        rule = self.compiled()
        try:
            check_levels(rule.levels)
        except InvalidCondition as error:
            return str(error)
        return self._what_nobody_sends(rule) or self._what_is_not_kept(rule)

    def _what_nobody_sends(self, rule: CompiledRule) -> str:
        asked = sorted(key for key in rule.keys if key and not key.startswith("$"))
        if self.device is not None:
            who, known = str(self.device), set(Metric.objects.filter(device=self.device).values_list("key", flat=True))
        elif self.device_type is not None:
            who, known = f"Devices of type {self.device_type}", set()
            known.update(self.device_type.metrics.values_list("key", flat=True))
        else:
            who, known = "Devices that it is about", set()
        missing = [key for key in asked if key not in known]
        if missing and self.device is None:
            about = self.devices().order_by()
            known.update(Metric.objects.filter(device__in=about).order_by().values_list("key", flat=True).distinct())
            known.update(MetricDefinition.objects.filter(device_type__devices__in=about).values_list("key", flat=True))
            missing = [key for key in missing if key not in known]
        if not missing or (not known and self.device is None and self.device_type is None):
            return ""  # there are none yet, who knows what they will send
        return f"{who} sent no {missing[0]}, but {', '.join(sorted(known)) or 'nothing so far'}."

    def _what_is_not_kept(self, rule: CompiledRule) -> str:
        longest = max((spec.seconds for spec in rule.windows), default=0.0)
        of_type = self.device_type.retention_class if self.device_type else None
        project = self.device.project if self.device else self.project
        kept = of_type or (project.retention_class if project else None)
        if kept is None:
            kept = RetentionClass.objects.filter(projects__isnull=False).order_by("-raw_days").first()
        if kept is not None and longest > kept.raw_days * 86_400:
            return f"A window of {span(longest)} is longer than readings are kept: {kept.raw_days} days."
        return ""

    def _means_something_else(self) -> bool:
        meaning = ("levels", "schedule", "time_zone", "project_id", "device_type_id", "label", "device_id")
        before = AlertRule.objects.filter(pk=self.pk).values(*meaning).first()
        return before is not None and any(before[name] != getattr(self, name) for name in meaning)
