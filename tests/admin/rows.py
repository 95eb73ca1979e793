"""A row of every model that the admin knows, and whose business each model is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db.models import Model
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from alerts.models import (
    AlertEvent,
    Backtest,
    EscalationStep,
    Notification,
    NotificationPreference,
    PushSubscription,
    RuleState,
    Silence,
    Webhook,
)
from devices.audit import record
from devices.claims import codes_for
from devices.commands import send
from devices.credentials import issue
from devices.firmware.rollout import Rules, start
from devices.models import FirmwareCampaign, Project, Purge, RetentionClass, RevokedCertificate
from devices.provisioning import make_key
from devices.twin import report
from iotsphere.models import Dashboard
from mlmonitor.models import (
    Baseline,
    DriftCheck,
    GroundTruth,
    MonitoredModel,
    MonitorThreshold,
    PerformanceBucket,
    Prediction,
    ProfileBucket,
    ServiceRecord,
)
from reports.models import Delivery, Letterhead, ReportTemplate, Run, Schedule, Unsubscription
from telemetry.models import (
    Door,
    LedgerHour,
    OwedEvaluation,
    QuarantinedMessage,
    RejectedMessage,
    RejectionCount,
    RetentionReceipt,
)
from telemetry.reasons import Reason
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


def _threshold(project: Project) -> MonitorThreshold:
    model = _model(project)
    return MonitorThreshold.objects.create(model=model, metric="psi", medium=0.1, high=0.2, critical=0.3)


def _model(project: Project) -> Any:
    return model_of(project, key=f"leak-{MonitoredModel.objects.count()}")


def _version_row(project: Project) -> Any:
    return _model(project).versions.get()


def _check(project: Project) -> DriftCheck:
    version = _version_row(project)
    return DriftCheck.objects.create(
        version=version, start=NOON, end=NOON + timedelta(days=1), checked_at=NOON, verdict="ok"
    )


def _prediction(project: Project) -> Prediction:
    version = _version_row(project)
    return Prediction.objects.create(model=version.model, version=version, key="p1", time=NOON, received_at=NOON)


def _baseline(project: Project) -> Baseline:
    return Baseline.objects.create(version=_version_row(project), kind="training", rows=100)


MakeRow = Callable[[Project], Model]


def _interval() -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=7, period=IntervalSchedule.SECONDS)


def _metric(project: Project) -> Any:
    metric = MetricFactory.create(device=DeviceFactory.create(project=project))
    ReadingFactory.create(metric=metric)
    return metric


def _ledger_hour(project: Project) -> LedgerHour:
    device = DeviceFactory.create(project=project)
    return LedgerHour.objects.create(
        sender=device.device_id, device=device, hour=NOON, received=5, stored=2, rejected=3
    )


def _rejected_message(project: Project) -> RejectedMessage:
    device = DeviceFactory.create(project=project)
    return RejectedMessage.objects.create(
        sender=device.device_id, device=device, door=Door.HTTP, received_at=NOON, body=b"?"
    )


def _command(project: Project) -> Any:
    device_type = CommandTypeFactory.create().device_type
    [command], _ = send(None, "blink", {}, [DeviceFactory.create(project=project, device_type=device_type)])
    return command


def campaign_of(project: Project) -> FirmwareCampaign:
    device = DeviceFactory.create(project=project, device_type=DeviceTypeFactory.create())
    package = FirmwarePackageFactory.create(project=project, device_type=device.device_type)
    return start(None, package, "all of its type", [device], Rules())[0]


def _notification(project: Project) -> Notification:
    alert = alert_of(project)
    hook = Webhook.objects.create(project=project, name="hook", url="https://example.com/")
    event = AlertEvent.objects.create(alert=alert, at=NOON, kind="opened")
    return Notification.objects.create(alert=alert, event=event, transport="webhook", webhook=hook, due_at=NOON)


def report_template_of(project: Project) -> ReportTemplate:
    name = f"Weekly {ReportTemplate.objects.count()}"
    return ReportTemplate.objects.create(project=project, name=name, kind="availability", format="csv")


def report_schedule_of(project: Project) -> Schedule:
    owner = MembershipFactory.create(project=project).user
    template = report_template_of(project)
    return Schedule.objects.create(template=template, owner=owner, every="daily", time_zone="Europe/Vienna")


def report_run_of(project: Project) -> Run:
    """One that is done."""
    run = Run.objects.create(project=project, kind="availability", title="Weekly", format="csv", status="done", size=5)
    run.file_name = "weekly.csv"
    run.file.save("", ContentFile(b"a,b\r\n"))
    return run


def _delivery(project: Project) -> Delivery:
    schedule = report_schedule_of(project)
    return Delivery.objects.create(schedule=schedule, slot=NOON, address="ann@example.com", due_at=NOON)


# Of the projects: who administers one sees its rows.
OF_PROJECTS: dict[str, MakeRow] = {
    "devices.Project": lambda project: project,
    "devices.AuditEntry": lambda project: record(
        None, "credential.issued", "boiler.1", project=project, kind="api_key"
    ),
    "devices.Membership": lambda project: MembershipFactory.create(project=project),
    "devices.Device": lambda project: DeviceFactory.create(project=project),
    "devices.ProvisioningKey": lambda project: make_key(project, UserFactory.create())[0],
    "devices.ClaimCode": lambda project: codes_for([DeviceFactory.create(project=project)], UserFactory.create())[0],
    "devices.Credential": lambda project: issue(DeviceFactory.create(project=project), "api_key", None)[0],
    "devices.Command": _command,
    "devices.FirmwarePackage": lambda project: FirmwarePackageFactory.create(project=project),
    "devices.FirmwareCampaign": campaign_of,
    "devices.FirmwareUpdate": lambda project: campaign_of(project).updates.get(),
    "devices.Twin": lambda project: report(DeviceFactory.create(project=project), {"mode": "eco"}),
    "devices.Purge": lambda project: Purge.objects.create(device_id="gone", name="Gone", project=project),
    "telemetry.Metric": _metric,
    "alerts.Alert": alert_of,
    "alerts.AlertRule": lambda project: rule_for(DeviceFactory.create(project=project)),
    "alerts.Backtest": lambda project: Backtest.objects.create(
        rule=rule_for(DeviceFactory.create(project=project)), revision=1
    ),
    "alerts.Silence": lambda project: Silence.objects.create(
        project=project, reason="works", starts_at=NOON, ends_at=NOON + timedelta(hours=1)
    ),
    "alerts.Webhook": lambda project: Webhook.objects.create(project=project, name="hook", url="https://example.com/"),
    "alerts.EscalationStep": lambda project: EscalationStep.objects.create(project=project, role="admin"),
    "alerts.Notification": _notification,
    "mlmonitor.MonitoredModel": _model,
    "mlmonitor.ModelVersion": _version_row,
    "mlmonitor.Baseline": _baseline,
    "mlmonitor.Prediction": _prediction,
    "mlmonitor.GroundTruth": lambda project: GroundTruth.objects.create(
        model=_model(project), key="p1", label="yes", received_at=NOON
    ),
    "mlmonitor.ProfileBucket": lambda project: ProfileBucket.objects.create(
        baseline=_baseline(project), hour=NOON, feature="flow", profile={}
    ),
    "mlmonitor.PerformanceBucket": lambda project: PerformanceBucket.objects.create(
        version=_version_row(project), hour=NOON
    ),
    "mlmonitor.DriftCheck": _check,
    "mlmonitor.Forecast": forecast_of,
    "mlmonitor.ServiceRecord": lambda project: ServiceRecord.objects.create(
        device=DeviceFactory.create(project=project), note="Fresh cell."
    ),
    "mlmonitor.MonitorThreshold": _threshold,
    "reports.Letterhead": lambda project: Letterhead.objects.get_or_create(project=project)[0],
    "reports.ReportTemplate": report_template_of,
    "reports.Schedule": report_schedule_of,
    "reports.Run": report_run_of,
    "reports.Delivery": _delivery,
    "reports.Unsubscription": lambda project: Unsubscription.objects.create(
        schedule=report_schedule_of(project), address="ann@example.com"
    ),
    "iotsphere.Dashboard": lambda project: Dashboard.objects.create(name="Wall", project=project),
    "telemetry.OwedEvaluation": lambda project: OwedEvaluation.objects.create(
        evaluator="alerts.evaluate", metric=_metric(project), first=NOON, last=NOON, received_at=NOON, due_at=NOON
    ),
    "telemetry.LedgerHour": _ledger_hour,
    "telemetry.RejectedMessage": _rejected_message,
    "telemetry.RejectionCount": lambda project: RejectionCount.objects.create(
        sender=DeviceFactory.create(project=project).device_id, hour=NOON, reason=Reason.MALFORMED, count=3
    ),
}
# Shared by all projects: who administers one may look.
SHARED: dict[str, MakeRow] = {
    "devices.DeviceType": lambda _: DeviceTypeFactory.create(),
    "mlmonitor.HealthIndicator": lambda project: forecast_of(project).indicator,
}
# The platform's: for superusers.
OF_THE_PLATFORM: dict[str, MakeRow] = {
    "devices.RevokedCertificate": lambda _: RevokedCertificate.objects.create(
        public_id="0123456789abcdef", revoked_at=NOON, expires_at=NOON
    ),
    "devices.RetentionClass": lambda _: RetentionClass.objects.create(name="Short", raw_days=1),
    "alerts.RuleState": lambda project: RuleState.objects.create(
        rule=rule_for(DeviceFactory.create(project=project), is_enabled=False),
        device=DeviceFactory.create(project=project),
        revision=1,
        status="normal",
    ),
    "alerts.NotificationPreference": lambda _: NotificationPreference.objects.create(
        user=UserFactory.create(), transport="email"
    ),
    "alerts.PushSubscription": lambda _: PushSubscription.objects.create(
        user=UserFactory.create(), endpoint="https://push.example.com/1", p256dh="", auth=""
    ),
    "telemetry.RetentionReceipt": lambda _: RetentionReceipt.objects.create(
        table="telemetry_reading", part="telemetry_reading_20251001", end=NOON, rows=1000
    ),
    "iotsphere.User": lambda _: UserFactory.create(),
    "telemetry.QuarantinedMessage": lambda _: QuarantinedMessage.objects.create(
        sender="stranger", door=Door.MQTT, received_at=NOON, body=b'{"telemetry": {"temperature": 1}}'
    ),
    "axes.AccessAttempt": lambda _: AccessAttempt.objects.create(
        username="mallory", ip_address="203.0.113.7", failures_since_start=8
    ),
    "axes.AccessLog": lambda _: AccessLog.objects.create(username="vera", ip_address="203.0.113.8"),
    "django_celery_beat.PeriodicTask": lambda _: PeriodicTask.objects.create(
        name="sweep", task="telemetry.tasks.sweep_presence", interval=_interval()
    ),
    "django_celery_beat.IntervalSchedule": lambda _: _interval(),
    "django_celery_beat.CrontabSchedule": lambda _: CrontabSchedule.objects.create(),
    "django_celery_beat.ClockedSchedule": lambda _: ClockedSchedule.objects.create(
        clocked_time=datetime(2030, 1, 1, tzinfo=UTC)
    ),
    "django_celery_beat.SolarSchedule": lambda _: SolarSchedule.objects.create(
        event="sunrise", latitude=48.2, longitude=16.4
    ),
}
ROWS = OF_PROJECTS | SHARED | OF_THE_PLATFORM


def registered() -> set[str]:
    admin.autodiscover()
    return {model._meta.label for model in admin.site._registry}
