"""`make bench`: start an installation as in production, measure, print ratios against the budgets, and stop it.

Absolute figures depend on the machine and its mood; the ratios, taken in one run, are what counts.
"""

import argparse
import os
from contextlib import ExitStack
from importlib import import_module

import django

from bench.options import options
from tests.servers import make_folder
from tests.servers.installation import Installation

BENCHMARKS = (
    "ingest",
    "alerts",
    "latency",
    "burst",
    "long_run",
    "storage",
    "rest_list",
    "live_fanout",
    "history",
    "drift",
    "predictions",
    "foretelling",
    "pages",
    "dashboard",
    "reports",
)


def main() -> None:
    choose()
    with ExitStack() as stack:
        installation = Installation(make_folder(stack) / "bench", durable=True)
        stack.callback(installation.stop)
        installation.start_servers()
        os.environ.update(installation.environment | {"LOG_LEVEL": "ERROR"})
        django.setup()
        for name in options.names:
            print(f"\n{name} (load average before: {os.getloadavg()[0]:.1f})", flush=True)
            for line in import_module(f"bench.{name}").measure(installation):
                print(f"  {line}", flush=True)


def choose() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the portal against its budgets.")
    parser.add_argument("names", nargs="*", default=BENCHMARKS, choices=[*BENCHMARKS, []], metavar="name")
    parser.add_argument("--quick", action="store_true", help="small and short: to see that it runs")
    parser.add_argument("--rows", type=int, help="readings stored while charts are drawn (20,736,000)")
    parser.add_argument("--minutes", type=float, help="that the long run (3) and the dashboard (5) take")
    parser.epilog = f"Benchmarks: {', '.join(BENCHMARKS)}"
    parser.parse_args(namespace=options)


if __name__ == "__main__":
    main()
