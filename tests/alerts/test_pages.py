"""The pages of alerts: the list, one alert, and what people do there."""

import pytest
from django.core.signing import Signer
from django.urls import reverse

from alerts.models import Alert, NotificationPreference
from alerts.notify.email import SALT
from devices.models import Project
from iotsphere.models import User
from tests.alerts.rules import alert_of
from tests.factories import NOON
from tests.fixtures.clients import PageClient


@pytest.fixture
def alert(acme: Project) -> Alert:
    return alert_of(acme)


def test_the_worst_comes_first(acme: Project, vera: User, pages: PageClient) -> None:
    for severity in ("low", "critical", "high"):
        alert_of(acme, severity=severity)
    shown = pages(vera).get("/alerts/").context["page"].object_list
    assert [alert.severity for alert in shown] == ["critical", "high", "low"]


def test_what_is_over_is_out_of_the_way(acme: Project, vera: User, pages: PageClient) -> None:
    alert_of(acme, resolved_at=NOON)
    assert b"Nothing is wrong" in pages(vera).get("/alerts/").content


def test_but_can_be_looked_at(acme: Project, vera: User, pages: PageClient) -> None:
    over = alert_of(acme, resolved_at=NOON)
    assert list(pages(vera).get("/alerts/?shown=over").context["page"].object_list) == [over]


@pytest.mark.parametrize("query", ["?shown=x&severity=x&project=x&page=x", "?q=%00", "?page=-1"])
def test_odd_questions_are_answered(query: str, alert: Alert, vera: User, pages: PageClient) -> None:
    assert pages(vera).get(f"/alerts/{query}").status_code == 200


def test_others_see_nothing_of_it(alert: Alert, charlie: User, pages: PageClient) -> None:
    client = pages(charlie)
    assert b"too hot" not in client.get("/alerts/?shown=all").content
    assert client.get(alert.get_absolute_url()).status_code == 404


def test_an_operator_acknowledges(alert: Alert, oscar: User, pages: PageClient) -> None:
    pages(oscar).post(reverse("alert-change", args=[alert.pk, "acknowledge"]))
    alert.refresh_from_db()
    assert alert.acknowledged_by == oscar


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "snooze", "comment", "assign"])
def test_a_viewer_does_not(verb: str, alert: Alert, vera: User, pages: PageClient) -> None:
    assert pages(vera).post(reverse("alert-change", args=[alert.pk, verb])).status_code == 403
    assert not alert.events.exists()


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "snooze", "comment", "assign"])
def test_each_verb_is_in_the_timeline(verb: str, alert: Alert, oscar: User, pages: PageClient) -> None:
    said = {"text": "Looking into it", "user": oscar.pk}
    page = pages(oscar).post(reverse("alert-change", args=[alert.pk, verb]), said, follow=True)
    assert page.status_code == 200
    assert alert.events.get().by == oscar


@pytest.mark.parametrize("user", ["x", "", "0", "9" * 30])
def test_an_alert_is_assigned_to_members_alone(user: str, alert: Alert, oscar: User, pages: PageClient) -> None:
    pages(oscar).post(reverse("alert-change", args=[alert.pk, "assign"]), {"user": user})
    alert.refresh_from_db()
    assert alert.assigned_to is None


def test_a_verb_that_is_none_is_not_found(alert: Alert, oscar: User, pages: PageClient) -> None:
    assert pages(oscar).post(reverse("alert-change", args=[alert.pk, "explode"])).status_code == 404


def test_a_comment_is_text(alert: Alert, oscar: User, pages: PageClient) -> None:
    text = "<script>alert(1)</script>"
    page = pages(oscar).post(reverse("alert-change", args=[alert.pk, "comment"]), {"text": text}, follow=True)
    assert b"<script>alert" not in page.content


def test_a_link_in_the_mail_stops_mails(vera: User, pages: PageClient) -> None:
    link = reverse("alerts-unsubscribe", args=[Signer(salt=SALT).sign(str(vera.pk))])
    assert pages(None).get(link).status_code == 200
    assert not NotificationPreference.objects.exists()
    pages(None).post(link)
    assert NotificationPreference.objects.get(user=vera).minimum == "never"


def test_a_made_up_link_is_not_found(vera: User, pages: PageClient) -> None:
    assert pages(None).get(reverse("alerts-unsubscribe", args=[f"{vera.pk}:x"])).status_code == 404
