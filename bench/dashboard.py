"""Whether a dashboard of 50 live widgets, among 10,000 devices, keeps its pace and its memory while it stands open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import mean
from threading import Event, Thread
from typing import Any

import orjson
from django.db import connection
from playwright.sync_api import Page

from bench.browser import signed_in
from bench.fleet import KEYS, register
from bench.options import options
from bench.report import at_most
from iotsphere.models import Dashboard
from telemetry.ingest import Envelope, ingest
from telemetry.models import Door
from tests.servers.installation import Installation

WIDGETS = 50
KINDS = ("value", "sparkline", "gauge", "chart", "status")
EVERY = 5.0  # seconds between two looks
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Look:
    at: float
    busy: float  # seconds of the page's main thread
    heap: float  # MB in use after what is garbage was collected
    nodes: int


def measure(installation: Installation) -> Iterator[str]:
    seconds = 60 * (options.minutes or options.size(5, 0.3))
    project = register(options.size(10_000, 100), "fleet")
    board = Dashboard.objects.create(name="Wall", project=project, widgets=widgets())
    with signed_in(installation) as (context, _):
        page = context.new_page()
        page.set_viewport_size({"width": 1440, "height": 4000})  # all of them in view
        page.goto(f"/dashboards/{board.pk}/")
        page.wait_for_selector(f":nth-match(.cell__body:not(:empty), {WIDGETS})", state="attached")
        ended = Event()
        feeder = Thread(target=feed, args=(ended,))
        feeder.start()
        try:
            looks = watch(page, seconds)
        finally:
            ended.set()
            feeder.join()
    yield from judge(looks)


def widgets() -> list[dict[str, Any]]:
    made = []
    for number in range(WIDGETS):
        kind, shown = KINDS[number % len(KINDS)], {"device": f"fleet-{number}", "metric": KEYS[number % len(KEYS)]}
        settings = {"series": [shown], "range": "1h"} if kind == "chart" else shown
        if kind == "status":
            settings = {"device": shown["device"]}
        box = {"x": 3 * (number % 4), "y": 3 * (number // 4), "w": 3, "h": 3}
        made.append({"id": f"w{number}", "kind": kind, "title": "", "settings": settings, **box})
    return made


def feed(ended: Event) -> None:
    """All devices of the dashboard send every second."""
    count = 0
    while not ended.wait(1):
        count += 1
        now = datetime.now(UTC)
        values = {key: count % (40 + place) + 0.5 for place, key in enumerate(KEYS)}
        body = orjson.dumps({"telemetry": values})
        ingest([Envelope(f"fleet-{number}", body, Door.MQTT, now) for number in range(WIDGETS)])
    connection.close()


def watch(page: Page, seconds: float) -> list[Look]:
    debugger = page.context.new_cdp_session(page)
    debugger.send("Performance.enable")
    looks: list[Look] = []
    while not looks or looks[-1].at - looks[0].at < seconds:
        page.wait_for_timeout(1000 * EVERY)
        before = _metrics(debugger)
        debugger.send("HeapProfiler.collectGarbage")
        after = _metrics(debugger)
        looks.append(
            Look(before["Timestamp"], before["TaskDuration"], after["JSHeapUsedSize"] / MEGABYTE, int(after["Nodes"]))
        )
    return looks


def _metrics(debugger: Any) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in debugger.send("Performance.getMetrics")["metrics"]}


def judge(looks: list[Look]) -> Iterator[str]:
    busy = [100 * (b.busy - a.busy) / (b.at - a.at) for a, b in pairwise(looks)]
    heap = [look.heap for look in looks]
    quarter = max(1, len(busy) // 4)
    yield f"{looks[-1].at - looks[0].at:.0f} s; {looks[-1].nodes:,} nodes at the end, {looks[0].nodes:,} at the start"
    yield at_most("the page's share of a processor", mean(busy), 50, "%")
    first, last = mean(busy[quarter : 2 * quarter]), mean(busy[-quarter:])
    yield at_most("its growth from the second to the last quarter", last - first, 5, "points")
    yield at_most("memory of its script", max(heap), 50, "MB")
    growth = mean(heap[-quarter:]) - mean(heap[quarter : 2 * quarter])
    yield at_most("its growth from the second to the last quarter", growth, 2, "MB")
