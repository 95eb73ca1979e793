"""Alerts and notifications over /ws/live/: how they stand, and what happens to them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from alerts import lifecycle
from alerts.live import mark_read
from alerts.models import Alert
from alerts.notify import deliver
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.rules import alert_of, rule_for
from tests.factories import DeviceFactory, MembershipFactory
from tests.fixtures.sockets import Frame, Live
from tests.telemetry.letters import take, telemetry

WATCH: Frame = {"type": "subscribe", "id": "a", "alerts": {}}
MINE: Frame = {"type": "subscribe", "id": "n", "notifications": {}}


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler", name="Boiler", project=acme)
    rule_for(device)
    return device


def send(value: float) -> None:
    now = timezone.now()
    take(telemetry("boiler", {"temperature": value}, time=now, at=now))


def only(frame: Frame, topic: str = "alerts") -> dict[str, Any]:
    [told] = frame[topic].values()
    return dict(told)


def test_an_alert_is_told_from_its_beginning_to_its_end(live: Live, vera: User, oscar: User, boiler: Device) -> None:
    socket = live(vera)
    assert socket.ask(WATCH)["alerts"] == {}
    send(85)
    begun = only(socket.receive())
    assert (begun["device"], begun["severity"], begun["status"], begun["resolved_at"]) == (
        "boiler", "high", "firing", None
    )  # fmt: skip
    lifecycle.acknowledge(Alert.objects.get(), oscar)
    assert only(socket.receive())["acknowledged_by"] == "oscar"
    send(60)
    assert only(socket.receive())["status"] == "resolved"


def test_of_what_is_rolled_back_nothing_is_told(live: Live, vera: User, boiler: Device) -> None:
    socket = live(vera)
    socket.ask(WATCH)
    with transaction.atomic():
        send(85)
        transaction.set_rollback(True)
    assert socket.receive_nothing()


@pytest.mark.parametrize("which", [{}, {"project": "acme"}, {"devices": ["boiler"]}])
def test_others_are_told_nothing(which: Frame, live: Live, vera: User, charlie: User, boiler: Device) -> None:
    seen, others = live(vera), live(charlie)
    seen.ask({**WATCH, "alerts": which})
    answer = others.ask({**WATCH, "alerts": which})
    assert answer.get("code") == "not_found" or answer["alerts"] == {}
    send(85)
    assert only(seen.receive())["device"] == "boiler"
    assert others.receive_nothing()


def test_devices_are_told_apart(live: Live, vera: User, boiler: Device, acme: Project) -> None:
    DeviceFactory.create(device_id="other", project=acme)
    socket = live(vera)
    socket.ask({**WATCH, "alerts": {"devices": ["other"]}})
    send(85)
    assert socket.receive_nothing()


def test_superusers_are_told_of_all_projects_also_of_new_ones(live: Live, root: User, globex: Project) -> None:
    socket = live(root)
    socket.ask(WATCH)
    rule_for(DeviceFactory.create(device_id="boiler"))
    send(85)
    assert only(socket.receive())["device"] == "boiler"


def test_a_new_member_is_told_without_asking_again(live: Live, charlie: User, boiler: Device) -> None:
    socket = live(charlie)
    socket.ask(WATCH)
    alert_of(boiler.project)
    MembershipFactory.create(user=charlie, project=boiler.project)
    assert len(socket.receive()["alerts"]) == 1


def test_after_a_drop_what_was_missed_comes(live: Live, vera: User, boiler: Device) -> None:
    before = live(vera)
    before.ask(WATCH)
    send(85)
    cursor = before.receive()["cursor"]
    before.close()
    send(60)
    again = live(vera)
    assert only(again.ask({**WATCH, "cursor": cursor}))["status"] == "resolved"
    assert again.receive()["alerts"] == {}


def test_a_page_that_is_a_little_late_learns_what_has_ended(live: Live, vera: User, acme: Project) -> None:
    now = timezone.now()
    alert_of(acme, resolved_at=now - timedelta(minutes=1))
    alert_of(acme, resolved_at=now - timedelta(hours=1))
    assert len(live(vera).ask(WATCH)["alerts"]) == 1


def test_people_are_told_what_is_theirs_until_they_have_read_it(
    live: Live, vera: User, oscar: User, boiler: Device
) -> None:
    socket = live(vera)
    assert socket.ask(MINE)["notifications"] == {}
    send(85)
    deliver.send_due(timezone.now())
    told = only(socket.receive(), "notifications")
    assert (told["device"], told["event"], told["read_at"]) == ("boiler", "opened", None)
    assert len(live(vera).ask(MINE)["notifications"]) == 1
    mark_read(vera)
    assert only(socket.receive(), "notifications")["read_at"] is not None
    assert live(vera).ask(MINE)["notifications"] == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"alerts": []},
        {"alerts": {"project": 1}},
        {"alerts": {"devices": []}},
        {"alerts": {"devices": [1]}},
        {"alerts": {"project": "acme", "devices": ["boiler"]}},
        {"alerts": {"everything": True}},
        {"notifications": {"user": "oscar"}},
        {"alerts": {}, "notifications": {}},
        {"alerts": {}, "project": "acme"},
    ],
)
def test_what_cannot_be_understood_is_refused(asked: Frame, live: Live, vera: User) -> None:
    assert live(vera).ask({"type": "subscribe", "id": "x", **asked})["code"] == "bad_request"
