"""Templates, runs and schedules of tests."""

from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from devices.models import Project
from iotsphere.models import User
from reports import runs, schedules
from reports.models import Format, ReportTemplate, Run, Schedule
from tests.factories import DeviceFactory

SOON = timedelta(minutes=1)
DAY = timedelta(days=1)


def template_of(project: Project, **said: Any) -> ReportTemplate:
    """Of a device at least, so that there is something to report."""
    if not project.devices.exists():
        DeviceFactory.create(project=project)
    said = {"name": "Weekly", "kind": "availability", "said": {"range": "previous-week"}, "format": Format.CSV, **said}
    return ReportTemplate.objects.create(project=project, **said)


def schedule_of(owner: User, project: Project, **said: Any) -> Schedule:
    """Every day at seven in Vienna, for one address, unless told otherwise."""
    users = said.pop("users", ())
    template = said.pop("template", None) or template_of(project)
    said = {
        "every": "daily",
        "at": time(7),
        "time_zone": ZoneInfo("Europe/Vienna"),
        "addresses": ["ann@example.com"],
        **said,
    }
    schedule = Schedule(template=template, owner=owner, **said)
    schedule.clean()
    schedule.save()
    schedule.users.set(users)
    schedules.plan(schedule, timezone.now())
    return schedule


def run_of(by: User, project: Project, **said: Any) -> Run:
    """One that waits to be made."""
    template = said.pop("template", None) or template_of(project, name=f"Template {ReportTemplate.objects.count()}")
    return runs.request(by, {**template.parameters, **said}, template.format, template=template)


def made(run: Run) -> Run:
    runs.make(run.pk)
    run.refresh_from_db()
    return run


def content(run: Run) -> bytes:
    return Path(run.file.path).read_bytes()
