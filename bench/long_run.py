"""Whether the ingest worker keeps its memory over a long run."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import mean

import psutil

from bench.fleet import forget_sessions, register
from bench.options import options
from bench.report import at_most
from tests.servers.installation import Installation

RATE = 2_000
DEVICES = 100
MEGABYTE = 1024 * 1024


def measure(installation: Installation) -> Iterator[str]:
    seconds = 60 * (options.minutes or options.size(3, 0.2))
    forget_sessions(installation)
    register(DEVICES)
    worker = psutil.Process(installation.start_ingest_worker().pid)
    arguments = (str(installation.broker.port), str(RATE), str(seconds), str(DEVICES))
    sender = subprocess.Popen([sys.executable, "-m", "bench.publisher", *arguments], stdout=subprocess.PIPE, text=True)
    memory = []
    while sender.poll() is None:
        memory.append(worker.memory_info().rss / MEGABYTE)
        try:
            sender.wait(1)
        except subprocess.TimeoutExpired:
            continue
    quarter = max(1, len(memory) // 4)
    second, last = mean(memory[quarter : 2 * quarter]), mean(memory[-quarter:])
    count = int(sender.communicate()[0])
    yield f"{count:,} messages in {seconds:,.0f} s; memory at the start {memory[0]:.0f} MB"
    yield at_most("memory of the ingest worker", max(memory), 200, "MB")
    yield at_most("its growth from the second to the last quarter", last - second, 5, "MB")
    installation.processes.pop("ingest").stop()
