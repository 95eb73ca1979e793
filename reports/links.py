"""Addresses that are sent by mail.

People with an account are sent that of the run's page, which asks them to sign in and then what they may see. Those
without one get a signed address, which is theirs: what it is for is asked again each time it is opened.
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from reports.models import Delivery, Run, Schedule
from reports.recipients import is_recipient

SHARED_SALT = "reports.shared"
UNSUBSCRIBE_SALT = "reports.unsubscribe"


def link(delivery: Delivery) -> str:
    """Where the recipient finds the report."""
    if delivery.run is None:
        raise ValueError("It is about no report.")
    if delivery.user_id is not None:
        return settings.PORTAL_URL + delivery.run.get_absolute_url()
    token = Signer(salt=SHARED_SALT).sign(str(delivery.pk))
    return settings.PORTAL_URL + reverse("report-shared", args=[token])


def shared_run(token: str) -> Run | None:
    """What a signed address leads to: as long as the file is kept, whom it was sent to is still meant to get it, and
    the owner of the schedule may see it.
    """
    try:
        pk = int(Signer(salt=SHARED_SALT).unsign(token))
    except (BadSignature, ValueError):
        return None
    related = ("run", "schedule__template__project", "schedule__owner")
    delivery = Delivery.objects.filter(pk=pk, user=None).select_related(*related).first()
    if delivery is None or delivery.run is None or not delivery.run.has_file:
        return None
    is_theirs = is_recipient(delivery.schedule, delivery.address)
    owned = Run.objects.visible_to(delivery.schedule.owner).contains(delivery.run)
    return delivery.run if is_theirs and owned else None


def unsubscribe_link(delivery: Delivery) -> str:
    token = Signer(salt=UNSUBSCRIBE_SALT).sign_object([delivery.schedule_id, delivery.address])
    return settings.PORTAL_URL + reverse("report-unsubscribe", args=[token])


def subscription(token: str) -> tuple[Schedule, str] | None:
    """The schedule that is to be unsubscribed from, and by which address."""
    try:
        pk, address = Signer(salt=UNSUBSCRIBE_SALT).unsign_object(token)
        schedule = Schedule.objects.filter(pk=pk).select_related("template__project").first()
    except (BadSignature, ValueError):
        return None
    return None if schedule is None else (schedule, address)
