"""What rules cost those who send: a thousand of them on a thousand devices v. none; and how long it takes to try one
on a month.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from alerts import backtest
from alerts.models import AlertRule, Backtest
from alerts.shipped_rules import SHIPPED_RULES
from bench.fleet import forget_sessions, register, values_stored
from bench.options import options
from bench.publisher import Message, Publisher
from bench.report import at_least, at_most
from devices.models import Device, Project
from devices.shipped_types import SERVER
from telemetry.models import Metric
from telemetry.partitions import maintain
from telemetry.remembered import LONGEST
from tests.servers.installation import Installation
from tests.waiting import wait_until

DEVICES = 1_000
EVERY = timedelta(milliseconds=20)
ROUNDS = 5
MONTH = timedelta(days=30)
# Of the last value, after a while, over a window, of silence: within their limits, as nearly all devices are.
LEVELS: tuple[dict[str, Any], ...] = (
    {"when": {"metric": "temperature", "is": ">", "value": 80}},
    {"when": {"metric": "humidity", "is": "outside", "low": -1, "high": 101}, "for": 120},
    {"when": {"metric": "battery", "agg": "avg", "over": 600, "is": "<", "value": 3.4}},
    {"when": {"no_data_for": 600}},
)
FILL = """
    INSERT INTO telemetry_reading (metric_id, time, value)
    SELECT %s, %s::timestamptz + number * interval '1 minute', 50 + 49 * sin(number / 500.0 + %s)
    FROM generate_series(0, 43199) AS number
"""


def measure(installation: Installation) -> Iterator[str]:
    yield from _ingest(installation)
    yield from _backtests()


def _ingest(installation: Installation) -> Iterator[str]:
    count_of_messages = options.size(30_000, 3_000)
    forget_sessions(installation)
    project = register(DEVICES, "ruled")
    rules = [
        AlertRule(name=f"Rule {number}", project=project, device=device, levels=[{"severity": "high", **level}])
        for number, device in enumerate(Device.objects.filter(device_id__startswith="ruled-").order_by("pk"))
        for level in [LEVELS[number % len(LEVELS)]]
    ]
    AlertRule.objects.bulk_create(rules)
    installation.start_ingest_worker()
    bench = Bench(installation)
    bench.rate(count_of_messages)  # looks everything up for the first time
    rates: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS):
        is_enabled = number % 2 == 1
        AlertRule.objects.filter(project=project).update(is_enabled=is_enabled)
        time.sleep(LONGEST + 0.5)
        bench.rate(count_of_messages // 5)
        rates[is_enabled].append(bench.rate(count_of_messages))
    for is_enabled, name in ((False, "without rules"), (True, "with 1,000 rules")):
        figures = rates[is_enabled]
        yield f"{name}: {median(figures):,.0f} messages/s of 3 values ({', '.join(f'{f:,.0f}' for f in figures)})"
    ratio = median(ruled / free for ruled, free in zip(rates[True], rates[False], strict=True))
    yield at_least("ingest with 1,000 rules on 1,000 devices v. without", ratio, 0.8)
    AlertRule.objects.filter(project=project).delete()
    installation.processes.pop("ingest").stop()
    forget_sessions(installation)


class Bench:
    """Messages of now: rules raise nothing for what is old."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._redis = redis.Redis.from_url(settings.REDIS_URL)
        self._begin = datetime.now(UTC) - timedelta(seconds=60)
        self._numbers = count()

    def rate(self, messages: int) -> float:
        goal = values_stored(self._redis) + 3 * messages
        with Publisher(self._installation.broker.port) as publisher:
            packets = publisher.packets([self._next() for _ in range(messages)])
            began = perf_counter()
            publisher.send(packets)
            wait_until(lambda: values_stored(self._redis) >= goal, 300, what=f"{messages} messages")
            return messages / (perf_counter() - began)

    def _next(self) -> Message:
        number = next(self._numbers)
        sent = self._begin + number // DEVICES * EVERY
        values = {"temperature": number % 40 + 0.5, "humidity": number % 100, "battery": 3.8}
        body = json.dumps({"telemetry": values, "timestamp": sent.isoformat()}).encode()
        return f"app/device/ruled-{number % DEVICES}/telemetry", body


def _backtests() -> Iterator[str]:
    """The shipped rules of servers, on one of them that has reported each minute for thirty days."""
    end = timezone.now()
    start = end - MONTH
    at = start
    while at <= end:  # each call makes the partitions of the week that follows
        maintain(at)
        at += timedelta(days=7)
    project = Project.objects.create(name="Tried", slug="tried")
    server = Device.objects.create(device_id="tried", name="Tried", project=project)
    for number, key in enumerate(("cpu", "memory", "disk")):
        metric = Metric.objects.create(device=server, key=key, label=key)
        with connection.cursor() as cursor:
            cursor.execute(FILL, [metric.pk, start, number])
    slowest = 0.0
    for shipped in SHIPPED_RULES:
        if shipped.get("type") == SERVER["slug"]:
            rule = AlertRule.objects.create(
                name=shipped["name"], project=project, device=server, levels=shipped["levels"]
            )
            asked = Backtest.objects.create(rule=rule, revision=1, days=MONTH.days)
            began = perf_counter()
            backtest.run(asked, end)
            seconds = perf_counter() - began
            asked.refresh_from_db()
            yield f"{rule.name}: {seconds:.1f} s, {asked.fires} alerts"
            slowest = max(slowest, seconds)
    yield at_most("a rule tried on 30 days of a device's minutes", slowest, 5, "s")
