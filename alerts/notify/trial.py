"""Whether somebody would be told: a test, sent at once."""

from typing import NamedTuple

from alerts.models import PushSubscription, Transport, Webhook
from alerts.notify import email, web_push, webhook
from alerts.notify.undelivered import Gone, Undelivered
from devices.permissions import AnyUser


class Trial(NamedTuple):
    """What was tried, and what the other side said."""

    to: str
    delivered: bool
    answer: str


def try_webhook(hook: Webhook) -> Trial:
    try:
        return Trial(hook.name, True, webhook.send_test(hook))
    except Undelivered as error:
        return Trial(hook.name, False, str(error))


def try_person(user: AnyUser, transport: str) -> list[Trial]:
    """By mail, or in each of their browsers; nothing where there is none of that."""
    if transport == Transport.EMAIL:
        return [_try_mail(user)] if getattr(user, "email", "") else []
    return [_try_browser(subscription) for subscription in PushSubscription.objects.filter(user=user.pk)]


def _try_mail(user: AnyUser) -> Trial:
    address = getattr(user, "email", "")
    try:
        return Trial(address, True, email.send_test(user))
    except Undelivered as error:
        return Trial(address, False, str(error))


def _try_browser(subscription: PushSubscription) -> Trial:
    try:
        return Trial(subscription.name, True, web_push.send_test(subscription))
    except Gone as error:
        subscription.delete()
        return Trial(subscription.name, False, f"unsubscribed: {error}")
    except Undelivered as error:
        return Trial(subscription.name, False, str(error))
