"""What is due is made and sent once, to those it is for, and its owner hears of what went wrong."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from alerts.models import Alert
from alerts.notify.undelivered import Undelivered
from devices.models import Project
from iotsphere.models import User
from reports import deliveries, render, runs, schedules
from reports import mail as mails
from reports.links import link, unsubscribe_link
from reports.models import Delivery, DeliveryStatus, Purpose, Run, RunStatus, Schedule
from tests.factories import MembershipFactory, UserFactory
from tests.fixtures.clients import ApiClient, PageClient
from tests.flows.sinks import MailServer
from tests.reports.schedules import DAY, schedule_of, template_of
from tests.servers.ports import ReservedPort

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


class Killed(BaseException):
    """Nothing that is written to be caught: the process is gone."""


def live_until(now: datetime) -> None:
    """What beat and workers do, as often as they like."""
    with time_machine.travel(now, tick=False):
        for _ in range(2):
            for work in (schedules.begin_due, lambda _: runs.work_off(), deliveries.send_due):
                with suppress(Killed):
                    work(timezone.now())


def die_once_after(module: Any, name: str, monkeypatch: Any) -> None:
    function = getattr(module, name)
    deaths = iter([True])

    def mortal(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        if next(deaths, False):
            raise Killed
        return answer

    monkeypatch.setattr(module, name, mortal)


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, port = server.url.removeprefix("smtp://").split(":")
    settings.EMAIL_PORT = int(port)
    yield server
    server.stop()


def addressed() -> list[str]:
    return sorted(to for message in mail.outbox for to in message.to)


def path_of(address: str) -> str:
    return "/" + address.partition("//")[2].partition("/")[2]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-21"])
def test_a_day_of_clocks_has_one_mail_whoever_dies(
    day: str, alice: User, acme: Project, mail_server: MailServer, monkeypatch: Any
) -> None:
    """Both days on which the clocks are changed, asked every ten minutes; 02:30 does not exist, or comes twice.

    Beat dies between the run and the schedule's next time, a worker with the file half written, one that has claimed
    the mail, and one with the server's answer in its hand: that mail comes once more, and is known to be the same.
    """
    for module, name in ((schedules, "_ask"), (runs, "write"), (deliveries, "_claim"), (mails, "send")):
        die_once_after(module, name, monkeypatch)
    midnight = datetime.fromisoformat(f"{day}T00:00+00:00") - timedelta(hours=2)
    with time_machine.travel(midnight, tick=False):
        schedule = schedule_of(alice, acme, at=time(2, 30))
    moment = midnight
    while moment < midnight + timedelta(hours=25):
        moment += timedelta(minutes=10)
        live_until(moment)
    assert [mail["To"] for mail in mail_server.mails] == ["ann@example.com"] * 2
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 1
    [delivery] = schedule.deliveries.all()
    assert (delivery.status, delivery.attempts, delivery.answer) == (DeliveryStatus.SENT, 1, "250 OK")
    run = schedule.runs.get()
    assert (run.as_of, run.attempts) == (delivery.slot, 2)


def test_after_an_outage_one_is_made_good(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    live_until(due + 5 * DAY + timedelta(hours=1))
    assert [run.slot for run in schedule.runs.all()] == [due + 5 * DAY]
    schedule.refresh_from_db()
    assert schedule.next_due == due + 6 * DAY
    assert len(mail.outbox) == 1


def test_a_slot_is_taken_once_whoever_comes(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    assert [schedules.begin_due(due), schedules.begin_due(due)] == [1, 0]
    # Somebody turned the clock back: what was sent is not sent again.
    Schedule.objects.filter(pk=schedule.pk).update(next_due=due)
    live_until(due)
    Schedule.objects.filter(pk=schedule.pk).update(next_due=due)
    live_until(due + timedelta(seconds=1))
    assert (schedule.runs.count(), len(mail.outbox)) == (1, 1)


def test_a_worker_that_dies_while_sending_is_followed_by_another(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme, addresses=["ann@example.com", "bob@example.com"])
    due = schedule.next_due
    assert due is not None
    with time_machine.travel(due, tick=False):
        schedules.begin_due(due)
        runs.work_off()
    claimed = deliveries._claim(due)
    assert (len(claimed), deliveries.send_due(due + timedelta(minutes=4))) == (2, 0)
    assert deliveries.send_due(due + timedelta(minutes=6)) == 2
    assert addressed() == ["ann@example.com", "bob@example.com"]
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2


def test_it_goes_to_those_who_are_members_then(alice: User, oscar: User, vera: User, acme: Project) -> None:
    schedule = schedule_of(
        alice, acme, addresses=["ann@example.com", "OSCAR@example.com"], roles=["operator"], users=[vera, alice]
    )
    due = schedule.next_due
    assert due is not None
    live_until(due)
    assert addressed() == ["alice@example.com", "ann@example.com", "oscar@example.com", "vera@example.com"]
    mail.outbox.clear()
    vera.memberships.get().delete()
    MembershipFactory.create(user=UserFactory.create(username="olga"), project=acme, role="operator")
    live_until(due + DAY)
    assert addressed() == ["alice@example.com", "ann@example.com", "olga@example.com", "oscar@example.com"]


def test_who_leaves_between_the_report_and_the_mail_gets_none(alice: User, vera: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme, addresses=[], users=[vera])
    due = schedule.next_due
    assert due is not None
    schedules.begin_due(due)
    runs.work_off()
    vera.memberships.get().delete()
    assert deliveries.send_due(timezone.now() + DAY) == 0
    delivery = schedule.deliveries.get()
    assert (delivery.status, delivery.answer) == (DeliveryStatus.DROPPED, "may not see it any more")


def test_small_files_are_attached_and_large_ones_linked_to(alice: User, vera: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme, users=[vera])
    due = schedule.next_due
    assert due is not None
    live_until(due)
    run = schedule.runs.get()
    assert {message.attachments[0][0] for message in mail.outbox} == {run.file_name}
    mail.outbox.clear()
    Schedule.objects.filter(pk=schedule.pk).update(attach_up_to=0)
    live_until(due + DAY)
    assert [message.attachments for message in mail.outbox] == [[], []]


def test_links_work_as_long_as_they_are_meant_for_whoever_has_them(
    alice: User, vera: User, acme: Project, pages: PageClient
) -> None:
    schedule = schedule_of(alice, acme, users=[vera])
    due = schedule.next_due
    assert due is not None
    live_until(due)
    of_vera, of_ann = (schedule.deliveries.get(address=f"{name}@example.com") for name in ("vera", "ann"))
    # A member's link asks who they are.
    assert pages(None).get(path_of(link(of_vera))).status_code == 302
    assert pages(vera).get(path_of(link(of_vera))).status_code == 200
    # A stranger's is the key, and no other one fits.
    stranger = pages(None)
    assert stranger.get(path_of(link(of_ann)))["Content-Type"] == "text/csv; charset=utf-8"
    assert stranger.get(path_of(link(of_ann))[:-2] + "/").status_code == 404
    vera.memberships.get().delete()
    assert pages(vera).get(path_of(link(of_vera))).status_code == 404
    Schedule.objects.filter(pk=schedule.pk).update(addresses=[])
    assert stranger.get(path_of(link(of_ann))).status_code == 404
    Schedule.objects.filter(pk=schedule.pk).update(addresses=["ann@example.com"])
    assert stranger.get(path_of(link(of_ann))).status_code == 200
    alice.memberships.get().delete()
    assert stranger.get(path_of(link(of_ann))).status_code == 404


def test_whoever_unsubscribes_gets_no_more(alice: User, acme: Project, pages: PageClient) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    live_until(due)
    [message] = mail.outbox
    address = message.extra_headers["List-Unsubscribe"].strip("<>")
    assert address == unsubscribe_link(schedule.deliveries.get())
    assert address in message.body
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    client = pages(None)
    assert b"Stop this report?" in client.get(path_of(address)).content
    assert client.post(path_of(address)).status_code == 200
    assert client.get(path_of(address)[:-3] + "/").status_code == 404
    live_until(due + DAY)
    assert len(mail.outbox) == 1


def test_nothing_is_sent_of_nothing(alice: User, acme: Project) -> None:
    template = template_of(acme, said={"range": "7d"})
    acme.devices.all().delete()
    silent = schedule_of(alice, acme, template=template, skips_empty=True)
    due = silent.next_due
    assert due is not None
    live_until(due)
    assert (silent.runs.get().is_empty, silent.runs.get().status, mail.outbox) == (True, RunStatus.DONE, [])
    Schedule.objects.filter(pk=silent.pk).update(skips_empty=False)
    live_until(due + DAY)
    assert len(mail.outbox) == 1


def test_a_paused_schedule_waits_and_makes_nothing_good(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    assert schedules.pause(schedule)
    live_until(due + 3 * DAY)
    assert schedules.resume(schedule, due + 3 * DAY + timedelta(hours=1))
    live_until(due + 3 * DAY + timedelta(hours=2))
    schedule.refresh_from_db()
    assert (mail.outbox, schedule.next_due) == ([], due + 4 * DAY)


def test_a_change_does_not_lose_what_is_due(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    schedules.plan(schedule, due + timedelta(minutes=1))
    assert schedule.next_due == due
    schedule.at = time(9)
    schedules.plan(schedule, due + timedelta(minutes=1))
    assert schedule.next_due == due + timedelta(hours=2)


def test_a_mail_server_that_fails_is_tried_again_and_then_the_owner_is_told(
    alice: User, acme: Project, monkeypatch: Any
) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    send = mails.send

    def refuse(delivery: Delivery) -> str:
        if delivery.purpose == Purpose.REPORT:
            raise Undelivered("421 come back later")
        return send(delivery)

    monkeypatch.setattr(mails, "send", refuse)
    for minutes in range(0, 8 * 70, 70):
        live_until(due + timedelta(minutes=minutes))
    delivery = schedule.deliveries.get(purpose=Purpose.REPORT)
    assert (delivery.status, delivery.attempts, delivery.answer) == (DeliveryStatus.DEAD, 8, "421 come back later")
    live_until(due + timedelta(hours=12))
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([alice.email], "Not delivered: Weekly, Acme")
    ]
    assert "ann@example.com did not get it: 421 come back later" in mail.outbox[0].body
    alert = Alert.objects.get()
    assert (alert.subject, alert.is_open) == (schedule, True)
    monkeypatch.setattr(mails, "send", send)
    live_until(due + DAY)
    alert.refresh_from_db()
    assert not alert.is_open


def test_the_log_has_what_the_mail_server_said(
    alice: User, acme: Project, mail_server: MailServer, settings: Any
) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    live_until(due)
    assert schedule.deliveries.get().answer == "250 OK"
    [received] = mail_server.mails
    assert (received["To"], received["Auto-Submitted"]) == ("ann@example.com", "auto-generated")
    [attached] = [part for part in received.walk() if part.get_filename()]
    assert attached.get_content_type() == "text/csv"
    Schedule.objects.filter(pk=schedule.pk).update(addresses=["bob@example.com"])
    settings.EMAIL_PORT = ReservedPort().release()
    live_until(due + DAY)
    refused = schedule.deliveries.get(address="bob@example.com")
    assert (refused.status, "Refused" in refused.answer) == (DeliveryStatus.QUEUED, True)


def test_a_mail_that_cannot_be_written_keeps_no_other_from_being_sent(
    alice: User, acme: Project, monkeypatch: Any
) -> None:
    schedule = schedule_of(alice, acme, addresses=["ann@example.com", "bob@example.com"])
    due = schedule.next_due
    assert due is not None
    send = mails.send

    def break_once(delivery: Delivery) -> str:
        if delivery.address.startswith("ann"):
            raise TypeError("broken")
        return send(delivery)

    monkeypatch.setattr(mails, "send", break_once)
    live_until(due)
    assert addressed() == ["bob@example.com"]


def test_a_server_that_refuses_for_good_is_asked_once(alice: User, acme: Project, monkeypatch: Any) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None

    def refuse(delivery: Delivery) -> str:
        raise mails.Refused("550 no such mailbox")

    monkeypatch.setattr(mails, "send", refuse)
    live_until(due)
    assert schedule.deliveries.get(purpose=Purpose.REPORT).status == DeliveryStatus.DEAD


def test_a_report_that_cannot_be_made_is_told_of(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme, template=template_of(acme, said={"devices": ["gone"]}))
    due = schedule.next_due
    assert due is not None
    live_until(due)
    run = schedule.runs.get()
    assert (run.status, "gone" in run.problem) == (RunStatus.FAILED, True)
    assert [message.to for message in mail.outbox] == [[alice.email]]
    assert Alert.objects.get().subject == schedule


def test_of_an_owner_who_has_left_nothing_is_made(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    alice.memberships.get().delete()
    live_until(due)
    assert (schedule.runs.get().status, mail.outbox) == (RunStatus.FAILED, [])
    assert Alert.objects.get().subject == schedule


def test_a_crash_of_the_maker_is_made_good(alice: User, acme: Project, monkeypatch: Any) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    write = render.write
    calls: list[int] = []

    def fail_once(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no space left")
        write(*args)

    monkeypatch.setattr(runs, "write", fail_once)
    live_until(due)
    assert mail.outbox == []
    live_until(due + timedelta(minutes=2))
    assert (schedule.runs.get().status, len(mail.outbox)) == (RunStatus.DONE, 1)


def test_a_test_goes_to_who_asks_for_it_alone(alice: User, oscar: User, acme: Project, pages: PageClient) -> None:
    schedule = schedule_of(alice, acme, roles=["operator"])
    pages(alice).post(f"{schedule.get_absolute_url()}test/")
    assert deliveries.send_due(timezone.now()) == 0
    runs.work_off()
    deliveries.send_due(timezone.now())
    [message] = mail.outbox
    assert (message.to, message.subject.startswith("Test: ")) == ([alice.email], True)
    assert schedule.runs.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "Report\r\nBcc: everybody@example.com"),
        ("subject", "{password}"),
        ("text", "{title.__class__}"),
        ("text", "{title!r}"),
        ("text", "{"),
        ("addresses", ["ann@example.com\nBcc: everybody@example.com"]),
        ("addresses", ["ann@example.com, bob@example.com"]),
        ("addresses", [None]),
        ("roles", ["emperor"]),
        ("weekdays", [7]),
        ("cron", "* * * * *"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(field: str, value: Any, alice: User, acme: Project) -> None:
    every = "cron" if field == "cron" else "weekly"
    with pytest.raises(ValidationError) as refused:
        schedule_of(alice, acme, **{"every": every, "weekdays": [0], field: value})
    [sentence] = refused.value.message_dict[field]
    assert sentence.endswith((".", "fri."))


def test_what_is_filled_in_stays_inert(alice: User, acme: Project) -> None:
    acme.name = "Acme\r\nBcc: everybody@example.com"
    acme.save()
    title = "<b>=1+1</b>"
    schedule = schedule_of(alice, acme, template=template_of(acme, said={"title": title}), subject="{title} {project}")
    due = schedule.next_due
    assert due is not None
    live_until(due)
    [message] = mail.outbox
    assert message.to == ["ann@example.com"]
    assert message.subject == f"{title} Acme Bcc: everybody@example.com"
    assert "Bcc" not in message.message()
    [alternative] = [part for part in message.message().walk() if part.get_content_type() == "text/html"]
    assert b"&lt;b&gt;" in alternative.get_payload(decode=True)


def test_only_administrators_see_schedules(
    alice: User, oscar: User, charlie: User, acme: Project, pages: PageClient, api: ApiClient
) -> None:
    schedule = schedule_of(alice, acme)
    for user, status in ((alice, 200), (oscar, 404), (charlie, 404)):
        assert pages(user).get(schedule.get_absolute_url()).status_code == status
        assert api(user).get(f"/api/v1/reports/schedules/{schedule.pk}/preview/").status_code == status


def test_rest_makes_a_schedule_in_the_zone_of_its_owner(alice: User, vera: User, acme: Project, api: ApiClient) -> None:
    alice.time_zone = "America/New_York"
    alice.save()
    template = template_of(acme)
    said = {"template": template.pk, "every": "monthly", "day": 31, "at": "07:00", "users": ["vera"]}
    answer = api(alice).post("/api/v1/reports/schedules/", said, format="json")
    assert (answer.status_code, answer.json()["time_zone"]) == (201, "America/New_York")
    address = f"/api/v1/reports/schedules/{answer.json()['id']}/"
    told = api(alice).get(f"{address}preview/").json()
    assert (len(told["next"]), told["recipients"]) == (5, ["vera@example.com"])
    assert api(alice).post(f"{address}pause/").json()["next_due"] is None
    assert api(alice).post(f"{address}pause/").status_code == 409
    assert api(alice).post(f"{address}resume/").json()["next_due"] == answer.json()["next_due"]
    changed = api(alice).patch(address, {"day": 1, "users": []}, format="json").json()
    assert changed["next_due"] != answer.json()["next_due"]
    refused = api(alice).patch(address, {"subject": "{nonsense}"}, format="json")
    assert "{nonsense} is not known here" in str(refused.json())


def test_the_page_previews_what_is_being_written(alice: User, acme: Project, pages: PageClient) -> None:
    template = template_of(acme)
    said = {
        "template": template.pk, "every": "cron", "cron": "0 7 * * mon", "at": "07:00", "day": 1,
        "time_zone": "Europe/Vienna", "attach_up_to": 5,
    }  # fmt: skip
    client = pages(alice)
    assert len(client.post("/reports/schedules/preview/", said).json()["next"]) == 5
    wrong = client.post("/reports/schedules/preview/", {**said, "cron": "x"}).json()
    assert "five fields" in wrong["problems"]["cron"]
    answer = client.post("/reports/schedules/new/", {**said, "addresses": "ann@example.com\nbob@example.com"})
    schedule = Schedule.objects.get()
    assert answer["Location"] == schedule.get_absolute_url()
    assert (schedule.addresses, schedule.owner) == (["ann@example.com", "bob@example.com"], alice)
    assert client.post("/reports/schedules/new/", {**said, "addresses": "nobody"}).status_code == 422


def test_runs_of_a_schedule_outlive_it(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    due = schedule.next_due
    assert due is not None
    live_until(due)
    schedule.delete()
    run = Run.objects.get()
    assert (run.schedule, run.has_file) == (None, True)
