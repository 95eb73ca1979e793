"""How fast a month of one metric is charted: from rollups against the readings they are made of."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

from django.db import connection
from django.utils import timezone

from devices.models import Device, Project
from telemetry.buckets import fitting
from telemetry.history import history
from telemetry.models import Metric
from telemetry.partitions import maintain
from telemetry.rollups import recompute

READINGS = 172_800  # a month at one every 15 seconds
NEIGHBOURS = 20  # other metrics with as many
MONTH = timedelta(days=30)
ROUNDS = 20

FILL = """
    INSERT INTO telemetry_reading (metric_id, time, value)
    SELECT %s, %s::timestamptz + number * interval '15 seconds', sin(number / 500.0) * 10
    FROM generate_series(0, %s - 1) AS number
"""
MARK = """
    INSERT INTO telemetry_dirtybucket (metric_id, start, marks)
    SELECT DISTINCT metric_id, date_bin('5 minutes', time, 'epoch'), 1 FROM telemetry_reading
    WHERE metric_id = %s ON CONFLICT DO NOTHING
"""


def measure() -> Iterator[str]:
    project = Project.objects.create(name="Charts", slug="charts")
    device = Device.objects.create(device_id="chart", name="Chart", project=project)
    metrics = [Metric.objects.create(device=device, key=f"m{number}", label="M") for number in range(NEIGHBOURS + 1)]
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    start = end - MONTH
    with connection.cursor() as cursor:
        for metric in metrics:
            cursor.execute(FILL, [metric.pk, start, READINGS])
    maintain(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE telemetry_reading")
        cursor.execute(MARK, [metrics[0].pk])
    raw = median(_milliseconds(device, start, end) for _ in range(ROUNDS))
    recompute()
    rolled_up = median(_milliseconds(device, start, end) for _ in range(ROUNDS))
    width = fitting(start, end, 500, project.time_zone).width
    stored = READINGS * len(metrics)
    yield f"history, 30 days in steps of {width / 3600:g} h, {stored:,} readings stored"
    yield f"history, from readings: {raw:,.1f} ms; from rollups: {rolled_up:,.1f} ms, {raw / rolled_up:.0f} × as fast"


def _milliseconds(device: Device, start: datetime, end: datetime) -> float:
    began = perf_counter()
    history(device, ["m0"], start, end)
    return 1000 * (perf_counter() - began)
