"""How fast pages come with 10,000 devices stored, and what Lighthouse says of them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import psutil
from playwright.sync_api import BrowserContext

from bench.browser import cookies_of, signed_in
from bench.fleet import register
from bench.options import options
from bench.report import at_most
from devices.models import Device, DeviceType
from tests.servers.installation import Installation

DEVICE = "/devices/fleet-1/operations/"
PAGES = {
    "overview": "/?view=grid",
    "overview, as a list": "/?view=list",
    "overview, in groups": "/?view=grid&group=label",
    "device": DEVICE,
    "servers": "/servers/",
    "dashboards": "/dashboards/",
}
WARM_UP, ROUNDS = 3, 20
BUDGETS = {"performance": 95, "accessibility": 100, "best-practices": 95}
LIGHTHOUSE = Path(__file__).with_name("node_modules") / ".bin/lighthouse"


def measure(installation: Installation) -> Iterator[str]:
    count = options.size(10_000, 100)
    register(count, "fleet")
    fill()
    with signed_in(installation) as (context, port):
        yield f"{count:,} devices"
        with installation.client(cookies=cookies_of(context)) as client:
            for name, address in PAGES.items():
                waited, worked = first_byte(installation, client, address)
                yield at_most(f"{name}: first byte (processor {worked:.0f} ms)", waited, 100, "ms")
        for name in ("overview", "device"):
            yield at_most(f"{name}: live and to be used", interactive(context, PAGES[name]), 1000, "ms")
        for name in ("overview", "device"):
            yield lighthouse(installation, port, name)


def fill() -> None:
    """Types and labels, as a fleet has them."""
    heater = DeviceType.objects.get(slug="water-heater")
    devices = list(Device.objects.filter(project__slug="fleet"))
    for number, device in enumerate(devices):
        device.labels = [f"building {number % 40}", f"floor {number % 7}"]
        device.device_type = heater if number % 2 else None
        device.presence = "online" if number % 50 else "offline"
    Device.objects.bulk_update(devices, ["labels", "device_type", "presence"], batch_size=1000)


def first_byte(installation: Installation, client: httpx.Client, address: str) -> tuple[float, float]:
    """Milliseconds until it comes, and of them those that the web process worked, whatever else the machine did."""
    web = psutil.Process(installation.processes["web"].pid)
    times = []
    for round_ in range(WARM_UP + ROUNDS):
        if round_ == WARM_UP:
            before = sum(web.cpu_times()[:2])
        begin = perf_counter()
        with client.stream("GET", address) as answer:
            times.append(1000 * (perf_counter() - begin))
            answer.raise_for_status()
    return median(times[WARM_UP:]), 1000 * (sum(web.cpu_times()[:2]) - before) / ROUNDS


def interactive(context: BrowserContext, address: str) -> float:
    """Milliseconds until the page's script is there and its first live state shown."""
    times = []
    for _ in range(5):
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-live=live]", state="attached")
        times.append(page.evaluate("performance.now()"))
        page.close()
    return median(times)


def lighthouse(installation: Installation, port: int, name: str) -> str:
    if not LIGHTHOUSE.is_file():
        return "Lighthouse is not there: `make bench` installs it."
    report = installation.folder / f"lighthouse-{name}.json"
    command = [
        str(LIGHTHOUSE), f"http://{installation.host}{PAGES[name]}", f"--port={port}", "--disable-storage-reset",
        "--quiet", "--output=json", f"--output-path={report}", f"--only-categories={','.join(BUDGETS)}",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    said = json.loads(report.read_text())
    points = {category: round(100 * said["categories"][category]["score"]) for category in BUDGETS}
    is_met = all(points[category] >= budget for category, budget in BUDGETS.items())
    shift = said["audits"]["cumulative-layout-shift"]["numericValue"]
    failed = sorted(
        audit["id"] for audit in said["audits"].values() if audit["score"] is not None and audit["score"] < 0.9
    )
    shown = ", ".join(f"{category} {score}" for category, score in points.items())
    errors = [item["description"] for item in said["audits"]["errors-in-console"]["details"]["items"]]
    failed += [f"on the console: {error}" for error in errors]
    return f"{'✓' if is_met else '✗'} {name}: Lighthouse {shown}; layout shift {shift:.3f}; {', '.join(failed)}"
