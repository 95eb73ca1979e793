import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from alerts.shipped_rules import ensure_shipped_rules
from devices.broker_files import write_broker_files
from devices.models import Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.accounts import first_start
from iotsphere.accounts.demo_accounts import make_demo_accounts
from iotsphere.demo.reports import ensure_schedule_and_run
from iotsphere.demo.seed import PROJECT
from iotsphere.supervisor.home import write_privately
from mlmonitor.shipped_indicators import ensure_shipped_indicators


class Command(BaseCommand):
    help = (
        "Bring the database up to date, and a new one to life: what `run` does before it starts the portal. "
        "What people must be told of it (passwords, the first administrator's link) goes to NEWS_FILE as JSON, if set."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if self._is_behind():
                self.stdout.write("Bringing the database up to date …")
                call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            raise CommandError(f"The database does not answer: start it, or correct DATABASE_URL. ({error})") from error
        if first_start.is_awaited():
            ensure_shipped_types()
            ensure_shipped_rules()
            ensure_shipped_indicators()
            if not settings.DEMO:
                self._tell({"first_start_link": first_start.first_start_path()})
        # The demo's accounts come last: while nobody runs the portal, its first start was not finished.
        if settings.DEMO and (first_start.is_awaited() or not Project.objects.filter(slug=PROJECT).exists()):
            self._make_demo()
        write_broker_files()

    def _is_behind(self) -> bool:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    def _make_demo(self) -> None:
        call_command("seed_demo", stdout=self.stdout, stderr=self.stderr)
        project = Project.objects.get(slug=PROJECT)
        with transaction.atomic():
            accounts = make_demo_accounts(project, os.environ.get("DEMO_PASSWORD", ""))
            if accounts:  # told before they exist for good: nobody would know the passwords otherwise
                self._tell({"accounts": accounts})
        ensure_schedule_and_run(project)

    def _tell(self, news: dict[str, Any]) -> None:
        text = json.dumps(news, indent=2)
        if file := os.environ.get("NEWS_FILE"):
            write_privately(Path(file), text)
        else:
            self.stdout.write(text)
