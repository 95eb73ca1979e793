from typing import ClassVar

from django.db import models

from telemetry.models.metric import Metric


class Reading(models.Model):
    """One point of a series. The key (metric, time) is what makes a redelivered message harmless.

    Exactly one of `value` (numbers; booleans as 0 and 1) and `text` is set.
    """

    pk = models.CompositePrimaryKey("metric_id", "time")
    # Without a constraint: checking it for every reading costs more than writing the reading. Ingest locks the
    # metrics of a batch once instead, and a metric takes its readings along when it is deleted.
    metric = models.ForeignKey(
        Metric, on_delete=models.CASCADE, related_name="readings", db_index=False, db_constraint=False
    )
    time = models.DateTimeField()
    value = models.FloatField(null=True)
    text = models.CharField(max_length=255, null=True)  # noqa: DJ001 (null says: this reading is a number)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) ^ models.Q(text__isnull=True), name="reading_value_or_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} at {self.time:%Y-%m-%d %H:%M:%S}: {self.text if self.value is None else self.value}"
