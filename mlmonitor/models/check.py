from typing import ClassVar, Self

from django.db import models

from devices.permissions import ProjectScopedQuerySet
from mlmonitor.models.baseline import Baseline
from mlmonitor.models.version import ModelVersion, OfVersionQuerySet


class Verdict(models.TextChoices):
    OK = "ok", "OK"
    WARNING = "warning", "Warning"
    DRIFT = "drift", "Drift"
    INSUFFICIENT = "insufficient", "Not enough data"
    ERROR = "error", "Error"


class LimitRule(models.TextChoices):
    THRESHOLD = "threshold", "the threshold"
    CHANCE = "chance", "what chance does"
    CHUNKS = "chunks", "what the baseline does by itself"


class DriftCheckQuerySet(OfVersionQuerySet):
    def whole(self) -> Self:
        """Of all segments together."""
        return self.filter(segment="")


class DriftCheck(models.Model):
    """What was found of a version, or of one segment of it, in [start, end): inputs, output, and how good it was."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="checks", db_index=False)
    baseline = models.ForeignKey(Baseline, on_delete=models.CASCADE, null=True, related_name="checks")
    start = models.DateTimeField()
    end = models.DateTimeField()
    segment = models.CharField(max_length=64, blank=True, help_text="Empty: all of them together.")
    checked_at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    moved = models.FloatField(default=0.0, help_text="How much of the features' importance has drifted, in [0, 1].")
    concept = models.CharField(max_length=12, choices=Verdict, default=Verdict.INSUFFICIENT)
    concept_reasons = models.JSONField(default=list)
    performance = models.CharField(max_length=12, choices=Verdict, default=Verdict.INSUFFICIENT)
    figures = models.JSONField(default=list, help_text="Performance by metric, beside the baseline's.")
    predicted = models.PositiveIntegerField(default=0)
    labelled = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    objects = DriftCheckQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-end", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "segment", "start", "end"], name="one_check_of_a_window")
        ]

    def __str__(self) -> str:
        return f"{self.about} until {self.end:%Y-%m-%d %H:%M}"

    @property
    def about(self) -> str:
        return f"{self.version}, {self.segment}" if self.segment else str(self.version)


class OfCheckQuerySet(ProjectScopedQuerySet):
    project_path = "check_of__version__model__project"


class FeatureDrift(models.Model):
    """One feature in one check, beside the baseline and beside the window before."""

    check_of = models.ForeignKey(DriftCheck, on_delete=models.CASCADE, related_name="features")
    feature = models.CharField(max_length=100)
    verdict = models.CharField(max_length=12, choices=Verdict)
    severity = models.CharField(max_length=8, blank=True)
    n = models.PositiveIntegerField(default=0)
    psi = models.FloatField(default=0.0)
    js = models.FloatField("JS distance", default=0.0)
    ks = models.FloatField("KS D", null=True)
    wasserstein = models.FloatField(null=True)
    l_infinity = models.FloatField("L∞", default=0.0)
    limit = models.FloatField(default=0.0)
    rule = models.CharField("limit set by", max_length=9, choices=LimitRule, default=LimitRule.THRESHOLD)
    p = models.FloatField(default=1.0)
    missing_change = models.FloatField(default=0.0)
    is_missing_alarming = models.BooleanField(default=False)
    unseen_share = models.FloatField(default=0.0)
    is_unseen_alarming = models.BooleanField(default=False)
    importance = models.FloatField(default=1.0)
    before_psi = models.FloatField("PSI to the window before", null=True)
    before_verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = OfCheckQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-psi", "feature"]
        verbose_name = "feature's drift"
        verbose_name_plural = "features' drift"
        constraints: ClassVar = [models.UniqueConstraint(fields=["check_of", "feature"], name="feature_of_check")]

    def __str__(self) -> str:
        return f"{self.feature}: {self.verdict}"

    @property
    def js_divergence(self) -> float:
        """Bits."""
        return self.js**2
