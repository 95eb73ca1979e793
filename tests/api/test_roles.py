"""Who may do what over REST: every route and method there is, and what each of the cast is answered."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import QueryDict
from django.urls import URLPattern, reverse
from rest_framework.test import APIClient

from alerts.models import Backtest, EscalationStep, NotificationPreference, PushSubscription, Silence, Webhook
from devices.claims import codes_for
from devices.commands import send
from devices.models import Credential, FirmwarePackage, Purge
from devices.provisioning import make_key
from iotsphere.models import Dashboard, User
from mlmonitor.models import MonitorThreshold, ServiceRecord
from reports.models import Delivery, ReportTemplate, Run
from telemetry.models import RejectedMessage
from tests.admin.rows import campaign_of, report_run_of, report_schedule_of, report_template_of
from tests.alerts.browsers import A_BROWSER
from tests.alerts.rules import HOT, alert_of, rule_for
from tests.factories import (
    NOON,
    CommandTypeFactory,
    DeviceFactory,
    DeviceTypeFactory,
    FirmwarePackageFactory,
    MetricFactory,
    UserFactory,
)
from tests.mlmonitor.rows import forecast_of, model_of
from tests.routes import routes

pytestmark = pytest.mark.once

PACKAGE = 4711
CAST = ["alice", "oscar", "vera", "charlie", "root", "nobody"]
# What alice, oscar, vera, charlie, root and nobody get.
ALL = (200, 200, 200, 200, 200, 401)
MEMBERS = (200, 200, 200, 404, 200, 401)
ANYBODY = (200,) * 6

MATRIX: dict[str, tuple[int, ...]] = {
    "GET root": ANYBODY,
    "GET schema": ANYBODY,
    "GET docs": ANYBODY,
    "POST token": (400,) * 6,
    "POST token-refresh": (400,) * 6,
    "POST token-revoke": (400,) * 6,
    "GET me": ALL,
    "PATCH me": ALL,
    "GET project-list": ALL,
    "POST project-list": (403, 403, 403, 403, 201, 401),
    "GET project-detail": MEMBERS,
    "PATCH project-detail": (200, 403, 403, 404, 200, 401),
    "DELETE project-detail": (403, 403, 403, 404, 409, 401),
    "GET member-list": ALL,
    "POST member-list": (201, 403, 403, 403, 201, 401),
    "GET member-detail": MEMBERS,
    "PATCH member-detail": (200, 403, 403, 404, 200, 401),
    "DELETE member-detail": (204, 403, 403, 404, 204, 401),
    "GET device-type-list": ALL,
    "GET device-type-detail": ALL,
    "GET device-list": ALL,
    "POST device-list": (201, 403, 403, 403, 201, 401),
    "GET device-detail": MEMBERS,
    "PATCH device-detail": (200, 403, 403, 404, 200, 401),
    "DELETE device-detail": (204, 403, 403, 404, 204, 401),
    "GET rejected-message-list": ALL,
    "GET rejected-message-detail": (200, 404, 404, 404, 200, 401),
    "GET purge-list": ALL,
    "GET purge-detail": (200, 404, 404, 404, 200, 401),
    "GET latest": MEMBERS,
    "GET history": MEMBERS,
    "GET comparison": MEMBERS,
    "GET quality": MEMBERS,
    "GET availability": MEMBERS,
    "POST device-replace-hardware": (201, 403, 403, 404, 201, 401),
    "POST device-clone": (201, 403, 403, 404, 201, 401),
    "GET provisioning-key-list": ALL,
    "POST provisioning-key-list": (201, 403, 403, 403, 201, 401),
    "GET provisioning-key-detail": (200, 404, 404, 404, 200, 401),
    "POST provisioning-key-revoke": (200, 404, 404, 404, 200, 401),
    "POST provision": (401,) * 6,
    "POST api/v1/provision/": (401,) * 6,
    "POST telemetry": (401,) * 6,
    "POST api/telemetry": (401,) * 6,
    "POST api/v1/telemetry/": (401,) * 6,
    "GET credential-list": ALL,
    "POST credential-list": (201, 403, 403, 403, 201, 401),
    "GET credential-detail": (200, 404, 404, 404, 200, 401),
    "POST credential-revoke": (200, 404, 404, 404, 200, 401),
    "GET metric-list": ALL,
    "GET metric-detail": MEMBERS,
    "PATCH metric-detail": (200, 403, 403, 404, 200, 401),
    "GET command-list": ALL,
    "POST command-list": (201, 201, 403, 403, 201, 401),
    "GET command-detail": MEMBERS,
    "POST command-cancel": (200, 200, 403, 404, 200, 401),
    "GET firmware-package-list": ALL,
    "POST firmware-package-list": (201, 403, 403, 403, 201, 401),
    "GET firmware-package-detail": MEMBERS,
    "DELETE firmware-package-detail": (204, 403, 403, 404, 204, 401),
    "GET firmware-campaign-list": ALL,
    "POST firmware-campaign-list": (201, 201, 403, 403, 201, 401),
    "GET firmware-campaign-detail": MEMBERS,
    "POST firmware-campaign-pause": (200, 200, 403, 404, 200, 401),
    "POST firmware-campaign-resume": (409, 409, 403, 404, 409, 401),
    "POST firmware-campaign-cancel": (200, 200, 403, 404, 200, 401),
    "POST firmware-campaign-retry": (409, 409, 403, 404, 409, 401),
    "GET firmware-update-list": ALL,
    "GET firmware-update-detail": MEMBERS,
    "GET device-firmware": (401,) * 6,
    "GET claim-code-list": ALL,
    "POST claim-code-list": (201, 403, 403, 403, 201, 401),
    "GET claim-code-detail": (200, 404, 404, 404, 200, 401),
    "GET twin-changes": MEMBERS,
    "GET twin": MEMBERS,
    "PATCH twin": (200, 200, 403, 404, 200, 401),
    "GET device-commands": (401,) * 6,
    "POST device-reply": (401,) * 6,
    "GET device-twin": (401,) * 6,
    "PATCH device-twin": (401,) * 6,
    "GET server-list": ALL,
    "GET server-detail": MEMBERS,
    "GET server-metrics": MEMBERS,
    "GET alert-list": ALL,
    "GET alert-detail": MEMBERS,
    "GET alert-patterns": ALL,
    "POST alert-acknowledge": (200, 200, 403, 404, 200, 401),
    "POST alert-assign": (200, 200, 403, 404, 200, 401),
    "POST alert-comment": (200, 200, 403, 404, 200, 401),
    "POST alert-resolve": (200, 200, 403, 404, 200, 401),
    "POST alert-snooze": (200, 200, 403, 404, 200, 401),
    "GET alert-rule-list": ALL,
    "POST alert-rule-list": (201, 403, 403, 403, 201, 401),
    "GET alert-rule-detail": MEMBERS,
    "PATCH alert-rule-detail": (200, 403, 403, 404, 200, 401),
    "DELETE alert-rule-detail": (204, 403, 403, 404, 204, 401),
    "POST alert-rule-backtest": (202, 403, 403, 404, 202, 401),
    "POST alert-rule-copy": (200, 403, 403, 404, 200, 401),
    "GET alert-rule-why": MEMBERS,
    "GET backtest-list": ALL,
    "GET backtest-detail": MEMBERS,
    "DELETE backtest-detail": (204, 403, 403, 404, 204, 401),
    "GET silence-list": ALL,
    "POST silence-list": (201, 201, 403, 403, 201, 401),
    "GET silence-detail": MEMBERS,
    "PATCH silence-detail": (200, 200, 403, 404, 200, 401),
    "DELETE silence-detail": (204, 204, 403, 404, 204, 401),
    "GET webhook-list": ALL,
    "POST webhook-list": (201, 403, 403, 403, 201, 401),
    "GET webhook-detail": (200, 404, 404, 404, 200, 401),
    "PATCH webhook-detail": (200, 404, 404, 404, 200, 401),
    "DELETE webhook-detail": (204, 404, 404, 404, 204, 401),
    "POST webhook-test": (200, 404, 404, 404, 200, 401),
    "GET escalation-step-list": ALL,
    "POST escalation-step-list": (201, 403, 403, 403, 201, 401),
    "GET escalation-step-detail": (200, 404, 404, 404, 200, 401),
    "PATCH escalation-step-detail": (200, 404, 404, 404, 200, 401),
    "DELETE escalation-step-detail": (204, 404, 404, 404, 204, 401),
    "GET report-kind-list": ALL,
    "GET report-template-list": ALL,
    "POST report-template-list": (201, 403, 403, 403, 201, 401),
    "GET report-template-detail": MEMBERS,
    "PATCH report-template-detail": (200, 403, 403, 404, 200, 401),
    "DELETE report-template-detail": (204, 403, 403, 404, 204, 401),
    "GET report-run-list": ALL,
    "POST report-run-list": (201, 201, 403, 403, 201, 401),
    "GET report-run-detail": MEMBERS,
    "GET report-run-file": MEMBERS,
    "POST report-run-cancel": (409, 409, 403, 404, 409, 401),
    "POST report-run-again": (201, 201, 403, 404, 201, 401),
    "GET report-schedule-list": ALL,
    "POST report-schedule-list": (201, 403, 403, 403, 201, 401),
    "GET report-schedule-detail": (200, 404, 404, 404, 200, 401),
    "PATCH report-schedule-detail": (200, 404, 404, 404, 200, 401),
    "DELETE report-schedule-detail": (204, 404, 404, 404, 204, 401),
    "GET report-schedule-preview": (200, 404, 404, 404, 200, 401),
    "POST report-schedule-pause": (200, 404, 404, 404, 200, 401),
    "POST report-schedule-resume": (409, 404, 404, 404, 409, 401),
    "POST report-schedule-test": (202, 404, 404, 404, 202, 401),
    "GET report-delivery-list": ALL,
    "GET report-delivery-detail": (200, 404, 404, 404, 200, 401),
    "GET dashboard-list": ALL,
    "POST dashboard-list": (201, 201, 201, 201, 201, 401),
    "GET dashboard-detail": MEMBERS,
    "PATCH dashboard-detail": (200, 200, 403, 404, 200, 401),
    "DELETE dashboard-detail": (204, 204, 403, 404, 204, 401),
    "GET dashboard-export": MEMBERS,
    "POST dashboard-duplicate": (201, 201, 201, 404, 201, 401),
    "POST dashboard-default": (204, 204, 204, 404, 204, 401),
    "DELETE dashboard-default": (204, 204, 204, 204, 204, 401),
    "POST dashboard-restore": (200, 200, 403, 404, 200, 401),
    "POST dashboard-import": (201, 201, 201, 201, 201, 401),
    "GET notification-list": ALL,
    "POST notification-read": (204, 204, 204, 204, 204, 401),
    "POST notification-test": ALL,
    "GET push-subscription-list": ALL,
    "POST push-subscription-list": (201, 201, 201, 201, 201, 401),
    "GET push-subscription-key": ALL,
    "DELETE push-subscription-detail": (404, 204, 404, 404, 404, 401),
    "GET notification-default-list": ALL,
    "POST notification-default-list": (201, 403, 403, 403, 201, 401),
    "GET notification-default-detail": (200, 404, 404, 404, 200, 401),
    "PATCH notification-default-detail": (200, 404, 404, 404, 200, 401),
    "DELETE notification-default-detail": (204, 404, 404, 404, 204, 401),
    "GET notification-preference-list": ALL,
    "POST notification-preference-list": (201, 201, 201, 400, 201, 401),
    "GET notification-preference-detail": (404, 200, 404, 404, 404, 401),
    "PATCH notification-preference-detail": (404, 200, 404, 404, 404, 401),
    "DELETE notification-preference-detail": (404, 204, 404, 404, 404, 401),
    "GET model-list": ALL,
    "POST model-list": (201, 403, 403, 403, 201, 401),
    "GET model-detail": MEMBERS,
    "PATCH model-detail": (200, 403, 403, 404, 200, 401),
    "POST model-predictions": (200, 200, 403, 404, 200, 401),
    "POST model-ground-truth": (200, 200, 403, 404, 200, 401),
    "GET model-baselines": MEMBERS,
    "POST model-baselines": (400, 403, 403, 404, 400, 401),
    "POST model-baseline-of-window": (409, 403, 403, 404, 409, 401),
    "GET model-versions": MEMBERS,
    "POST model-versions": (201, 403, 403, 404, 201, 401),
    "POST model-promote": (200, 403, 403, 404, 200, 401),
    "POST model-archive": (200, 403, 403, 404, 200, 401),
    "POST model-activate": (200, 403, 403, 404, 200, 401),
    "POST model-check": (200, 200, 403, 404, 200, 401),
    "GET model-performance": MEMBERS,
    "GET model-alerts": MEMBERS,
    "GET drift-check-list": ALL,
    "GET drift-check-detail": MEMBERS,
    "GET forecast-list": ALL,
    "GET forecast-detail": MEMBERS,
    "POST forecast-snooze": (200, 200, 403, 404, 200, 401),
    "GET service-record-list": ALL,
    "POST service-record-list": (201, 201, 403, 403, 201, 401),
    "GET service-record-detail": MEMBERS,
    "GET anomalies": MEMBERS,
    "GET monitor-threshold-list": ALL,
    "POST monitor-threshold-list": (201, 403, 403, 403, 201, 401),
    "GET monitor-threshold-detail": MEMBERS,
    "PATCH monitor-threshold-detail": (200, 403, 403, 404, 200, 401),
    "DELETE monitor-threshold-detail": (204, 403, 403, 404, 204, 401),
}
BODIES: dict[str, dict[str, Any]] = {
    "PATCH me": {"first_name": "Somebody"},
    "POST project-list": {"name": "New", "slug": "new"},
    "PATCH project-detail": {"name": "Renamed"},
    "POST member-list": {"project": "acme", "user": "newcomer", "role": "viewer"},
    "PATCH member-detail": {"role": "operator"},
    "POST device-list": {"device_id": "new", "name": "New", "project": "acme"},
    "PATCH device-detail": {"name": "Renamed"},
    "POST credential-list": {"device": "boiler.1", "kind": "api_key"},
    "PATCH metric-detail": {"label": "Renamed"},
    "POST device-replace-hardware": {"serial_number": "7", "kind": "mqtt"},
    "POST device-clone": {"device_id": "copy"},
    "POST provisioning-key-list": {"project": "acme"},
    "POST provision": {"device_id": "newcomer"},
    "POST api/v1/provision/": {"device_id": "newcomer"},
    "POST command-list": {"name": "blink", "devices": ["boiler.1"]},
    "POST firmware-campaign-list": {"package": PACKAGE},
    "POST claim-code-list": {"device": "boiler.1"},
    "PATCH twin": {"desired": {"mode": "eco"}},
}
BODIES |= {
    "POST alert-assign": {"user": "vera"},
    "POST alert-comment": {"text": "Looking into it"},
    "POST alert-snooze": {"minutes": 60},
    "POST alert-rule-list": {"name": "New", "project": "acme", "levels": [{"severity": "low", "when": HOT}]},
    "PATCH alert-rule-detail": {"name": "Renamed"},
    "POST alert-rule-backtest": {"days": 1},
    "POST alert-rule-copy": {"device_types": ["boiler"], "dry_run": True},
    "POST silence-list": {
        "project": "acme", "reason": "works", "starts_at": "2025-12-19T12:00Z", "ends_at": "2025-12-19T13:00Z",
    },
    "PATCH silence-detail": {"reason": "Renamed"},
    "POST dashboard-list": {"name": "New"},
    "PATCH dashboard-detail": {"name": "Renamed"},
    "POST dashboard-import": {"format": "iotsphere-dashboard", "version": 1, "name": "New", "widgets": []},
    "POST webhook-list": {"project": "acme", "name": "New", "url": "https://example.com/"},
    "PATCH webhook-detail": {"name": "Renamed"},
    "POST notification-test": {"transport": "web_push"},
    "POST push-subscription-list": {"endpoint": "https://push.example.com/new", **A_BROWSER},
    "POST escalation-step-list": {"project": "acme", "role": "admin"},
    "PATCH escalation-step-detail": {"after_minutes": 30},
    "POST notification-default-list": {"project": "acme", "transport": "email", "minimum": "high"},
    "PATCH notification-default-detail": {"minimum": "low"},
    "POST notification-preference-list": {"project": "acme", "transport": "in_app", "minimum": "high"},
    "PATCH notification-preference-detail": {"minimum": "low"},
}  # fmt: skip
BODIES |= {
    "POST model-list": {"key": "new", "name": "New", "project": "acme", "task": "regression"},
    "PATCH model-detail": {"name": "Renamed"},
    "POST model-predictions": {"rows": []},
    "POST model-ground-truth": {"rows": []},
    "POST model-baselines": {"rows": []},
    "POST model-baseline-of-window": {"start": "2025-12-18T12:00Z", "end": "2025-12-19T12:00Z"},
    "POST model-versions": {"name": "2", "features": [{"key": "flow", "kind": "numeric"}]},
    "POST model-promote": {"version": "1", "alias": "champion"},
    "POST forecast-snooze": {"until": None},
    "POST service-record-list": {"device": "boiler.1", "indicator": "battery"},
    "POST monitor-threshold-list": {"model": "leak", "metric": "psi", "medium": 0.2, "high": 0.3, "critical": 0.4},
    "PATCH monitor-threshold-detail": {"medium": 0.01},
}
TEMPLATE = 4711
BODIES |= {
    "POST report-template-list": {"project": "acme", "name": "New", "kind": "availability"},
    "PATCH report-template-detail": {"name": "Renamed"},
    "POST report-run-list": {"parameters": {"kind": "availability", "project": "acme"}},
    "POST report-schedule-list": {"template": TEMPLATE, "every": "daily"},
    "PATCH report-schedule-detail": {"day": 2},
}
UPLOADS = {"POST firmware-package-list": {"project": "acme", "device_type": "boiler", "version": "3"}}
UNASKED = {"head", "options"}
QUERIES = {
    "GET history": "?metrics=temperature",
    "GET comparison": "?devices=boiler.1&metrics=temperature",
    "GET alert-rule-why": "?device=boiler.1",
}


def _methods(pattern: URLPattern) -> list[str]:
    view: Any = pattern.callback
    answered = getattr(view, "actions", None) or dir(view.cls)
    return [method.upper() for method in view.cls.http_method_names if method in answered and method not in UNASKED]


ROUTES = {
    f"{method} {pattern.name or path}": pattern
    for path, pattern in routes()
    if path.startswith("api/")
    for method in _methods(pattern)
}


def test_every_route_and_method_is_in_the_matrix() -> None:
    assert sorted(ROUTES) == sorted(MATRIX)


@pytest.fixture
def places(alice: User, oscar: User, vera: User, charlie: User, root: User) -> dict[str, Any]:
    """Acme has a device with all that belongs to one; `places` names them as addresses do."""
    UserFactory.create(username="newcomer")
    acme = alice.memberships.get().project
    device = DeviceFactory.create(
        device_id="boiler.1",
        project=acme,
        device_type=DeviceTypeFactory.create(slug="boiler", settings_schema={"type": "object"}),
    )
    CommandTypeFactory.create(device_type=device.device_type)
    [command], _ = send(None, "blink", {}, [device])
    metric = MetricFactory.create(device=device)
    server = DeviceFactory.create(
        name="boiler.1", project=acme, device_type=DeviceTypeFactory.create(slug="server"), hostname="boiler.1"
    )
    rejected = RejectedMessage.objects.create(
        device=device, sender="boiler.1", door="http", received_at=NOON, body=b"?"
    )
    purge = Purge.objects.create(device_id="boiler.1", name="boiler.1", project=acme)
    credential = Credential.objects.create(device=device, kind="api_key", public_id="0123456789abcdef")
    rule = rule_for(device, is_enabled=False)
    package = FirmwarePackageFactory.create(project=acme, device_type=device.device_type)
    FirmwarePackage.objects.filter(pk=package.pk).update(id=PACKAGE)
    campaign = campaign_of(acme)
    silence = Silence.objects.create(project=acme, reason="works", starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    webhook = Webhook.objects.create(project=acme, name="hook", url="http://127.0.0.1:1/")
    step = EscalationStep.objects.create(project=acme, role="admin")
    browser = PushSubscription.objects.create(user=oscar, endpoint="https://push.example.com/1", **A_BROWSER)
    preference = NotificationPreference.objects.create(user=oscar, transport="email")
    default = NotificationPreference.objects.create(project=acme, transport="in_app")
    model = model_of(acme)
    version = model.versions.get()
    check = version.checks.create(start=NOON, end=NOON + timedelta(days=1), checked_at=NOON, verdict="ok")
    threshold = MonitorThreshold.objects.create(model=model, metric="accuracy", medium=0.02, high=0.05, critical=0.1)
    run, schedule = report_run_of(acme), report_schedule_of(acme)
    Run.objects.filter(pk=run.pk).update(said={"kind": "availability", "project": "acme"})
    delivery = Delivery.objects.create(schedule=schedule, slot=NOON, address="vera", due_at=NOON)
    ReportTemplate.objects.filter(pk=report_template_of(acme).pk).update(id=TEMPLATE)
    return {
        "project": {"slug": "acme"},
        "model": {"key": model.key},
        "drift-check": {"pk": check.pk},
        "forecast": {"pk": forecast_of(acme, device=device).pk},
        "service-record": {"pk": ServiceRecord.objects.create(device=device).pk},
        "anomalies": {"device_id": "boiler.1"},
        "monitor-threshold": {"pk": threshold.pk},
        "member": {"pk": vera.memberships.get().pk},
        "device-type": {"slug": "boiler"},
        "latest": {"device_id": "boiler.1"},
        "quality": {"device_id": "boiler.1"},
        "history": {"device_id": "boiler.1"},
        "availability": {"device_id": "boiler.1"},
        "credential": {"public_id": credential.public_id},
        "metric": {"pk": metric.pk},
        "command": {"pk": command.pk},
        "firmware-package": {"pk": PACKAGE},
        "firmware-campaign": {"pk": campaign.pk},
        "firmware-update": {"pk": campaign.updates.get().pk},
        "claim-code": {"code": codes_for([device], alice)[0].code},
        "twin": {"device_id": "boiler.1"},
        "device": {"device_id": "boiler.1", "command_id": command.pk},
        "provisioning-key": {"public_id": make_key(acme, alice)[0].public_id},
        "purge": {"pk": purge.pk},
        "rejected-message": {"pk": rejected.pk},
        "server": {"id": server.uuid},
        "alert": {"pk": alert_of(acme, device=device).pk},
        "alert-rule": {"pk": rule.pk},
        "backtest": {"pk": Backtest.objects.create(rule=rule, revision=1).pk},
        "silence": {"pk": silence.pk},
        "webhook": {"pk": webhook.pk},
        "push-subscription": {"pk": browser.pk},
        "escalation-step": {"pk": step.pk},
        "notification-default": {"pk": default.pk},
        "notification-preference": {"pk": preference.pk},
        "report-template": {"pk": TEMPLATE},
        "report-run": {"uuid": run.pk},
        "report-schedule": {"pk": delivery.schedule_id},
        "report-delivery": {"pk": delivery.pk},
        "dashboard": {"pk": Dashboard.objects.create(name="Acme", project=acme).pk},
    }


def _place(places: dict[str, Any], name: str) -> dict[str, Any]:
    """What a route is about: the longest of its words that is a place."""
    while name not in places:
        name = name.rpartition("-")[0]
    return places[name]


@pytest.fixture
def ask(places: dict[str, Any], request: pytest.FixtureRequest) -> Callable[[str, str], Any]:
    """`ask("GET me", "vera")`: what Vera is answered, signed in as on the pages."""
    clients = {who: APIClient() for who in CAST}
    for who in CAST[:-1]:
        clients[who].force_login(request.getfixturevalue(who))

    def ask(operation: str, who: str) -> Any:
        method, name = operation.split()
        groups = ROUTES[operation].pattern.regex.groupindex
        kwargs = {key: value for key, value in _place(places, name).items() if key in groups} if groups else {}
        address = reverse(f"api:{name}", kwargs=kwargs) if ROUTES[operation].name else f"/{name}"
        body, how = BODIES.get(operation), {}
        if operation in UPLOADS:
            body = {**UPLOADS[operation], "file": SimpleUploadedFile("new.bin", b"new")}
            how = {"format": "multipart"}
        return getattr(clients[who], method.lower())(address + QUERIES.get(operation, ""), body, **how)

    return ask


@pytest.mark.parametrize("column", range(len(CAST)), ids=CAST)
def test_the_matrix_holds(column: int, ask: Callable[[str, str], Any]) -> None:
    answers = {}
    for operation in MATRIX:
        with transaction.atomic():
            answers[operation] = ask(operation, CAST[column]).status_code
            transaction.set_rollback(True)
    assert answers == {operation: row[column] for operation, row in MATRIX.items()}


def test_charlie_reads_nothing_of_acme(ask: Callable[[str, str], Any]) -> None:
    for operation in MATRIX:
        if not operation.startswith("GET "):
            continue
        answer = ask(operation, "charlie")
        content = answer.content
        for said in (answer.request["PATH_INFO"], *QueryDict(answer.request["QUERY_STRING"]).values()):
            content = content.replace(said.encode(), b"")  # by Charlie
        for word in (rb"\bAcme\b", rb'"acme"', rb"\bboiler\.1\b", rb"\bvera\b", rb"0123456789abcdef"):
            assert not re.search(word, content), operation
