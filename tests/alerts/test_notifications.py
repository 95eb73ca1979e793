"""Who is told of an alert, when, and how often."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import timezone

from alerts import lifecycle
from alerts.models import (
    Alert,
    EscalationStep,
    Notification,
    NotificationPreference,
    Silence,
    Transport,
    Webhook,
)
from alerts.notify import deliver, email, webhook
from alerts.notify.preferences import Wish
from alerts.notify.undelivered import Undelivered
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.rules import HOT, rule_for
from tests.factories import DeviceFactory, MembershipFactory, UserFactory
from tests.telemetry.letters import SECOND, take, telemetry

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=1)


@pytest.fixture
def boiler(acme: Project, oscar: User, vera: User) -> Device:
    device = DeviceFactory.create(device_id="boiler", name="Boiler", project=acme)
    rule_for(device)
    return device


def send(value: float, after: timedelta = timedelta()) -> Alert:
    now = timezone.now()
    take(telemetry("boiler", {"temperature": value}, time=now + after, at=now + after))
    return Alert.objects.latest("pk")


def deliver_in(delay: timedelta = SOON) -> int:
    return deliver.send_due(timezone.now() + delay)


def test_operators_get_a_mail(boiler: Device, oscar: User) -> None:
    send(85)
    deliver_in()
    assert [message.to for message in mail.outbox] == [[oscar.email]]
    assert mail.outbox[0].subject == "[High] Opened: Too hot: Boiler"


@override_settings(LANGUAGES=[("en", "English"), ("de", "Deutsch")])
def test_mails_are_in_the_language_of_who_gets_them(boiler: Device, oscar: User) -> None:
    User.objects.filter(pk=oscar.pk).update(language="de")
    send(85)
    deliver_in()
    assert '<html lang="de">' in str(mail.outbox[0].message())


def test_everybody_is_told_in_the_portal(boiler: Device, oscar: User, vera: User) -> None:
    send(85)
    deliver_in()
    told = Notification.objects.filter(transport=Transport.IN_APP, status="sent")
    assert {notification.user for notification in told} == {oscar, vera}


def test_nobody_is_told_twice(boiler: Device) -> None:
    send(85)
    assert [deliver_in(), deliver_in()] == [3, 0]


def test_what_happens_at_once_comes_in_one_mail(boiler: Device) -> None:
    rule_for(boiler, {"severity": "critical", "when": {**HOT, "value": 90}}, name="Far too hot")
    send(95)
    deliver_in()
    assert [message.subject for message in mail.outbox] == ["[High] Opened: Too hot: Boiler and 1 more"]


def test_the_end_is_told_to_who_was_told_of_the_beginning(boiler: Device) -> None:
    send(85)
    deliver_in()
    send(60, SECOND)
    deliver_in(2 * SOON)
    assert mail.outbox[1].subject == "[High] Resolved: Too hot: Boiler"


def test_what_is_over_before_it_is_told_is_not_told(boiler: Device) -> None:
    send(85)
    send(60, SECOND)
    deliver_in()
    assert mail.outbox == []


def test_who_left_the_project_is_not_told(boiler: Device, oscar: User) -> None:
    send(85)
    oscar.memberships.get().delete()
    deliver_in()
    assert mail.outbox == []


def test_a_preference_for_the_project_counts_before_ones_own(boiler: Device, oscar: User, acme: Project) -> None:
    NotificationPreference.objects.create(user=oscar, transport="email", minimum="low")
    NotificationPreference.objects.create(user=oscar, project=acme, transport="email", minimum="never")
    send(85)
    deliver_in()
    assert mail.outbox == []


def test_ones_own_counts_before_that_of_the_project(boiler: Device, vera: User, acme: Project) -> None:
    NotificationPreference.objects.create(project=acme, transport="email", minimum="never")
    NotificationPreference.objects.create(user=vera, transport="email", minimum="low")
    send(85)
    deliver_in()
    assert [message.to for message in mail.outbox] == [[vera.email]]


@pytest.mark.parametrize(
    ("clock", "until"),
    [("21:59", "21:59"), ("22:00", "06:00"), ("05:59", "06:00"), ("06:00", "06:00")],
)
def test_quiet_hours_hold_back_over_midnight(clock: str, until: str) -> None:
    zone = ZoneInfo("Europe/Vienna")
    at = datetime.combine(date(2025, 12, 19), time.fromisoformat(clock), zone)
    held = Wish("low", time(22), time(6)).held_until("high", at, zone)
    assert f"{held.astimezone(zone):%H:%M}" == until


def test_critical_alerts_come_through() -> None:
    zone = ZoneInfo("UTC")
    at = datetime(2025, 12, 19, 23, tzinfo=zone)
    assert Wish("low", time(22), time(6)).held_until("critical", at, zone) == at


def test_a_silence_puts_off_until_it_ends(boiler: Device, acme: Project) -> None:
    now = timezone.now()
    Silence.objects.create(project=acme, reason="works", starts_at=now, ends_at=now + timedelta(hours=1), device=boiler)
    send(85)
    deliver_in()
    assert mail.outbox == []
    deliver_in(timedelta(minutes=61))
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("how", ["end", "delete", "change"])
def test_what_a_silence_put_off_comes_when_it_is_over_early(boiler: Device, acme: Project, how: str) -> None:
    now = timezone.now()
    ends_at = now + timedelta(days=1)
    silence = Silence.objects.create(project=acme, reason="works", starts_at=now - SOON, ends_at=ends_at)
    send(85)
    deliver_in()
    if how == "change":
        silence.device = DeviceFactory.create(project=acme)
        silence.save()
    else:
        getattr(silence, how)(*([now] if how == "end" else []))
    deliver_in()
    assert len(mail.outbox) == 1


def test_what_another_silence_covers_stays_put_off(boiler: Device, acme: Project) -> None:
    now = timezone.now()
    span = {"starts_at": now - SOON, "ends_at": now + timedelta(days=1)}
    silence, _ = (Silence.objects.create(project=acme, reason=reason, **span) for reason in ("works", "more"))
    send(85)
    deliver_in()
    silence.end(now)
    deliver_in()
    assert mail.outbox == []


def test_a_silence_over_another_device_does_not(boiler: Device, acme: Project) -> None:
    now = timezone.now()
    other = DeviceFactory.create(project=acme)
    Silence.objects.create(project=acme, reason="works", starts_at=now, ends_at=now + timedelta(hours=1), device=other)
    send(85)
    deliver_in()
    assert len(mail.outbox) == 1


def test_a_snoozed_alert_is_quiet(boiler: Device, oscar: User) -> None:
    lifecycle.snooze(send(85), timezone.now() + timedelta(hours=1), oscar)
    deliver_in()
    assert mail.outbox == []


def test_a_snooze_that_is_ended_tells_what_it_put_off(boiler: Device, oscar: User) -> None:
    alert = send(85)
    lifecycle.snooze(alert, timezone.now() + timedelta(hours=1), oscar)
    deliver_in()
    lifecycle.snooze(alert, None, oscar)
    deliver_in()
    assert len(mail.outbox) == 1
    assert alert.events.latest("pk").text == "no longer"


def test_what_nobody_acknowledges_is_escalated(boiler: Device, acme: Project, alice: User) -> None:
    NotificationPreference.objects.create(user=alice, transport="email", minimum="never")
    EscalationStep.objects.create(project=acme, after_minutes=15, role="admin")
    send(85)
    deliver_in(timedelta(minutes=14))
    assert alice.email not in [message.to[0] for message in mail.outbox]
    deliver_in(timedelta(minutes=16))
    assert mail.outbox[-1].to == [alice.email]


def test_what_is_acknowledged_is_not(boiler: Device, acme: Project, alice: User, oscar: User) -> None:
    NotificationPreference.objects.create(user=alice, transport="email", minimum="never")
    EscalationStep.objects.create(project=acme, after_minutes=15, role="admin")
    lifecycle.acknowledge(send(85), oscar)
    deliver_in(timedelta(minutes=16))
    assert alice.email not in [message.to[0] for message in mail.outbox]


def test_a_storm_comes_in_few_mails(boiler: Device, acme: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "MAILS_IN_STORM", 3)
    for number in range(10):
        rule_for(boiler, name=f"Rule {number}")
        send(85 + number, number * SECOND)
        deliver_in(timedelta(seconds=60 + number))
    assert len(mail.outbox) == 3
    deliver_in(deliver.STORM + timedelta(seconds=90))
    assert len(mail.outbox) == 4


def test_a_mail_that_fails_is_tried_again(boiler: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "send", _refuse)
    send(85)
    deliver_in()
    failed = Notification.objects.get(transport=Transport.EMAIL)
    assert (failed.status, failed.attempts, failed.answer) == ("queued", 1, "451 try later")


def test_what_was_answered_to_each_try_is_kept(boiler: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(email, "send", _refuse)
        send(85)
        deliver_in()
    deliver_in(timedelta(hours=1))
    tries = Notification.objects.get(transport=Transport.EMAIL).tries.all()
    assert [(one.delivered, str(one)) for one in tries] == [(False, "451 try later"), (True, "accepted")]


def test_and_given_up_in_the_end(boiler: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "send", _refuse)
    send(85)
    for days in range(1, deliver.ATTEMPTS + 1):
        deliver_in(timedelta(days=days))
    assert Notification.objects.get(transport=Transport.EMAIL).status == "dead"


def test_what_a_dead_worker_had_claimed_is_sent_by_another(boiler: Device) -> None:
    send(85)
    Notification.objects.update(claimed_at=timezone.now())
    assert deliver_in() == 0
    assert deliver_in(deliver.CLAIM_LASTS + SOON) == 3


def test_subjects_have_one_line(boiler: Device) -> None:
    rule_for(boiler, name="Hot\nBcc: everybody@example.com")
    send(85)
    deliver_in()
    assert "\n" not in mail.outbox[0].subject


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/",
        "ftp://example.com/", "http://0x7f000001/", "http://[::ffff:127.0.0.1]/",
    ],
)  # fmt: skip
def test_webhooks_do_not_lead_into_the_portals_own_network(boiler: Device, acme: Project, url: str) -> None:
    Webhook.objects.create(project=acme, name="hook", url=url)
    send(85)
    deliver_in()
    told = Notification.objects.get(transport=Transport.WEBHOOK)
    assert (told.status, told.attempts) == ("queued", 1)


def test_a_signature_is_that_of_the_standard() -> None:
    """HMAC-SHA256 over id, time and body, as openssl gives it."""
    said = webhook.headers("key", "msg_1", b"{}", 1614265330)
    assert said["webhook-signature"] == "v1,Wo+qtMQnbmveDsu4SsHR+c75JsfXPSB8xTnErzORHxw="


def test_only_members_are_told(boiler: Device, globex: Project) -> None:
    outsider = UserFactory.create()
    MembershipFactory.create(user=outsider, project=globex, role="admin")
    send(85)
    assert not Notification.objects.filter(user=outsider).exists()


def _refuse(_: object) -> str:
    raise Undelivered("451 try later")
