from typing import ClassVar

from django.db import models

from alerts.models.alert import Alert
from alerts.models.rule import AlertRule
from devices.models import Device


class RuleState(models.Model):
    """What a rule remembers of a device (alerts.states reads and writes `data`), and when time alone changes it.

    There is no row where nothing needs to be remembered.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="states")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField(help_text="Of the rule that wrote it.")
    data = models.TextField()
    status = models.CharField(max_length=10)
    due_at = models.DateTimeField(null=True)
    # It would have an alert, but for what the device is behind (alerts.root_cause): since when it is withheld, and
    # under which alert if there is one.
    withheld_since = models.DateTimeField(null=True)
    held_by = models.ForeignKey(Alert, on_delete=models.SET_NULL, null=True, related_name="holds")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["rule", "device"], name="rule_state_unique")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="rule_state_due", condition=models.Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.rule} of {self.device}: {self.status}"
