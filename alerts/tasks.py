from celery import shared_task
from django.utils import timezone

from alerts import evaluate


@shared_task
def sweep_rules() -> None:
    evaluate.sweep(timezone.now())
