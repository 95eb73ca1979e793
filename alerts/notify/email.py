"""Alerts by mail: one mail for all that is due to a person, as text and HTML."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import Signer
from django.template.loader import render_to_string
from django.urls import reverse

from alerts.models import Notification
from alerts.notify.undelivered import Undelivered

SALT = "alerts.unsubscribe"


def send(notifications: Sequence[Notification]) -> str:
    """Send one mail about them all to the person they are for. Raises Undelivered."""
    user = notifications[0].user
    if user is None:
        raise ValueError("A mail is for a person.")
    context = {
        "user": user,
        "notifications": notifications,
        "portal": settings.PORTAL_URL,
        "unsubscribe": settings.PORTAL_URL + unsubscribe_path(user.pk),
    }
    mail = EmailMultiAlternatives(
        _subject(notifications),
        render_to_string("alerts/mail.txt", context),
        to=[user.email],
        headers={
            # The same when it is sent again after a crash: mail programs show it once.
            "Message-ID": f"<alert-notification-{notifications[0].pk}@{_host()}>",
            "List-Unsubscribe": f"<{context['unsubscribe']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("alerts/mail.html", context), "text/html")
    return _send(mail)


def send_test(user: Any) -> str:
    """Send a mail that says so. Raises Undelivered."""
    text = f"This is a test. Mails about alerts in {settings.PORTAL_URL} reach you here.\n"
    return _send(EmailMultiAlternatives("Test of alert mails", text, to=[user.email]))


def _send(mail: EmailMultiAlternatives) -> str:
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    return "accepted"


def unsubscribe_path(user_pk: int) -> str:
    return reverse("alerts-unsubscribe", args=[Signer(salt=SALT).sign(str(user_pk))])


def _subject(notifications: Sequence[Notification]) -> str:
    """What is first in it; of more than one, how many."""
    first = notifications[0]
    said = f"[{first.alert.get_severity_display()}] {first.event.get_kind_display()}: {first.alert}"
    more = f" and {len(notifications) - 1} more" if len(notifications) > 1 else ""
    return " ".join(f"{said[:150]}{more}".split())


def _host() -> str:
    return settings.PORTAL_URL.partition("//")[2].partition("/")[0].partition(":")[0] or "localhost"
