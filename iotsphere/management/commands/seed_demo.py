from argparse import ArgumentParser
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from iotsphere.demo import firmware, models, orders, reports, seed, services
from iotsphere.demo.boards import ensure_dashboards
from iotsphere.demo.past import fleet_before, this_server_before


class Command(BaseCommand):
    help = "Create the demo project and its devices and write thirty days of history. Doing it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="First delete all that the demo's devices have sent.")
        parser.add_argument("--yes", action="store_true", help="Do not ask before deleting.")

    def handle(self, *, reset: bool, yes: bool, **options: Any) -> None:
        project = seed.ensure_project()
        if reset and not self._forget(project, yes):
            return
        now, began = datetime.now(UTC), monotonic()
        devices = seed.ensure_devices(project)
        ensure_dashboards(project)
        firmware.ensure_package(project)
        reports.ensure_templates(project)
        waiting = {device.device_id: device for device in devices if not seed.has_past(device, now)}
        if not waiting:
            reports.ensure_schedule_and_run(project)
            self.stdout.write("The demo has its history already.")
            return
        pasts = [past for past in (*fleet_before(now), this_server_before(now)) if past.device_id in waiting]
        total = sum(past.size for past in pasts)
        # On a terminal a bar; elsewhere (disable=None) the sentence below has to do.
        with tqdm(total=total, unit=" readings", unit_scale=True, disable=None, desc="Thirty days") as bar:
            for past in pasts:
                bar.set_description(past.device_id)
                seed.write_past(waiting[past.device_id], past, progress=bar.update)
        orders.write_orders(devices, now)
        services.write_services(devices)
        predictions = models.write_models(project, now)
        reports.ensure_schedule_and_run(project)
        self.stdout.write(f"Wrote {total:,} readings of {len(pasts)} devices in {monotonic() - began:.1f} s.")
        self.stdout.write(f"Two models made {predictions:,} predictions of them.")

    def _forget(self, project: Any, yes: bool) -> bool:
        question = f"This deletes all that {project.devices.count()} devices of the project {project} have sent. Go on?"
        if not yes and not _confirmed(question):
            self.stdout.write("Nothing was changed.")
            return False
        models.forget_models(project)
        services.forget_services(project.devices.all())
        self.stdout.write(f"Deleted {seed.forget_data(project):,} readings.")
        return True


def _confirmed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:  # nobody is there to answer
        return False
