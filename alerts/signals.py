"""What happens to rules and devices, and what that means for alerts."""

from typing import Any

import structlog
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone

from alerts import evaluate, rulebook
from alerts.conditions import PRESENCE
from alerts.lifecycle import end
from alerts.models import Alert, AlertRule, RuleState, Silence
from alerts.notify.silences import look_again
from devices.models import Device, Lifecycle
from devices.signals import presence_changed

log = structlog.get_logger(__name__)


@receiver(presence_changed)
def ask_about_presence(changes: Any, **_: Any) -> None:
    """A rule that fails must not keep a device from being noted as present."""
    if not rulebook.is_asked_about(PRESENCE):
        return
    try:
        with transaction.atomic():
            evaluate.evaluate_presence(changes, timezone.now())
    except Exception:
        log.exception("rules about presence failed", devices=len(changes))


@receiver(post_save, sender=AlertRule)
def begin_or_end(instance: AlertRule, **_: Any) -> None:
    if instance.is_enabled:
        evaluate.prime(instance, timezone.now())
    else:
        end(Alert.objects.filter(rule=instance), "The rule was switched off.")
        RuleState.objects.filter(rule=instance).delete()


@receiver(pre_delete, sender=AlertRule)
def end_before_deletion(instance: AlertRule, **_: Any) -> None:
    end(Alert.objects.filter(rule=instance), "The rule was deleted.")


@receiver(post_save, sender=Device)
def end_of_service(instance: Device, **_: Any) -> None:
    if instance.lifecycle != Lifecycle.ACTIVE:
        end(Alert.objects.filter(device=instance), f"The device was {instance.lifecycle}.")
        RuleState.objects.filter(device=instance).delete()


@receiver([post_save, post_delete], sender=Silence)
def tell_what_was_put_off(instance: Silence, created: bool = False, **_: Any) -> None:
    """It may end earlier than it was to, or be about something else."""
    if not created:
        look_again(instance.project_id)
