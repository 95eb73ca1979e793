"""How fast a month of a device is charted, four metrics at once: from rollups against the readings they are made of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.utils import timezone

from devices.models import Device, Project
from telemetry.buckets import fitting
from telemetry.history import history
from telemetry.models import Metric
from telemetry.partitions import maintain
from telemetry.rollups import recompute

READINGS = 43_200  # of a metric: a month at one a minute
METRICS = ["temperature", "pressure", "humidity", "flow"]  # 172,800 points on the device
STORED = int(os.environ.get("BENCH_READINGS", "4000000"))  # of all metrics together
MONTH = timedelta(days=30)
ROUNDS = 20

FILL = """
    INSERT INTO telemetry_reading (metric_id, time, value)
    SELECT metric.id, at, sin(extract(epoch FROM at) / 5000 + metric.id) * 10
    FROM generate_series(%s::timestamptz, %s::timestamptz - interval '1 minute', interval '1 minute') AS at,
        telemetry_metric metric
    WHERE metric.key = ANY(%s)
"""
MARK = """
    INSERT INTO telemetry_dirtybucket (metric_id, start, marks)
    SELECT DISTINCT metric_id, date_bin('5 minutes', time, 'epoch'), 1 FROM telemetry_reading ON CONFLICT DO NOTHING
"""


def measure() -> Iterator[str]:
    device, stored = _fill()
    end = timezone.now().replace(second=0, microsecond=0)
    start = end - MONTH
    with connection.cursor() as cursor:
        cursor.execute(MARK)
    raw, _ = _milliseconds(device, start, end)
    recompute()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    rolled_up, of_sql = _milliseconds(device, start, end)
    width = fitting(start, end, 500, device.project.time_zone).width
    yield f"history, 30 days of {len(METRICS)} metrics in steps of {width / 3600:g} h, {stored:,} readings stored"
    yield f"history, from readings: {raw:,.1f} ms; from rollups: {rolled_up:,.1f} ms, {raw / rolled_up:.0f} × as fast"
    yield f"history, SQL of it: {of_sql:,.1f} ms"


def _fill() -> tuple[Device, int]:
    project = Project.objects.create(name="Charts", slug="charts")
    devices = [
        Device.objects.create(device_id=f"chart-{number}", name="Chart", project=project)
        for number in range(max(1, STORED // READINGS // len(METRICS)))
    ]
    Metric.objects.bulk_create(
        Metric(device=device, key=key, label=key.capitalize()) for device in devices for key in METRICS
    )
    end = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(30, -1, -1):
        # Day after day, as readings come: so they lie on the disk.
        until = min(end + timedelta(days=1 - day), timezone.now().replace(second=0, microsecond=0))
        with connection.cursor() as cursor:
            cursor.execute(FILL, [end - timedelta(days=day), until, METRICS])
        maintain(timezone.now())
    return devices[len(devices) // 2], len(devices) * len(METRICS) * READINGS


def _milliseconds(device: Device, start: datetime, end: datetime) -> tuple[float, float]:
    """Medians of all of it and of the database's part."""
    history(device, METRICS, start, end)  # what is asked for is in memory then
    rounds = []
    for _ in range(ROUNDS):
        with _sql_time() as of_sql:
            began = perf_counter()
            history(device, METRICS, start, end)
            rounds.append((1000 * (perf_counter() - began), 1000 * sum(of_sql)))
    return median(whole for whole, _ in rounds), median(sql for _, sql in rounds)


@contextmanager
def _sql_time() -> Iterator[list[float]]:
    times: list[float] = []

    def timed(execute: Any, *arguments: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*arguments)
        finally:
            times.append(perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield times
