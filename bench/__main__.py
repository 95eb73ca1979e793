"""`make bench`: start PostgreSQL (as durable as in production) and Redis, measure, print ratios, stop them.

Absolute figures depend on the machine and its mood; the ratios, taken in one run, are what counts.
"""

import os
import sys
from contextlib import ExitStack

import django
from django.core.management import call_command

from tests.servers import start_servers


def main() -> None:
    with ExitStack() as stack:
        start_servers("servers", stack, durable=True)
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_SERVER']}/0"
        os.environ.setdefault("SECRET_KEY", "for benchmarks alone")
        os.environ["LOG_LEVEL"] = "ERROR"
        os.environ["DJANGO_SETTINGS_MODULE"] = "iotsphere.settings"
        django.setup()
        call_command("migrate", verbosity=0)

        from bench import history, ingest, rest_list  # noqa: PLC0415 (they need Django set up)

        for benchmark in (ingest, history, rest_list):
            for line in benchmark.measure():
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
