"""How long reports about many devices take, and how much memory they need; and a file of a million readings."""

import gc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from bench.options import options
from bench.report import at_most
from devices.models import Device, DeviceType, MetricDefinition, Presence, PresenceSpan, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from reports.question import read
from reports.render import stream, write
from telemetry.models import Metric
from telemetry.partitions import maintain
from tests.servers.installation import Installation

WEEK = timedelta(days=7)
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FILL = """
    INSERT INTO telemetry_reading (metric_id, time, value)
    SELECT metric.id, %s::timestamptz + number * %s, 40 + 20 * sin(number / 50.0 + metric.id)
    FROM generate_series(0, %s) AS number, telemetry_metric metric
    JOIN devices_device device ON device.id = metric.device_id WHERE device.project_id = %s
"""
ROLL_UP = """
    INSERT INTO {table} (metric_id, start, count, sum, min, max, first, last, increase)
    SELECT metric_id, date_bin('{width}', time, 'epoch'), count(*), sum(value), min(value), max(value),
        min(value), max(value), 0
    FROM telemetry_reading WHERE time >= %s AND time < %s GROUP BY 1, 2 ON CONFLICT DO NOTHING
"""
WIDTHS = {
    "telemetry_fiveminuterollup": "5 minutes",
    "telemetry_hourlyrollup": "1 hour",
    "telemetry_dailyrollup": "1 day",
}


class Cost(NamedTuple):
    seconds: float
    processor: float  # seconds of this process alone; the rest is the database's, and whoever else is at work
    peak: float  # MB of the process
    more: float  # MB than before


def measure(_: Installation) -> Iterator[str]:
    user = User.objects.create_superuser("reports", password=None)
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    devices, readings = options.size(200, 20), options.size(1_000_000, 50_000)
    said = {"kind": "device", "project": _one(readings, end).slug, "from": (end - 4 * WEEK).isoformat()}
    asked = read({**said, "resolution": "raw"}, user)
    sizes: list[int] = []
    cost = _cost(lambda: sizes.append(sum(len(part) for part in stream(asked))))
    pace = readings / cost.seconds
    yield f"{readings:,} readings as CSV: {sizes[0] / 1e6:.0f} MB in {cost.seconds:.1f} s, {pace:,.0f}/s"
    yield at_most("memory that it takes", cost.more, 60, "MB")
    heaters = _heaters(devices, end)
    for kind in ("device", "fleet", "availability", "ingestion"):
        asked = read({"kind": kind, "project": heaters.slug, "from": (end - WEEK).isoformat()}, user)
        file = BytesIO()
        cost = _cost(lambda asked=asked, file=file: write(asked, "pdf", file))  # type: ignore[misc]
        size, own = len(file.getvalue()) / 1e6, cost.processor
        yield f"{kind}, {devices} devices, a week: {size:.1f} MB of PDF, {own:.1f} s of the portal's own processor time"
        yield at_most(f"{kind} as PDF", cost.seconds, 20, "s")
        yield at_most("its memory, the whole process", cost.peak, 300, "MB")


def _heaters(count: int, end: datetime) -> Project:
    """A week of water heaters, a message every five minutes, rolled up."""
    ensure_shipped_types()
    heater = DeviceType.objects.get(slug="water-heater")
    project = Project.objects.create(name="Heaters", slug="report-heaters")
    devices = [
        Device(device_id=f"heater-{number}", name=f"Heater {number}", project=project, device_type=heater)
        for number in range(count)
    ]
    Device.objects.bulk_create(devices)
    Device.objects.filter(project=project).update(created_at=end - 2 * WEEK)
    definitions = list(MetricDefinition.objects.filter(device_type=heater, value_type="number"))
    Metric.objects.bulk_create(
        Metric(
            device=device,
            key=definition.key,
            label=definition.label,
            unit=definition.unit,
            kind=definition.kind,
            last_value=50.0,
            last_time=end,
            day_zone="UTC",
        )
        for device in devices
        for definition in definitions
    )
    PresenceSpan.objects.bulk_create(
        PresenceSpan(device=device, presence=presence, since=end - since)
        for device in devices
        for presence, since in ((Presence.ONLINE, WEEK), (Presence.OFFLINE, WEEK / 7), (Presence.ONLINE, WEEK / 8))
    )
    _fill(project, end - WEEK, timedelta(minutes=5), 2016)
    for table, width in WIDTHS.items():
        _execute(ROLL_UP.format(table=table, width=width), end - WEEK, end)
    return project


def _one(readings: int, end: datetime) -> Project:
    """One device of four metrics with so many readings in four weeks."""
    project = Project.objects.create(name="Readings", slug="report-readings")
    device = Device.objects.create(device_id="reader", name="Reader", project=project)
    Metric.objects.bulk_create(Metric(device=device, key=f"m{n}", label=f"m{n}", last_time=end) for n in range(4))
    each = readings // 4
    _fill(project, end - 4 * WEEK, 4 * WEEK / each, each)
    return project


def _fill(project: Project, start: datetime, every: timedelta, count: int) -> None:
    for week in range(6):  # each makes the partitions of the week that follows
        maintain(start + week * WEEK)
    _execute(FILL, start, every, count - 1, project.pk)
    _execute("VACUUM (ANALYZE) telemetry_reading")


def _cost(work: Callable[[], Any]) -> Cost:
    """What the kernel says that the process needed at its peak, while it worked."""
    gc.collect()
    RESET.write_text("5")  # the peak is what is there now
    before, began, busy = _peak(), perf_counter(), process_time()
    work()
    return Cost(perf_counter() - began, process_time() - busy, _peak(), _peak() - before)


def _peak() -> float:
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
