"""A report by mail, with the file or a link to it; and that one could not be made."""

import smtplib
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from alerts.notify.undelivered import Undelivered
from reports.links import link, unsubscribe_link
from reports.models import Delivery, Format, Purpose, Run
from reports.models.schedule import SUBJECT, TEXT
from reports.question import language_of
from reports.render import FORMATS

MEGABYTE = 1024 * 1024


class Refused(Undelivered):
    """For good: it will not be taken at another time either."""


def send(delivery: Delivery) -> str:
    """What the mail server answered. Raises Undelivered; Refused where it makes no sense to try again."""
    template = delivery.schedule.template
    with translation.override(language_of(template.said, delivery.schedule.owner, [template.project])):
        mail = _of_failure(delivery) if delivery.purpose == Purpose.FAILURE else _of_report(delivery)
    connection = get_connection()
    if isinstance(connection, EmailBackend):
        return _post(connection, mail)
    try:
        connection.send_messages([mail])
    except OSError as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    return "accepted"


def _of_report(delivery: Delivery) -> EmailMultiAlternatives:
    run, schedule = delivery.run, delivery.schedule
    if run is None:
        raise ValueError("It is about no report.")
    is_attached = (run.size or 0) <= schedule.attach_up_to * MEGABYTE
    names = _names(delivery, run)
    # What nobody has written anew is in the language, too.
    subject = " ".join(_(schedule.subject or SUBJECT).format_map(names).split())[:250]
    context = {
        "text": _(schedule.text or TEXT).format_map(names),
        "run": run,
        "is_attached": is_attached,
        "link": names["link"],
        "needs_account": delivery.user_id is not None,
        "is_test": delivery.purpose == Purpose.TEST,
        "schedule": schedule,
        "unsubscribe": unsubscribe_link(delivery),
    }
    headers = {
        "List-Unsubscribe": f"<{context['unsubscribe']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if context["is_test"]:
        subject = _("Test: %(subject)s") % {"subject": subject}
    mail = _mail(delivery, subject, "report", context, headers)
    if is_attached:
        with run.file.open("rb") as file:
            mail.attach(run.file_name, file.read(), FORMATS[run.format].mime)
    return mail


def _of_failure(delivery: Delivery) -> EmailMultiAlternatives:
    schedule = delivery.schedule
    context = {"delivery": delivery, "schedule": schedule, "link": settings.PORTAL_URL + schedule.get_absolute_url()}
    what = {"template": schedule.template, "project": schedule.template.project}
    subject = _("Not delivered: %(template)s, %(project)s") % what
    return _mail(delivery, " ".join(subject.split()), "failure", context, {})


def _mail(
    delivery: Delivery, subject: str, name: str, context: dict[str, Any], headers: dict[str, str]
) -> EmailMultiAlternatives:
    zone = str(delivery.schedule.time_zone)
    with timezone.override(zone):
        text, html = (render_to_string(f"reports/mail_{name}.{kind}", context) for kind in ("txt", "html"))
    mail = EmailMultiAlternatives(
        subject,
        text,
        to=[delivery.address],
        headers={
            # The same when it is sent again after a crash: mail programs show it once.
            "Message-ID": f"<report-delivery-{delivery.pk}@{_host()}>",
            "Auto-Submitted": "auto-generated",
            **headers,
        },
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _names(delivery: Delivery, run: Run) -> dict[str, str]:
    """What subjects and texts may name (reports.models.schedule.NAMES)."""
    day = timezone.localtime(run.as_of, delivery.schedule.timing.zone)
    return {
        "title": run.title,
        "template": delivery.schedule.template.name,
        "project": delivery.schedule.template.project.name,
        "date": date_format(day, "j F Y"),
        "format": Format(run.format).label,
        "link": link(delivery),
    }


def _post(connection: EmailBackend, mail: EmailMultiAlternatives) -> str:
    """As Django's backend does it, which keeps to itself what the server answers."""
    try:
        connection.open()
        server: Any = connection.connection
        if server is None:
            raise Undelivered("The mail server could not be reached.")
        server.ehlo_or_helo_if_needed()
        _expect(server.mail(mail.from_email))
        _expect(server.rcpt(mail.to[0]))
        message: Any = mail.message()
        return _expect(server.data(message.as_bytes(linesep="\r\n")))
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    finally:
        # What was taken was taken, however the conversation ends.
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def _expect(answer: tuple[int, bytes]) -> str:
    code, said = answer
    words = f"{code} {said.decode(errors='replace')}"
    if code >= 500:
        raise Refused(words)
    if code >= 400:
        raise Undelivered(words)
    return words


def _host() -> str:
    return settings.PORTAL_URL.partition("//")[2].partition("/")[0].partition(":")[0] or "localhost"
