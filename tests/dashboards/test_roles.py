"""Who may open what: every page for operators there is, and what each of the cast is answered."""

import pytest
from django.db import transaction
from django.db.models import Model
from django.urls import reverse

from alerts.models import Backtest
from devices.models import ClaimCode, Device, Project
from iotsphere.models import Dashboard, User
from tests.admin.rows import campaign_of, report_run_of, report_schedule_of, report_template_of
from tests.alerts.rules import alert_of, rule_for
from tests.factories import DeviceFactory, FirmwarePackageFactory
from tests.fixtures.clients import PageClient
from tests.routes import routes

pytestmark = pytest.mark.once

CAST = ["alice", "oscar", "vera", "charlie", "root", "nobody"]
# What alice, oscar, vera, charlie, root and nobody get: who has not signed in is sent to do so.
ALL = (200, 200, 200, 200, 200, 302)
MEMBERS = (200, 200, 200, 404, 200, 302)
ADMINISTRATORS = (200, 403, 403, 404, 200, 302)
OPERATORS = (200, 200, 403, 403, 200, 302)
SIGNED_IN_ALREADY = (302, 302, 302, 302, 302, 200)

MATRIX: dict[str, tuple[int, ...]] = {
    "fleet": ALL,
    "fleet-summary": ALL,
    "fleet-view-save": (405,) * 6,
    "fleet-view-default": (405,) * 6,
    "fleet-view-delete": (405,) * 6,
    "profile": ALL,
    "sign-in-end": (405,) * 6,
    "sign-ins-end-others": (405,) * 6,
    "dashboards": ALL,
    "dashboard": MEMBERS,
    "dashboard-data": MEMBERS,
    "dashboard-default": (302,) * 6,
    "dashboard-devices": ALL,
    "servers": ALL,
    "styleguide": (200, 404, 404, 404, 200, 302),
    "alerts": ALL,
    "alert": MEMBERS,
    "alert-change": (405,) * 6,
    "alerts-change": (405,) * 6,
    "rules": ALL,
    "rule": MEMBERS,
    "rule-new": (200, 403, 403, 403, 200, 302),
    "rule-preview": (405,) * 6,
    "rule-edit": ADMINISTRATORS,
    "rule-copy": ADMINISTRATORS,
    "rule-delete": ADMINISTRATORS,
    "rule-versions": MEMBERS,
    "rule-why": MEMBERS,
    "rule-try": (405,) * 6,
    "rule-enable": (405,) * 6,
    "rule-disable": (405,) * 6,
    "silences": ALL,
    "silence-end": (405,) * 6,
    "alert-patterns": ALL,
    "notifications": ALL,
    "notifications-read": (405,) * 6,
    "notification-preferences": ALL,
    "deliveries": (200, 403, 403, 403, 200, 302),
    "told": (200, 403, 403, 403, 200, 302),
    "backtest": (200, 404, 404, 404, 200, 302),
    "alerts-unsubscribe": (404,) * 6,
    "console": OPERATORS,
    "fleet-map": ALL,
    "device": MEMBERS,
    "claim": (200, 200, 404, 404, 200, 302),
    "device-quality": MEMBERS,
    "device-tab": MEMBERS,
    "device-services": (405,) * 6,
    "forecast-snooze": (405,) * 6,
    "models": ALL,
    "models-newest": ALL,
    "models-tab": ALL,
    "model-change": (405,) * 6,
    "model-alert-change": (405,) * 6,
    "reports": ALL,
    "report-new": OPERATORS,
    "report-export": (200, 200, 403, 403, 200, 401),
    "report": MEMBERS,
    "report-file": MEMBERS,
    "report-change": (405,) * 6,
    "report-shared": (404,) * 6,
    "report-templates": ALL,
    "report-template-delete": (405,) * 6,
    "report-schedules": (200, 403, 403, 403, 200, 302),
    "report-schedule-new": (200, 403, 403, 403, 200, 302),
    "report-schedule-preview": (405,) * 6,
    "report-schedule": (200, 404, 404, 404, 200, 302),
    "report-schedule-change": (405,) * 6,
    "report-unsubscribe": (404,) * 6,
    "login": SIGNED_IN_ALREADY,
    "logout": (405,) * 6,
    "first_start": (403,) * 6,
    "authority": (200,) * 6,
    "firmware": ALL,
    "firmware-roll-out": MEMBERS,
    "firmware-campaign": MEMBERS,
    "firmware-change": (405,) * 6,
    "service-worker": (200,) * 6,
    "manifest": (200,) * 6,
    "offline": (200,) * 6,
    "firmware-key": (200,) * 6,
    "firmware-download": (404,) * 6,
    "revoked-certificates": (200,) * 6,
}
ARGUMENTS = {
    "device_id": "boiler.1",
    "code": "2222-3333-4444-5555",
    "tab": "history",
    "key": "leak",
    "token": "made-up",
    "verb": "acknowledge",
    "form": "csv",
}
ELSEWHERE = ("admin/", "api/", "metrics")  # tests/admin, tests/api, tests/observability

ROUTES = {pattern.name: pattern for path, pattern in routes() if not path.startswith(ELSEWHERE)}


def test_every_page_is_in_the_matrix() -> None:
    assert sorted(map(str, ROUTES)) == sorted(MATRIX)


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler.1", project=acme)
    ClaimCode.objects.create(device=device, code=ARGUMENTS["code"])
    return device


def row_of(name: str, boiler: Device) -> Model:
    """What a page with a number is about."""
    if name.startswith("rule"):
        return rule_for(boiler)
    if name.startswith("dashboard"):
        return Dashboard.objects.create(name="Wall", project=boiler.project)
    if name.startswith("report-schedule"):
        return report_schedule_of(boiler.project)
    if name.startswith("report-template"):
        return report_template_of(boiler.project)
    if name.startswith("report"):
        return report_run_of(boiler.project)
    if name == "backtest":
        return Backtest.objects.create(rule=rule_for(boiler), revision=1)
    if name == "firmware-roll-out":
        return FirmwarePackageFactory.create(project=boiler.project)
    if name.startswith("firmware"):
        return campaign_of(boiler.project)
    return alert_of(boiler.project, device=boiler)


@pytest.mark.parametrize("column", range(len(CAST)), ids=CAST)
def test_the_matrix_holds(
    column: int, boiler: Device, root: User, pages: PageClient, request: pytest.FixtureRequest
) -> None:
    client = pages(None if CAST[column] == "nobody" else request.getfixturevalue(CAST[column]))
    answers = {}
    for name in MATRIX:
        with transaction.atomic():
            pk = row_of(name, boiler).pk
            arguments = {**ARGUMENTS, "pk": pk, "uuid": pk}
            if name == "models-tab":
                arguments["tab"] = "drift"
            address = reverse(name, kwargs={key: arguments[key] for key in ROUTES[name].pattern.converters})
            answers[name] = client.get(address).status_code
            transaction.set_rollback(True)
    assert answers == {name: row[column] for name, row in MATRIX.items()}
