"""Rejected messages in the admin: seen with what was wrong, taken in again, or dropped."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, Project
from iotsphere.models import User
from telemetry.models import Metric, Reading, RejectedMessage
from tests.admin.addresses import list_of, page_of
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.telemetry.letters import SECOND, envelope, take, telemetry

LIST = "telemetry.RejectedMessage"
NOW = timezone.now()


@pytest.fixture
def device(acme: Project) -> Device:
    return DeviceFactory.create(project=acme, device_id="sensor")


@pytest.fixture
def mode(device: Device) -> Metric:
    """A metric of texts, for which three numbers came; the mistake is mended."""
    metric = MetricFactory.create(device=device, key="mode", value_type="text")
    for n in range(3):
        take(telemetry("sensor", {"mode": n, "other": n}, at=NOW + n * SECOND))
    metric.value_type = "number"
    metric.save()
    return metric


def act(client: Client, action: str, **answers: Any) -> Any:
    keys = list(RejectedMessage.objects.values_list("pk", flat=True))
    return client.post(list_of(LIST), {"action": action, "_selected_action": keys, **answers}, follow=True)


def test_the_list_says_what_was_wrong(mode: Metric, alice: User, pages: PageClient) -> None:
    page = pages(alice).get(list_of(LIST)).content.decode()
    assert "The value is of another type than the metric" in page
    assert "mode: a number where a text belongs" in page


def test_the_page_of_a_message_shows_all_of_it(device: Device, alice: User, pages: PageClient) -> None:
    take(envelope("sensor", {"telemetry": {"a": None, "note": "x" * 250, "b": "<script>"}}))
    page = pages(alice).get(page_of(RejectedMessage.objects.get())).content.decode()
    assert "x" * 250 in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(("reason", "count"), [("wrong_type", 3), ("malformed", 1), ("nonsense", 4)])
def test_the_list_is_filtered_by_reason(reason: str, count: int, mode: Metric, alice: User, pages: PageClient) -> None:
    take(envelope("sensor", b"?"))
    assert len(pages(alice).get(list_of(LIST), {"reason": reason}).context["cl"].result_list) == count


def test_taking_in_again_asks_first(mode: Metric, alice: User, pages: PageClient) -> None:
    act(pages(alice), "take_selected_again")
    assert not Reading.objects.filter(metric=mode).exists()


def test_taking_in_again_says_what_came_of_it(mode: Metric, alice: User, pages: PageClient) -> None:
    take(envelope("sensor", b"?"))
    answer = act(pages(alice), "take_selected_again", confirmed="yes")
    text = "4 messages taken in again: 3 readings stored, 3 stored before, 1 still rejected."
    assert text in answer.content.decode()
    assert Reading.objects.filter(metric=mode).count() == 3


def test_one_is_taken_in_again_from_its_page(mode: Metric, alice: User, pages: PageClient) -> None:
    message = RejectedMessage.objects.latest("pk")
    address = reverse("admin:telemetry_rejectedmessage_take_again", args=[message.pk])
    assert "Take them in again?" in pages(alice).get(address).content.decode()
    pages(alice).post(address, {"confirmed": "yes"})
    assert Reading.objects.filter(metric=mode).count() == 1
    assert not RejectedMessage.objects.filter(pk=message.pk).exists()


def test_all_that_a_list_finds_is_done_at_once(mode: Metric, alice: User, pages: PageClient) -> None:
    client = pages(alice)
    chosen = {"action": "drop_selected", "_selected_action": [RejectedMessage.objects.first().pk], "select_across": "1"}  # type: ignore[union-attr]
    hidden = client.post(list_of(LIST), chosen).context["hidden"]
    assert client.post(list_of(LIST), dict(hidden)).status_code == 302
    assert not RejectedMessage.objects.exists()


def test_dropping_asks_first(mode: Metric, alice: User, pages: PageClient) -> None:
    act(pages(alice), "drop_selected")
    assert RejectedMessage.objects.count() == 3


def test_dropping_deletes_what_was_sent(mode: Metric, alice: User, pages: PageClient) -> None:
    assert "3 messages dropped." in act(pages(alice), "drop_selected", confirmed="yes").content.decode()
    assert not RejectedMessage.objects.exists()


@pytest.mark.parametrize("action", ["take_selected_again", "drop_selected"])
def test_messages_of_other_projects_are_left_alone(
    action: str, alice: User, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=globex, device_id="theirs")
    take(envelope("theirs", b"?"))
    act(pages(alice), action, confirmed="yes")
    message = RejectedMessage.objects.get()
    for name in ("take_again", "drop"):
        address = reverse(f"admin:telemetry_rejectedmessage_{name}", args=[message.pk])
        assert pages(alice).post(address, {"confirmed": "yes"}).status_code in {302, 403, 404}
    assert RejectedMessage.objects.get() == message
