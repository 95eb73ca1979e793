"""The admin's sidebar."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

SECTIONS = {
    "Devices": {
        "devices.Device": "sensors",
        "devices.Command": "terminal",
        "devices.Twin": "tune",
        "devices.FirmwarePackage": "developer_board",
        "devices.FirmwareCampaign": "rocket_launch",
        "devices.FirmwareUpdate": "system_update",
        "devices.Credential": "key",
        "devices.ProvisioningKey": "vpn_key",
        "devices.ClaimCode": "qr_code_2",
        "devices.DeviceType": "category",
        "devices.Project": "workspaces",
    },
    "Telemetry": {
        "telemetry.Metric": "show_chart",
        "telemetry.QuarantinedMessage": "contact_support",
        "telemetry.RejectedMessage": "block",
        "telemetry.LedgerHour": "receipt_long",
        "telemetry.RejectionCount": "format_list_numbered",
        "telemetry.OwedEvaluation": "pending_actions",
    },
    "Alerts": {
        "alerts.Alert": "notifications_active",
        "alerts.AlertRule": "rule",
        "alerts.Silence": "notifications_paused",
        "alerts.Webhook": "webhook",
        "alerts.EscalationStep": "escalator_warning",
        "alerts.NotificationPreference": "tune",
        "alerts.PushSubscription": "web",
        "alerts.Notification": "outgoing_mail",
        "alerts.Backtest": "history",
        "alerts.RuleState": "memory",
    },
    "Models": {
        "mlmonitor.MonitoredModel": "model_training",
        "mlmonitor.ModelVersion": "deployed_code",
        "mlmonitor.DriftCheck": "fact_check",
        "mlmonitor.MonitorThreshold": "straighten",
        "mlmonitor.HealthIndicator": "health_metrics",
        "mlmonitor.Forecast": "hourglass_top",
        "mlmonitor.ServiceRecord": "build",
        "mlmonitor.Baseline": "bookmark",
        "mlmonitor.Prediction": "online_prediction",
        "mlmonitor.GroundTruth": "task_alt",
        "mlmonitor.PerformanceBucket": "bar_chart",
        "mlmonitor.ProfileBucket": "ssid_chart",
    },
    "Reports": {
        "reports.ReportTemplate": "description",
        "reports.Schedule": "event_repeat",
        "reports.Run": "picture_as_pdf",
        "reports.Letterhead": "branding_watermark",
        "reports.Delivery": "outgoing_mail",
        "reports.Unsubscription": "unsubscribe",
    },
    "Accounts": {
        "iotsphere.User": "person",
        "iotsphere.Dashboard": "dashboard_customize",
        "devices.Membership": "group",
        "devices.AuditEntry": "history_edu",
        "axes.AccessAttempt": "lock",
        "axes.AccessLog": "login",
    },
    "System": {
        "devices.Purge": "delete_sweep",
        "devices.RetentionClass": "inventory_2",
        "telemetry.RetentionReceipt": "auto_delete",
        "devices.RevokedCertificate": "gpp_bad",
        "django_celery_beat.PeriodicTask": "schedule",
        "django_celery_beat.IntervalSchedule": "timer",
        "django_celery_beat.CrontabSchedule": "calendar_month",
    },
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with what the person may open of them."""
    portal = [
        {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")},
        {"title": "Operator pages", "icon": "grid_view", "link": reverse("fleet"), "active": False},
    ]
    sections = [
        {
            "title": title,
            "separator": True,
            "items": [_item(label, icon) for label, icon in pages.items() if _is_open(request, label)],
        }
        for title, pages in SECTIONS.items()
    ]
    return [{"items": portal}, *(section for section in sections if section["items"])]


def _is_open(request: HttpRequest, label: str) -> bool:
    return admin.site.get_model_admin(apps.get_model(label)).has_module_permission(request)


def _item(label: str, icon: str) -> dict[str, Any]:
    options = apps.get_model(label)._meta
    return {
        "title": options.verbose_name_plural.capitalize(),
        "icon": icon,
        "link": reverse(f"admin:{options.app_label}_{options.model_name}_changelist"),
    }
