"""Browsers are told of alerts while no page is open, through a service that can read nothing of it."""

import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone
from py_vapid import Vapid02
from pytest_django import Settings

from alerts.models import EscalationStep, Notification, PushSubscription, Transport
from alerts.notify import deliver, vapid
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.browsers import A_BROWSER, read
from tests.alerts.rules import rule_for
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient
from tests.flows.sinks import Receiver
from tests.telemetry.letters import take, telemetry

pytestmark = pytest.mark.django_db
PLACE = "/api/v1/push-subscriptions/"


@pytest.fixture(autouse=True)
def _settings(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.WEBHOOK_PRIVATE_NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.fixture
def service() -> Iterator[Receiver]:
    """That of a browser's maker."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def browser(service: Receiver, oscar: User) -> PushSubscription:
    return PushSubscription.objects.create(user=oscar, endpoint=f"{service.url}oscar", **A_BROWSER)


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler", name="Boiler", project=acme)
    rule_for(device)
    return device


def send(value: float) -> None:
    now = timezone.now()
    take(telemetry("boiler", {"temperature": value}, time=now, at=now))


def deliver_in(minutes: int = 1) -> None:
    deliver.send_due(timezone.now() + timedelta(minutes=minutes))


def pushed() -> Notification:
    return Notification.objects.get(transport=Transport.WEB_PUSH)


def test_a_browser_is_told_and_alone_can_read_it(browser: PushSubscription, service: Receiver, boiler: Device) -> None:
    send(85)
    deliver_in()
    [delivery] = service.deliveries
    told = read(delivery.body)
    assert (told["title"], told["body"]) == ("High: Opened", "Boiler: Temperature is 85 (limit 80)")
    assert told["url"] == f"/alerts/{pushed().alert_id}/"
    assert (delivery.headers["Content-Encoding"], delivery.headers["Urgency"]) == ("aes128gcm", "high")
    assert Vapid02.verify(delivery.headers["Authorization"])
    assert re.search(r"k=(.*)", delivery.headers["Authorization"])[1] == vapid.public_key()  # type: ignore[index]
    assert b"Boiler" not in delivery.body
    assert pushed().status == "sent"


def test_each_browser_is_told_once_and_told_of_the_end(
    browser: PushSubscription, service: Receiver, boiler: Device, oscar: User
) -> None:
    PushSubscription.objects.create(user=oscar, endpoint=f"{service.url}phone", **A_BROWSER)
    send(85)
    deliver_in()
    deliver_in(2)
    assert sorted(delivery.path for delivery in service.deliveries) == ["/oscar", "/phone"]
    send(60)
    deliver_in(3)
    assert [read(delivery.body)["title"] for delivery in service.deliveries[2:]] == 2 * ["High: Resolved"]


def test_escalation_reaches_browsers_too(browser: PushSubscription, service: Receiver, boiler: Device) -> None:
    EscalationStep.objects.create(project=boiler.project, after_minutes=15, role="operator", transport="web_push")
    send(85)
    deliver_in()
    deliver_in(16)
    assert len(service.deliveries) == 2


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    status: int, browser: PushSubscription, service: Receiver, boiler: Device
) -> None:
    service.status = status
    send(85)
    deliver_in()
    assert not PushSubscription.objects.exists()
    assert pushed().status == "dropped"


def test_a_service_that_fails_is_tried_again(browser: PushSubscription, service: Receiver, boiler: Device) -> None:
    service.status = 503
    send(85)
    deliver_in()
    assert (pushed().status, pushed().attempts) == ("queued", 1)
    service.status = 201
    deliver_in(60)
    assert pushed().status == "sent"


def test_a_service_in_the_portals_own_network_is_not_spoken_to(
    browser: PushSubscription, service: Receiver, boiler: Device, settings: Settings
) -> None:
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    send(85)
    deliver_in()
    assert service.deliveries == []
    assert "not on the public network" in pushed().answer


def test_people_subscribe_and_unsubscribe(api: ApiClient, vera: User, oscar: User) -> None:
    said = {"endpoint": "https://push.example.com/1", **A_BROWSER}
    first = api(vera).post(PLACE, said)
    assert first.status_code == 201
    assert api(vera).post(PLACE, said).json()["id"] == first.json()["id"]
    assert api(oscar).get(PLACE).json()["results"] == []
    assert api(oscar).delete(f"{PLACE}{first.json()['id']}/").status_code == 404
    assert api(vera).delete(f"{PLACE}{first.json()['id']}/").status_code == 204


def test_a_browser_is_that_of_the_last_who_used_it(api: ApiClient, vera: User, oscar: User) -> None:
    said = {"endpoint": "https://push.example.com/1", **A_BROWSER}
    for user in (vera, oscar):
        api(user).post(PLACE, said)
    assert PushSubscription.objects.get().user == oscar


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.com/"},
        {"endpoint": "http://10.0.0.1/"},
        {"endpoint": "javascript:alert(1)"},
        {"p256dh": "x"},
        {"p256dh": "ü"},
        {"auth": "x"},
        {"auth": "\0"},
        {"endpoint": "https://push.example.com/" + "x" * 700},
    ],
)
def test_what_no_browser_says_is_refused(wrong: dict[str, str], api: ApiClient, vera: User) -> None:
    said = {"endpoint": "https://push.example.com/", **A_BROWSER, **wrong}
    assert api(vera).post(PLACE, said).status_code == 400


def test_the_key_is_made_once_and_is_nobody_elses(api: ApiClient, vera: User, tmp_path: Path) -> None:
    [once, again] = [api(vera).get(f"{PLACE}key/").json()["public_key"] for _ in range(2)]
    assert once == again
    assert stat.S_IMODE((tmp_path / "vapid_key.pem").stat().st_mode) == 0o600


def test_a_test_is_sent_at_once(browser: PushSubscription, service: Receiver, api: ApiClient, oscar: User) -> None:
    [trial] = api(oscar).post("/api/v1/notifications/test/", {"transport": "web_push"}).json()
    assert (trial["to"], trial["delivered"]) == ("Chromium on Linux", True)
    assert read(service.deliveries[0].body)["body"] == "This is a test."
