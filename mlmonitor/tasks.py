from celery import shared_task
from django.utils import timezone

from mlmonitor import checks, performance, retention, telemetry_feed
from mlmonitor.foretelling.foretell import foretell_due
from mlmonitor.models import ModelVersion


@shared_task
def remake_performance() -> None:
    performance.remake()


@shared_task
def check_models() -> None:
    checks.check_due(timezone.now())


@shared_task
def check_version(pk: int) -> None:
    if version := ModelVersion.objects.select_related("model__project").filter(pk=pk).first():
        checks.check_now(version, timezone.now())


@shared_task
def read_telemetry() -> None:
    telemetry_feed.read_closed_hours(timezone.now())


@shared_task
def forget_old_features() -> None:
    retention.forget_features(timezone.now())


@shared_task
def foretell_devices() -> None:
    foretell_due(timezone.now())
