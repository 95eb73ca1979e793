from celery import shared_task
from django.utils import timezone

from alerts import backtest, evaluate
from alerts.models import Backtest
from alerts.notify import deliver


@shared_task
def sweep_rules() -> None:
    evaluate.sweep(timezone.now())


@shared_task
def run_backtest(pk: int) -> None:
    if asked := Backtest.objects.select_related("rule__project").filter(pk=pk).first():
        backtest.run(asked, timezone.now())


@shared_task
def send_notifications() -> None:
    deliver.send_due(timezone.now())
