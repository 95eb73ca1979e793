"""The demo's reports: two templates, a schedule, and one that is there to be looked at."""

from datetime import time
from typing import Any

from django.utils import timezone

from devices.models import Project
from devices.permissions import Role
from iotsphere.models import User
from reports import runs, schedules
from reports.models import Format, ReportTemplate, Schedule

HEATERS = ["WH_DEMO_01", "WH_DEMO_02"]
TEMPLATES: dict[str, dict[str, Any]] = {
    "Fleet, week by week": {"kind": "fleet", "said": {"range": "previous-week"}},
    "Water heaters, month by month": {"kind": "device", "said": {"range": "previous-month", "devices": HEATERS}},
}
WEEKLY = "Fleet, week by week"


def ensure_templates(project: Project) -> None:
    """A project that has some needs none."""
    if project.report_templates.exists():
        return
    for name, said in TEMPLATES.items():
        ReportTemplate.objects.create(project=project, name=name, format=Format.PDF, **said)


def ensure_schedule_and_run(project: Project) -> None:
    """With the rights of whoever administers the project, once there is somebody."""
    owner = User.objects.filter(memberships__project=project, memberships__role=Role.ADMIN).order_by("pk").first()
    template = project.report_templates.filter(name=WEEKLY).first()
    if owner is None or template is None or project.report_runs.exists() or template.schedules.exists():
        return
    schedule = Schedule.objects.create(
        template=template,
        owner=owner,
        every="weekly",
        weekdays=[0],
        at=time(7),
        time_zone=schedules.zone_for(owner, project),
        roles=[Role.ADMIN, Role.OPERATOR],
    )
    schedules.plan(schedule, timezone.now())
    run = runs.request(owner, {**template.parameters, "range": "7d"}, Format.PDF, template=template)
    runs.make(run.pk)
