"""Pages beside alerts and rules: several alerts at once, silences, notifications, preferences, patterns."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from alerts.models import Alert, AlertEvent, Notification, NotificationPreference, Silence
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.rules import alert_of, rule_for
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.clients import PageClient


@pytest.fixture
def alert(acme: Project) -> Alert:
    return alert_of(acme)


def told(alert: Alert, user: User, **fields: Any) -> Notification:
    event = AlertEvent.objects.create(alert=alert, at=NOON, kind="opened")
    usual = {"transport": "in_app", "status": "sent", "due_at": NOON, "user": user}
    return Notification.objects.create(alert=alert, event=event, **{**usual, **fields})


# --- Several alerts at once ---


def test_several_are_changed_at_once_and_the_list_stays_as_it_was(
    acme: Project, globex: Project, oscar: User, pages: PageClient
) -> None:
    mine, theirs = [alert_of(acme), alert_of(acme)], alert_of(globex)
    chosen = [*(alert.pk for alert in mine), theirs.pk, "x", "9" * 30]
    said = {"verb": "acknowledge", "alert": chosen, "back": "?shown=unseen&q=hot&project=acme"}
    answer = pages(oscar).post(reverse("alerts-change"), said)
    assert answer["Location"] == "/alerts/?shown=unseen&project=acme&q=hot"
    assert set(Alert.objects.exclude(acknowledged_at=None)) == set(mine)


def test_one_verb_for_all_of_them(alert: Alert, oscar: User, pages: PageClient) -> None:
    client = pages(oscar)
    for verb, more in (("assign", {"user": oscar.pk}), ("snooze", {"minutes": "1440"}), ("resolve", {})):
        client.post(reverse("alerts-change"), {"verb": verb, "alert": [alert.pk], **more})
    alert.refresh_from_db()
    assert (alert.assigned_to, alert.is_open) == (oscar, False)
    assert alert.snoozed_until is not None
    assert alert.snoozed_until > timezone.now() + timedelta(hours=23)


def test_an_alert_of_several_stays_with_whom_it_was_if_the_other_is_no_member(
    acme: Project, globex: Project, oscar: User, root: User, pages: PageClient
) -> None:
    mine, theirs = alert_of(acme), alert_of(globex, assigned_to=root)
    pages(root).post(reverse("alerts-change"), {"verb": "assign", "alert": [mine.pk, theirs.pk], "user": oscar.pk})
    assert [Alert.objects.get(pk=alert.pk).assigned_to for alert in (mine, theirs)] == [oscar, root]


@pytest.mark.parametrize("verb", ["", "comment", "explode"])
def test_what_is_no_verb_for_several_is_not_found(verb: str, alert: Alert, oscar: User, pages: PageClient) -> None:
    assert pages(oscar).post(reverse("alerts-change"), {"verb": verb, "alert": [alert.pk]}).status_code == 404


def test_nobody_leaves_the_portal_by_the_way_back(alert: Alert, vera: User, pages: PageClient) -> None:
    said = {"verb": "resolve", "alert": [alert.pk], "back": "//evil.example/?shown=over"}
    assert pages(vera).post(reverse("alerts-change"), said)["Location"].startswith("/alerts/?")
    assert Alert.objects.open().exists()


def test_an_alert_has_a_chart_of_what_its_rule_is_about(acme: Project, vera: User, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme)
    MetricFactory.create(device=device, key="temperature")
    alert = alert_of(acme, device=device, rule=rule_for(device))
    chart = pages(vera).get(alert.get_absolute_url()).context["chart"]
    assert [metric["key"] for metric in chart["metrics"]] == ["temperature"]
    assert chart["limits"] == [{"key": "temperature", "value": 80, "severity": "high"}]
    assert len(chart["spans"]) == 1


# --- Silences ---


def silence(project: Project, **fields: Any) -> Silence:
    now = timezone.now()
    usual = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1), "reason": "Maintenance"}
    return Silence.objects.create(project=project, **{**usual, **fields})


def test_an_operator_silences_for_a_while(acme: Project, oscar: User, pages: PageClient) -> None:
    pages(oscar).post(reverse("silences"), {"project": acme.pk, "reason": "Boiler is cleaned", "length": "240"})
    made = Silence.objects.get()
    assert (made.created_by, made.ends_at - made.starts_at) == (oscar, timedelta(hours=4))


def test_a_window_of_maintenance_has_its_moments(acme: Project, oscar: User, pages: PageClient) -> None:
    said = {"project": acme.pk, "reason": "New pipes", "starts_at": "2099-01-01T08:00", "ends_at": "2099-01-02T08:00"}
    pages(oscar).post(reverse("silences"), said)
    assert Silence.objects.get().ends_at.year == 2099


def test_bad_silences_are_refused_with_a_sentence(
    acme: Project, globex: Project, oscar: User, vera: User, pages: PageClient
) -> None:
    foreign = DeviceFactory.create(project=globex)
    bad = [
        ("reason", ""),
        ("reason", "\0"),
        ("project", globex.pk),
        ("length", "-5"),
        ("starts_at", "soon"),
        ("ends_at", "2001-01-01T00:00"),
        ("device", foreign.device_id),
        ("rule", "x"),
        ("rule", "9" * 40),
    ]
    client = pages(oscar)
    for field, value in bad:
        page = client.post(reverse("silences"), {"project": acme.pk, "reason": "x", field: value})
        assert page.status_code == 422, field
        assert page.context["form"].errors[field], field
    assert pages(vera).post(reverse("silences"), {}).status_code == 403
    assert not Silence.objects.exists()


def test_a_silence_is_ended_by_who_may(
    acme: Project, oscar: User, vera: User, charlie: User, pages: PageClient
) -> None:
    running, coming = silence(acme), silence(acme, starts_at=timezone.now() + timedelta(minutes=30))
    address = reverse("silence-end", args=[running.pk])
    assert [pages(who).post(address).status_code for who in (vera, charlie)] == [403, 404]
    client = pages(oscar)
    for each in (running, coming):
        client.post(reverse("silence-end", args=[each.pk]))
    assert not Silence.objects.at(timezone.now() + timedelta(seconds=1)).exists()
    assert list(client.get(f"{reverse('silences')}?shown=over").context["page"].object_list) == [running]
    assert not client.get(reverse("silences")).context["page"].object_list


# --- Notifications ---


def test_one_is_read_or_all_and_only_ones_own(alert: Alert, vera: User, oscar: User, pages: PageClient) -> None:
    mine, other, his = told(alert, vera), told(alert, vera), told(alert, oscar)
    client = pages(vera)
    assert client.get(f"{reverse('notifications')}?shown=unread").context["unread"] == 2
    answer = client.post(reverse("notifications-read"), {"notification": mine.pk, "open": "1"})
    assert answer["Location"] == alert.get_absolute_url()
    for odd in (his.pk, "x", "9" * 30):
        assert client.post(reverse("notifications-read"), {"notification": odd}).status_code == 404
    unread = client.get(f"{reverse('notifications')}?shown=unread").context["page"].object_list
    assert list(unread) == [other]
    client.post(reverse("notifications-read"))
    assert set(Notification.objects.filter(read_at=None)) == {his}


def test_a_look_at_the_list_reads_nothing_and_at_an_alert_what_was_told_of_it(
    acme: Project, vera: User, pages: PageClient
) -> None:
    alerts = [alert_of(acme) for _ in range(2)]
    for alert in alerts:
        told(alert, vera)
    page = pages(vera)
    assert page.get("/alerts/").context["unread"] == 2
    page.get(f"/alerts/{alerts[0].pk}/")
    assert page.get("/alerts/").context["unread"] == 1
    page.post("/alerts/notifications/read/", {"back": "alerts"})
    assert page.get("/alerts/").context["unread"] == 0


def test_what_rules_is_said_where_nothing_is_said(acme: Project, vera: User, pages: PageClient) -> None:
    def rules() -> str:
        card = pages(vera).get(reverse("notification-preferences")).context["cards"][1]
        return next(row for row in card.rows if row.transport == "email").ruling_in_words

    assert rules() == "Never: the usual"
    NotificationPreference.objects.create(project=acme, transport="email", minimum="critical")
    assert rules() == "Critical only: the project's word for its members"
    NotificationPreference.objects.create(user=vera, transport="email", minimum="low")
    assert rules() == "All: your word for all projects"


def test_a_preference_is_kept_and_taken_back(acme: Project, vera: User, pages: PageClient) -> None:
    client = pages(vera)
    said = {"email-minimum": "high", "email-quiet_from": "22:00", "email-quiet_to": "07:00"}
    client.post(reverse("notification-preferences"), {"project": "acme", **said})
    kept = NotificationPreference.objects.get()
    assert (kept.user, kept.project, kept.transport, kept.minimum) == (vera, acme, "email", "high")
    client.post(reverse("notification-preferences"), {"project": "acme"})
    assert not NotificationPreference.objects.exists()


def test_bad_preferences_are_refused(acme: Project, globex: Project, vera: User, pages: PageClient) -> None:
    client = pages(vera)
    bad = [
        {"email-minimum": "x"},
        {"email-minimum": "high", "email-quiet_from": "22:00"},
        {"email-quiet_from": "22:00", "email-quiet_to": "07:00"},
        {"email-minimum": "high", "email-quiet_from": "25:00", "email-quiet_to": "x"},
    ]
    for said in bad:
        assert client.post(reverse("notification-preferences"), {"project": "acme", **said}).status_code == 422, said
    for project in ("globex", "\0", "x" * 300):
        assert client.post(reverse("notification-preferences"), {"project": project}).status_code == 404
    assert not NotificationPreference.objects.exists()


def test_the_delivery_log_is_of_projects_one_manages(
    alert: Alert, globex: Project, alice: User, vera: User, pages: PageClient
) -> None:
    sent = told(alert, vera, transport="email", status="dead", answer="mailbox full")
    told(alert_of(globex), vera)
    for query in ("", "?status=dead&transport=email", "?q=vera", "?q=full", "?status=x&transport=x&q=%00&page=x"):
        assert list(pages(alice).get(reverse("deliveries") + query).context["page"].object_list) == [sent], query


# --- Patterns ---


def test_patterns_are_of_what_one_sees(acme: Project, globex: Project, vera: User, pages: PageClient) -> None:
    now = timezone.now()
    alert_of(acme, event_time=now - timedelta(days=2))
    alert_of(acme, event_time=now - timedelta(days=60))
    alert_of(globex, event_time=now - timedelta(days=2))
    client = pages(vera)
    for query, fires in {"": 1, "?days=90": 2, "?days=x": 1, "?project=globex": 0, "?days=7&project=%00": 1}.items():
        page = client.get(reverse("alert-patterns") + query)
        assert page.context["found"].fires == fires, query
    assert sum(bar.count for bar in client.get(reverse("alert-patterns")).context["by_hour"]) == 1


# --- Colours ---


def test_devices_are_coloured_by_their_worst_open_alert(acme: Project, vera: User, pages: PageClient) -> None:
    bad, good, over = (DeviceFactory.create(project=acme, name=name) for name in ("bad", "good", "over"))
    for severity in ("low", "critical", "high"):
        alert_of(acme, device=bad, severity=severity, rule=rule_for(bad, name=severity))
    alert_of(acme, device=over, resolved_at=NOON)
    client = pages(vera)

    def found(query: str) -> dict[Device, str]:
        return {card.device: card.severity for card in client.get(f"/?{query}").context["cards"]}

    assert found("view=grid") == {bad: "critical", good: "", over: ""}
    assert found("alerts=open") == {bad: "critical"}
    assert found("alerts=critical&view=list") == {bad: "critical"}
    assert len(found("alerts=x")) == 3
    assert b'data-severity="critical"' in client.get(bad.get_absolute_url()).content


def test_so_are_those_on_the_map(acme: Project, vera: User, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme, latitude=48.2, longitude=16.4)
    alert_of(acme, device=device, severity="medium")
    assert [row["severity"] for row in pages(vera).get(reverse("fleet-map")).json()["devices"]] == ["medium"]


# --- Who is told ---


def test_an_administrator_says_who_is_told(acme: Project, alice: User, oscar: User, pages: PageClient) -> None:
    client, address = pages(alice), f"{reverse('told')}?project=acme"
    client.post(address, {"form": "defaults", "email-minimum": "critical"})
    assert NotificationPreference.objects.get(user=None, project=acme).minimum == "critical"
    step = {"step-new-after_minutes": 10, "step-new-minimum": "high", "step-new-transport": "email"}
    refused = client.post(address, {"form": "step-new", **step})
    assert "Choose a person or a role." in refused.content.decode()
    client.post(address, {"form": "step-new", **step, "step-new-user": oscar.pk})
    [made] = acme.escalation_steps.all()
    assert (made.user, made.after_minutes) == (oscar, 10)
    hook = {"webhook-new-name": "chat", "webhook-new-url": "http://10.0.0.7/", "webhook-new-minimum": "low"}
    assert "not on the public network" in client.post(address, {"form": "webhook-new", **hook}).content.decode()
    client.post(address, {"form": "webhook-new", **hook, "webhook-new-url": "https://203.1.113.7/"})
    assert acme.webhooks.get().url == "https://203.1.113.7/"
    client.post(address, {"form": f"step-{made.pk}", "delete": "1"})
    assert not acme.escalation_steps.exists()


@pytest.mark.parametrize("form", ["", "step-999", "webhook-x", "nothing"])
def test_forms_that_are_none_are_not_found(form: str, acme: Project, alice: User, pages: PageClient) -> None:
    assert pages(alice).post(reverse("told"), {"form": form}).status_code == 404


def test_nobody_says_who_is_told_in_anothers_project(
    acme: Project, globex: Project, alice: User, oscar: User, pages: PageClient
) -> None:
    assert pages(alice).get(f"{reverse('told')}?project=globex").status_code == 404
    assert pages(oscar).get(reverse("told")).status_code == 403
