"""How fast a month of four metrics is charted while many millions of readings are stored: from rollups v. readings."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.utils import timezone
from playwright.sync_api import BrowserContext

from bench.browser import signed_in
from bench.options import options
from bench.report import at_least, at_most
from devices.models import Device, Project
from telemetry.buckets import fitting
from telemetry.history import history
from telemetry.models import Metric
from telemetry.partitions import maintain
from telemetry.rollups import recompute
from tests.servers.installation import Installation

READINGS = 43_200  # of a metric: a month at one a minute
METRICS = [f"m{number}" for number in range(4)]  # 172,800 readings of the device
MONTH = timedelta(days=30)
ROUNDS = 20
DROP_CACHES = Path("/proc/sys/vm/drop_caches")

FILL = """
    INSERT INTO telemetry_reading (metric_id, time, value)
    SELECT metric.id, %s::timestamptz + number * interval '1 minute', sin(number / 500.0 + metric.id) * 10
    FROM generate_series(%s, %s) AS number, telemetry_metric metric
    JOIN devices_device device ON device.id = metric.device_id WHERE device.project_id = %s
"""
MARK = """
    INSERT INTO telemetry_dirtybucket (metric_id, start, marks)
    SELECT metric.id, start, 1 FROM telemetry_metric metric JOIN devices_device device ON device.id = metric.device_id,
        generate_series(%s::timestamptz, %s::timestamptz - interval '1 second', interval '5 minutes') AS start
    WHERE device.id = %s
"""
# The rollups of the others are only there to be passed by.
NEIGHBOURS = """
    INSERT INTO {table} (metric_id, start, count, sum, min, max, first, last, increase)
    SELECT metric_id, date_bin('{width}', time, 'epoch'), count(*), sum(value), min(value), max(value), 0, 0, 0
    FROM telemetry_reading WHERE time >= %s AND time < %s GROUP BY 1, 2 ON CONFLICT DO NOTHING
"""
RAW = """
    SELECT metric_id, date_bin(%s, time, %s), count(value), sum(value), min(value), max(value)
    FROM telemetry_reading WHERE metric_id = ANY(%s) AND time >= %s AND time < %s GROUP BY 1, 2 ORDER BY 1, 2
"""

DRAW = """async () => {
    const charts = document.querySelector("[data-charts]");
    const began = performance.now();
    document.querySelector("[data-range='30d']").click();
    while (charts.hasAttribute("aria-busy")) await new Promise(requestAnimationFrame);
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    return performance.now() - began;
}"""


def measure(installation: Installation) -> Iterator[str]:
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    start = end - MONTH
    device, stored = _fill(start, end, options.rows or options.size(20_736_000, 1_382_400))
    width = timedelta(seconds=fitting(start, end, 500, device.project.time_zone).width)
    yield f"30 days of {len(METRICS)} metrics in steps of {width}; {stored:,} readings stored"

    metrics = list(Metric.objects.filter(device=device).values_list("pk", flat=True))
    timer = Timer(lambda: _execute(RAW, width, start, metrics, start, end))
    raw_cold = _cold(installation, timer)
    raw_warm = median(timer.sql() for _ in range(ROUNDS))
    timer = Timer(lambda: history(device, METRICS, start, end))
    cold = _cold(installation, timer)
    warm = median(timer.sql() for _ in range(ROUNDS))
    whole = median(timer.whole() for _ in range(ROUNDS))
    yield f"from readings: SQL {raw_warm:.1f} ms warm, {_words(raw_cold)} cold"
    yield f"the portal's history: SQL {warm:.1f} ms warm, {_words(cold)} cold; with all around it {whole:.1f} ms"
    yield at_least("a chart from rollups v. from readings, warm", raw_warm / warm, 20)
    yield at_most("its SQL, warm", warm, 15, "ms")
    if raw_cold and cold:
        yield at_least("a chart from rollups v. from readings, cold", raw_cold / cold, 20)
        yield at_most("its SQL, cold", cold, 100, "ms")
    with signed_in(installation) as (context, _):
        yield at_most("from the click on “30 days” to its charts, in Chromium", drawn(context, device), 300, "ms")


def drawn(context: BrowserContext, device: Device) -> float:
    """Milliseconds from asking for a month until the browser has painted the charts of all metrics."""
    page = context.new_page()
    page.goto(f"{device.get_absolute_url()}history/")
    page.wait_for_selector("[data-plot] canvas")
    times = []
    for _ in range(ROUNDS):
        page.click("[data-range='7d']")
        page.wait_for_selector("[data-charts]:not([aria-busy])")
        times.append(page.evaluate(DRAW))
    page.close()
    return median(times)


def _fill(start: datetime, end: datetime, rows: int) -> tuple[Device, int]:
    """A device that is charted, and as many others as it takes; how many readings that makes."""
    project = Project.objects.create(name="Charts", slug="charts")
    devices = [
        Device.objects.create(device_id=f"chart-{number}", name="Chart", project=project)
        for number in range(max(1, rows // (READINGS * len(METRICS))))
    ]
    Metric.objects.bulk_create([Metric(device=device, key=key, label=key) for device in devices for key in METRICS])
    at = start
    while at <= end:  # each call makes the partitions of the week that follows
        maintain(at)
        at += timedelta(days=7)
    per_day = READINGS // 30
    for day in range(30):
        _execute(FILL, start, day * per_day, (day + 1) * per_day - 1, project.pk)
    chosen = devices[len(devices) // 2]
    _execute(MARK, start, end, chosen.pk)
    recompute()
    for table, width in (("telemetry_fiveminuterollup", "5 minutes"), ("telemetry_hourlyrollup", "1 hour")):
        _execute(NEIGHBOURS.format(table=table, width=width), start, end)
    for table in ("telemetry_reading", "telemetry_fiveminuterollup", "telemetry_hourlyrollup"):
        _execute(f"VACUUM (ANALYZE) {table}")
    return chosen, len(devices) * len(METRICS) * READINGS


class Timer:
    """Milliseconds that something takes: all of it, or what it spends in the database."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._in_database = 0.0

    def whole(self) -> float:
        began = perf_counter()
        self._function()
        return 1000 * (perf_counter() - began)

    def sql(self) -> float:
        self._in_database = 0.0
        with connection.execute_wrapper(self._note):
            self._function()
        return 1000 * self._in_database

    def _note(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*arguments)
        finally:
            self._in_database += perf_counter() - began


def _cold(installation: Installation, timer: Timer) -> float | None:
    """After a restart of PostgreSQL and with nothing of its files in memory; None where that cannot be had."""
    connection.close()
    installation.postgres.stop()
    try:
        DROP_CACHES.write_text("3")
    except OSError:
        return None
    finally:
        installation.postgres.start()
    _execute("SELECT 1 FROM telemetry_metric LIMIT 1")  # connects
    return timer.sql()


def _words(milliseconds: float | None) -> str:
    return "not measured (the page cache cannot be emptied here)" if milliseconds is None else f"{milliseconds:.1f} ms"


def _execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.description:
            cursor.fetchall()
