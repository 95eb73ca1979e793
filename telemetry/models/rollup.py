from typing import ClassVar

from django.db import models

from telemetry.models.metric import Metric


class Rollup(models.Model):
    """What the numbers of one metric did in one bucket of time, in a form that adds up.

    Two neighbouring buckets make one without looking at their readings (telemetry.rollups): that is why there is a
    sum and no average, and why `first` is kept. `increase` is how much a counter rose within the bucket.
    """

    pk = models.CompositePrimaryKey("metric_id", "start")
    # No constraint in the database: it would be asked for every row written, and ingest locks the metrics it
    # stores for.
    metric = models.ForeignKey(
        Metric, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False, db_constraint=False
    )
    start = models.DateTimeField()
    count = models.PositiveIntegerField()
    sum = models.FloatField()
    min = models.FloatField()
    max = models.FloatField()
    first = models.FloatField()
    last = models.FloatField()
    increase = models.FloatField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.metric_id} from {self.start:%Y-%m-%d %H:%M}: {self.count}"


class FiveMinuteRollup(Rollup):
    """Cut at full five minutes, from the readings."""


class HourlyRollup(Rollup):
    """Cut at full hours UTC, from the five minutes."""


class DailyRollup(Rollup):
    """Cut at midnight in the project's time zone, from the five minutes."""


class DirtyBucket(models.Model):
    """Five minutes of one metric whose rollups have to be made anew, because a reading arrived."""

    pk = models.CompositePrimaryKey("metric_id", "start")
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    start = models.DateTimeField()
    marks = models.PositiveIntegerField(
        default=1, help_text="Raised by each batch: a mark must lock the row, or its reading could be overlooked."
    )

    class Meta:
        verbose_name = "dirty bucket"
        indexes: ClassVar = [models.Index(fields=["start"], name="dirty_bucket_start")]

    def __str__(self) -> str:
        return f"{self.metric_id} from {self.start:%Y-%m-%d %H:%M}"
