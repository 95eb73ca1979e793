"""What webhooks are sent: all there is, or what their template says; and a test, to see that it arrives."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from alerts.models import Alert, Webhook
from alerts.notify import deliver
from alerts.payloads import fill_payload
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.rules import rule_for
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient, PageClient
from tests.flows.sinks import Receiver
from tests.telemetry.letters import take, telemetry

pytestmark = pytest.mark.django_db
CHAT = {"text": "{severity} {event}: {message} {url}", "blocks": [{"fields": ["{device}", 7, None]}]}


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_PRIVATE_NETWORKS = [ip_network("127.0.0.0/8")]
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def hook(receiver: Receiver, acme: Project) -> Webhook:
    return Webhook.objects.create(project=acme, name="hook", url=receiver.url)


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler", name='Boiler "1"', project=acme)
    rule_for(device)
    return device


def raise_alert() -> None:
    now = timezone.now()
    take(telemetry("boiler", {"temperature": 85}, time=now, at=now))
    deliver.send_due(now + timedelta(seconds=1))


def test_all_there_is_is_sent_without_a_template(hook: Webhook, receiver: Receiver, boiler: Device) -> None:
    raise_alert()
    [delivery] = receiver.deliveries
    assert (delivery.content["event"], delivery.content["alert"]["device"]) == ("opened", "boiler")


def test_a_template_is_filled_in(hook: Webhook, receiver: Receiver, boiler: Device) -> None:
    hook.template = CHAT
    hook.save()
    raise_alert()
    alert = Alert.objects.get()
    assert receiver.deliveries[0].content == {
        "text": f'high opened: Boiler "1": Temperature is 85 (limit 80) http://localhost:8000/alerts/{alert.pk}/',
        "blocks": [{"fields": ["boiler", 7, None]}],
    }


def test_values_never_become_structure() -> None:
    assert fill_payload({"text": "{message}"}, {"message": '{severity}", "x": "'}) == {"text": '{severity}", "x": "'}


@pytest.mark.parametrize(
    "template",
    [
        {"text": "{temperature}"},
        {"text": "{message.__class__}"},
        {"text": "{message!r}"},
        {"text": "{"},
        {"text": "{0}"},
        {"a": [{"b": "{secret}"}]},
        {"text": "\0"},
        {"text": "x" * 5000},
        {},
        [],
        "{message}",
        7,
        [[[[[[[[[["deep"]]]]]]]]]],
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused(
    template: Any, hook: Webhook, api: ApiClient, alice: User
) -> None:
    answer = api(alice).patch(f"/api/v1/webhooks/{hook.pk}/", {"template": template}, format="json")
    assert answer.status_code == 400
    assert "template" in answer.json()["errors"]


def test_the_admin_refuses_it_too(hook: Webhook, pages: PageClient, alice: User, acme: Project) -> None:
    form = {"project": acme.pk, "name": "hook", "url": hook.url, "minimum": "low", "template": '{"text": "{secret}"}'}
    page = pages(alice).post(f"/admin/alerts/webhook/{hook.pk}/change/", form)
    assert b"{secret} is not known here" in page.content


@pytest.mark.parametrize("url", ["http://10.0.0.7/", "https://[::1]:8443/x", "http://localhost/", "https://a:99999/"])
def test_addresses_in_the_portals_own_network_are_refused_when_saved(
    url: str, acme: Project, api: ApiClient, alice: User, settings: Any
) -> None:
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    refused = api(alice).post("/api/v1/webhooks/", {"project": "acme", "name": "hook", "url": url})
    assert refused.status_code == 400, refused.json()
    assert "url" in refused.json()["errors"]


def test_a_test_shows_what_would_arrive(hook: Webhook, receiver: Receiver, api: ApiClient, alice: User) -> None:
    hook.template = CHAT
    hook.save()
    trial = api(alice).post(f"/api/v1/webhooks/{hook.pk}/test/").json()
    assert trial == {"to": "hook", "delivered": True, "answer": "204 No Content"}
    assert receiver.deliveries[0].content["text"].startswith("low test: This is a test.")


def test_and_what_went_wrong(hook: Webhook, receiver: Receiver, pages: PageClient, alice: User) -> None:
    receiver.status = 500
    address = f"/admin/alerts/webhook/{hook.pk}/send_test/"
    assert b"500 Internal Server Error" in pages(alice).get(address, follow=True).content


def test_people_send_themselves_a_mail(api: ApiClient, vera: User) -> None:
    [trial] = api(vera).post("/api/v1/notifications/test/", {"transport": "email"}).json()
    assert (trial["delivered"], mail.outbox[0].to) == (True, [vera.email])
    assert api(vera).post("/api/v1/notifications/test/", {"transport": "in_app"}).status_code == 400
