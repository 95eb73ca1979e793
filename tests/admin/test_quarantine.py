"""Unknown devices: seen together with what they sent, registered with it, or ignored."""

import json
from typing import Any

import pytest
from django.test import Client

from devices.models import Device, Project
from iotsphere.models import User
from telemetry.models import Door, LedgerHour, Metric, QuarantinedMessage, Reading, RejectionCount
from tests.admin.addresses import list_of, page_of
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory
from tests.fixtures.clients import PageClient
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

LIST = "telemetry.QuarantinedMessage"


@pytest.fixture
def strangers(db: None) -> list[str]:
    """Two unknown devices, of which one has sent three times."""
    for n in range(3):
        take(telemetry("stranger", {"temperature": 20 + n}, at=NOW + n * SECOND))
    take(telemetry("other", {"humidity": 50}))
    return ["other", "stranger"]


def act(client: Client, action: str, *senders: str, **answers: Any) -> Any:
    newest = [QuarantinedMessage.objects.filter(sender=sender).latest("pk").pk for sender in senders]
    return client.post(list_of(LIST), {"action": action, "_selected_action": newest, **answers}, follow=True)


def test_a_row_of_the_list_is_a_sender(strangers: list[str], root: User, pages: PageClient) -> None:
    rows = pages(root).get(list_of(LIST)).context["cl"].result_list
    assert {row.sender: row.messages for row in rows} == {"stranger": 3, "other": 1}


def test_the_page_of_a_sender_shows_what_it_sent(strangers: list[str], root: User, pages: PageClient) -> None:
    message = QuarantinedMessage.objects.filter(sender="stranger").latest("pk")
    page = pages(root).get(page_of(message)).content.decode()
    for n in range(3):
        assert json.dumps(20 + n) in page


def test_registering_asks_for_the_project(strangers: list[str], root: User, acme: Project, pages: PageClient) -> None:
    answer = act(pages(root), "register_selected", *strangers)
    assert list(answer.context["form"].fields["project"].queryset) == [acme]
    assert not Device.objects.exists()


def test_registering_proposes_the_type_they_look_like(strangers: list[str], root: User, pages: PageClient) -> None:
    sensor = MetricDefinitionFactory.create(key="temperature", device_type=DeviceTypeFactory.create()).device_type
    answer = act(pages(root), "register_selected", "stranger")
    assert answer.context["form"].initial["device_type"] == sensor


def test_registered_devices_have_the_readings_they_sent(
    strangers: list[str], root: User, acme: Project, pages: PageClient
) -> None:
    act(pages(root), "register_selected", *strangers, confirmed="yes", project=acme.pk)
    assert set(Device.objects.values_list("device_id", "project__slug")) == {("other", "acme"), ("stranger", "acme")}
    readings = Reading.objects.filter(metric__device__device_id="stranger").order_by("time")
    assert [(reading.time, reading.value) for reading in readings] == [(NOW + n * SECOND, 20.0 + n) for n in range(3)]
    assert not QuarantinedMessage.objects.exists()


def test_registering_accounts_for_what_is_stored(
    strangers: list[str], root: User, acme: Project, pages: PageClient
) -> None:
    answer = act(pages(root), "register_selected", "stranger", confirmed="yes", project=acme.pk)
    assert LedgerHour.objects.get(sender="stranger").stored == 3
    assert "1 device registered in Acme; 3 readings stored." in answer.content.decode()


def test_what_a_registered_device_sends_next_is_stored(
    strangers: list[str], root: User, acme: Project, pages: PageClient
) -> None:
    act(pages(root), "register_selected", "stranger", confirmed="yes", project=acme.pk)
    assert take(telemetry("stranger", {"temperature": 30}, at=NOW + 10 * SECOND)).stored == 1


def test_without_a_project_nothing_is_registered(strangers: list[str], root: User, pages: PageClient) -> None:
    answer = act(pages(root), "register_selected", "stranger", confirmed="yes")
    assert "project" in answer.context["form"].errors
    assert not Device.objects.exists()


def test_what_cannot_be_stored_is_rejected_as_it_would_have_been(root: User, acme: Project, pages: PageClient) -> None:
    take(envelope("stranger", b'{"telemetry": {"temperature": 20, "humidity": NaN}}'))
    answer = act(pages(root), "register_selected", "stranger", confirmed="yes", project=acme.pk)
    assert "1 reading stored, 1 rejected" in answer.content.decode()
    assert RejectionCount.objects.filter(sender="stranger", reason="not_finite").exists()


def test_a_device_registered_meanwhile_stays_where_it_is(
    strangers: list[str], root: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(device_id="stranger", project=globex, name="Known")
    act(pages(root), "register_selected", "stranger", confirmed="yes", project=acme.pk)
    assert Device.objects.get(device_id="stranger").project == globex
    assert Metric.objects.get(device__device_id="stranger").last_value == 22


def test_ignoring_asks_first(strangers: list[str], root: User, pages: PageClient) -> None:
    act(pages(root), "ignore_selected", "stranger")
    assert QuarantinedMessage.objects.filter(sender="stranger").count() == 3


def test_ignoring_deletes_what_one_sender_sent(strangers: list[str], root: User, pages: PageClient) -> None:
    answer = act(pages(root), "ignore_selected", "stranger", confirmed="yes")
    assert set(QuarantinedMessage.objects.values_list("sender", flat=True)) == {"other"}
    assert "3 messages deleted" in answer.content.decode()


@pytest.mark.parametrize("action", ["register", "ignore"])
def test_a_project_administrator_decides_nothing_here(
    action: str, strangers: list[str], alice: User, acme: Project, pages: PageClient
) -> None:
    message = QuarantinedMessage.objects.earliest("pk")
    address = f"/admin/telemetry/quarantinedmessage/{message.pk}/{action}/"
    assert pages(alice).post(address, {"confirmed": "yes", "project": acme.pk}).status_code in {403, 404}
    assert QuarantinedMessage.objects.count() == 4


def test_a_body_that_is_no_text_is_shown(root: User, pages: PageClient) -> None:
    message = QuarantinedMessage.objects.create(sender="odd", door=Door.MQTT, received_at=NOW, body=b"\xff\x00<b>")
    assert pages(root).get(page_of(message)).status_code == 200
    assert pages(root).get(list_of(LIST)).status_code == 200
