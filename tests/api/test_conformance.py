"""Schemathesis asks every operation of the schema what careless and hostile clients might, on a small fleet."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, given, settings
from pytest_django import DjangoDbBlocker
from rest_framework_simplejwt.tokens import AccessToken
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.models import Backtest, EscalationStep, NotificationPreference, PushSubscription, Silence, Webhook
from devices.claims import codes_for
from devices.commands import send
from devices.credentials import issue
from devices.models import Device, Purge
from devices.provisioning import make_key
from iotsphere.models import Dashboard, User
from mlmonitor.models import MonitorThreshold, ServiceRecord
from reports.models import Delivery, Schedule
from telemetry.models import RejectedMessage
from tests.admin.rows import campaign_of, report_run_of, report_schedule_of
from tests.alerts.browsers import A_BROWSER
from tests.alerts.rules import alert_of, rule_for
from tests.factories import (
    NOON,
    CommandTypeFactory,
    DeviceFactory,
    DeviceTypeFactory,
    FirmwarePackageFactory,
    MembershipFactory,
    MetricFactory,
    ReadingFactory,
    UserFactory,
)
from tests.mlmonitor.rows import forecast_of, model_of

EXAMPLES = 3
PLACES = [
    "alert-rules",
    "alerts",
    "backtests",
    "claim-codes",
    "commands",
    "credentials",
    "dashboards",
    "device",
    "device-types",
    "devices",
    "drift-checks",
    "escalation-steps",
    "firmware-campaigns",
    "firmware-packages",
    "firmware-updates",
    "forecasts",
    "history",
    "me",
    "members",
    "metrics",
    "models",
    "monitor-thresholds",
    "notification-defaults",
    "notification-preferences",
    "notifications",
    "projects",
    "provision",
    "provisioning-keys",
    "purges",
    "push-subscriptions",
    "rejected-messages",
    "reports",
    "servers",
    "service-records",
    "silences",
    "telemetry",
    "token",
    "webhooks",
]
OF_DEVICES = {"device", "telemetry"}  # with their own keys
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def schema() -> Any:
    generated = OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True), renderer_context={})
    schema = schemathesis.openapi.from_dict(json.loads(generated))
    schema.app = get_wsgi_application()
    return schema


@pytest.fixture
def portal() -> Iterator[None]:
    """The portal as a WSGI application that answers inside the transaction of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def names(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, dict[str, Any]]]:
    """What exists, as the paths of each place name it: what does not exist is soon asked."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_fleet()
        transaction.set_rollback(True)


def make_fleet() -> dict[str, dict[str, Any]]:
    root = UserFactory.create(username="root", is_staff=True, is_superuser=True)
    membership = MembershipFactory.create(project__slug="acme")
    acme = membership.project
    boiler = DeviceTypeFactory.create(slug="boiler", settings_schema={"type": "object"})
    CommandTypeFactory.create(device_type=boiler)
    server = DeviceFactory.create(project=acme, device_type=DeviceTypeFactory.create(slug="server"))
    ReadingFactory.create(metric=MetricFactory.create(device=server, key="cpu"))
    device = DeviceFactory.create(device_id="boiler.1", project=acme, device_type=boiler)
    metric = ReadingFactory.create(metric=MetricFactory.create(device=device)).metric
    [command], _ = send(None, "blink", {}, [device])
    rule = rule_for(device, is_enabled=False)
    model = model_of(acme)
    version = model.versions.get()
    check = version.checks.create(start=NOON, end=NOON + timedelta(days=1), checked_at=NOON, verdict="ok")
    threshold = MonitorThreshold.objects.create(model=model, metric="accuracy", medium=0.02, high=0.05, critical=0.1)
    campaign = campaign_of(acme)
    package = FirmwarePackageFactory.create(project=acme, device_type=boiler, version="1.0")
    schedule = report_schedule_of(acme)
    number = schedule.template_id
    Schedule.objects.filter(pk=schedule.pk).update(id=number)
    Delivery.objects.create(id=number, schedule_id=number, slot=NOON, address="ann@example.com", due_at=NOON)
    return {
        "claim-codes": {"code": codes_for([device], root)[0].code},
        "models": {"key": model.key},
        "drift-checks": {"id": check.pk},
        "forecasts": {"id": forecast_of(acme, device=device).pk},
        "service-records": {"id": ServiceRecord.objects.create(device=device).pk},
        "monitor-thresholds": {"id": threshold.pk},
        "commands": {"id": str(command.pk)},
        "device": {"command_id": str(command.pk)},
        "credentials": {"public_id": issue(device, "mqtt", None)[0].public_id},
        "device-types": {"slug": "boiler"},
        "devices": {"device_id": "boiler.1"},
        "firmware-campaigns": {"id": campaign.pk},
        "firmware-packages": {"id": package.pk},
        "firmware-updates": {"id": campaign.updates.get().pk},
        "members": {"id": membership.pk},
        "metrics": {"id": metric.pk},
        "projects": {"slug": "acme"},
        "provisioning-keys": {"public_id": make_key(acme, membership.user)[0].public_id},
        "purges": {"id": Purge.objects.create(device_id="gone", name="Gone", project=acme).pk},
        "rejected-messages": {
            "id": RejectedMessage.objects.create(device=device, door="http", received_at=NOON, body=b"?").pk
        },
        "reports": {"uuid": str(report_run_of(acme).pk), "id": number},
        "servers": {"id": str(server.uuid)},
        "alerts": {"id": alert_of(acme, device=device).pk},
        "alert-rules": {"id": rule.pk},
        "backtests": {"id": Backtest.objects.create(rule=rule, revision=1).pk},
        "escalation-steps": {"id": EscalationStep.objects.create(project=acme, role="admin").pk},
        "notification-defaults": {"id": NotificationPreference.objects.create(project=acme, transport="email").pk},
        "notification-preferences": {"id": NotificationPreference.objects.create(user=root, transport="email").pk},
        "dashboards": {"id": Dashboard.objects.create(name="Wall", project=acme, owner=root).pk},
        "push-subscriptions": {
            "id": PushSubscription.objects.create(user=root, endpoint="https://push.example.com/1", **A_BROWSER).pk
        },
        "silences": {
            "id": Silence.objects.create(
                project=acme, reason="works", starts_at=NOON, ends_at=NOON + timedelta(hours=1)
            ).pk
        },
        "webhooks": {"id": Webhook.objects.create(project=acme, name="hook", url="http://127.0.0.1:1/").pk},
    }


def place(path: str) -> str:
    return path.split("/")[3]


def test_every_place_is_asked(schema: Any) -> None:
    assert sorted({place(path) for path in schema.raw_schema["paths"]}) == PLACES


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("where", PLACES)
def test_answers_conform_to_the_schema(
    where: str, mode: GenerationMode, schema: Any, portal: None, names: dict[str, dict[str, Any]], db: None
) -> None:
    root = User.objects.get(username="root")
    device = Device.objects.get(device_id="boiler.1")
    token = issue(device, "api_key", None)[1] if where in OF_DEVICES else AccessToken.for_user(root)

    def ask(case: Any) -> None:
        with transaction.atomic():
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
            transaction.set_rollback(True)

    asking = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    for found in schema.get_all_operations():
        operation = found.ok()
        can_be_wrong = operation.body or operation.query or operation.path_parameters or operation.headers
        if place(operation.path) == where and (mode != GenerationMode.NEGATIVE or can_be_wrong):
            path_parameters = names[where] if "{" in operation.path else None
            asking(given(operation.as_strategy(mode, path_parameters=path_parameters))(ask))()
