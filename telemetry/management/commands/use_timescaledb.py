from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from telemetry import partitions, timescale
from telemetry.partitioned import READINGS

WHILE_IT_RUNS = (
    "While it runs nobody can read or write readings: pages of devices wait, and messages wait at the broker. It needs "
    "as much free disk space again as the readings take. It happens as a whole or not at all."
)


class Command(BaseCommand):
    help = "Keep readings in a TimescaleDB hypertable (or, with --back, in PostgreSQL's own partitions again)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--back", action="store_true", help="from the hypertable to partitions")
        parser.add_argument("--yes", action="store_true", help="do it; without this the plan is shown and no more")

    def handle(self, *, back: bool, yes: bool, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("The portal runs on SQLite, and TimescaleDB extends PostgreSQL: set DATABASE_URL.")
        if timescale.has(READINGS) != back:
            self.stdout.write(f"Readings are in {'partitions' if back else 'a hypertable'} already.")
            return
        if not back:
            _require_timescaledb()
        for line in _plan(back):
            self.stdout.write(line)
        if not yes:
            self.stdout.write(self.style.WARNING("Nothing was done. Call it again with --yes to do it."))
            return
        timescale.switch(on=not back)
        partitions.maintain(timezone.now())
        self.stdout.write(self.style.SUCCESS("Done."))


def _require_timescaledb() -> None:
    version = timescale.version()
    if version is None and timescale.is_offered():
        raise CommandError("Install the extension first, as a superuser of this database: CREATE EXTENSION timescaledb")
    if version is None:
        raise CommandError("This PostgreSQL server has no TimescaleDB: install it (docs.tigerdata.com tells how).")
    if version < timescale.OLDEST:
        oldest = ".".join(map(str, timescale.OLDEST))
        raise CommandError(f"TimescaleDB {oldest} or newer is needed: ALTER EXTENSION timescaledb UPDATE;")


def _plan(back: bool) -> list[str]:
    parts = partitions.partitions(READINGS)
    gigabytes = sum(partitions.size(READINGS, part) for part in parts) / 1e9
    kind = "chunks" if back else "partitions"
    lines = [f"Readings are in {len(parts)} {kind} of {gigabytes:.1f} GB. They will be copied into", ""]
    if back:
        lines += ["  - partitions of a day, made ahead by the task “maintain partitions”"]
    else:
        lines += ["  - a hypertable with chunks of a day"]
        lines += [
            f"  - compressed {timescale.COMPRESSED_AFTER} after they were full, by metric"
            if timescale.compresses()
            else "  - not compressed: this edition of TimescaleDB cannot (timescaledb.license is not 'timescale')"
        ]
        lines += ["  - dropped by the portal's own retention, with preview and receipt, as before"]
    return [*lines, "", WHILE_IT_RUNS, ""]
