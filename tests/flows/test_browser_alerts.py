"""Alerts on an open page: they come, change and go by themselves, and the bar counts what is new."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import Page

from alerts import lifecycle
from alerts.models import Alert, PushSubscription
from alerts.notify import deliver
from alerts.shipped_rules import ensure_shipped_rules
from devices.credentials import issue
from devices.models import CredentialKind, DeviceType, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from tests.alerts.browsers import A_BROWSER
from tests.alerts.rules import alert_of
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.telemetry.letters import take, telemetry
from tests.waiting import wait_until


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def agent(portal: Portal, acme: Project) -> Iterator[httpx.Client]:
    """That of a server which has been busy for nearly as long as it takes to raise an alert."""
    ensure_shipped_types()
    ensure_shipped_rules()
    server = DeviceFactory.create(
        device_id="server", name="Server", project=acme, device_type=DeviceType.objects.get(slug="server")
    )
    for minute in range(8, 0, -1):
        at = timezone.now() - timedelta(minutes=minute)
        take(telemetry("server", {"cpu": 97.0}, time=at, at=at))
    assert not Alert.objects.exists()
    key = issue(server, CredentialKind.API_KEY, None)[1]
    with httpx.Client(base_url=portal.url, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def shows(page: Page, text: str) -> None:
    expect(page.locator(".alert-list")).to_contain_text(text)


def test_a_busy_server_is_seen_on_an_open_page(
    page_as: PageAs, vera: User, oscar: User, alice: User, agent: httpx.Client
) -> None:
    page, bar = page_as(vera), page_as(alice)
    with page.expect_websocket() as opened:
        page.goto("/alerts/")
        opened.value.wait_for_event("framereceived", lambda frame: '"alerts"' in frame)
    bar.goto("/servers/")
    expect(page.get_by_text("Nothing is wrong")).to_be_visible()
    answer = agent.post("/api/v1/telemetry", json={"telemetry": {"cpu": 97.0}})
    assert answer.json()["stored"] == 1
    shows(page, "Processor")
    alert = Alert.objects.get()
    lifecycle.acknowledge(alert, oscar)
    shows(page, "acknowledged by oscar")
    expect(bar.locator("[data-unread]")).to_be_hidden()
    deliver.send_due(timezone.now())
    expect(bar.locator("[data-unread]")).to_have_text("1")
    lifecycle.resolve(alert, oscar)
    expect(page.get_by_text("Nothing is wrong")).to_be_visible()


@pytest.mark.once
def test_the_list_is_worked_off_by_keyboard(page_as: PageAs, oscar: User, acme: Project) -> None:
    for severity in ("low", "high", "critical"):
        alert_of(acme, severity=severity, message=f"Too {severity}")
    page = page_as(oscar)
    page.goto("/alerts/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Too high")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name="Too high")).to_be_checked()
    page.keyboard.press("a")
    expect(page.locator(".alert-list")).to_contain_text("acknowledged by")
    expect(page.get_by_role("link", name="Too high")).to_be_focused()
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Too high").focus()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Too high")).to_be_focused()


# What the service of the browser's maker would answer, which is not there.
SUBSCRIBED = """keys => {
  const told = { endpoint: "https://push.example.com/1", keys };
  const subscription = { ...told, toJSON: () => told, unsubscribe: async () => true };
  PushManager.prototype.subscribe = async () => subscription;
  PushManager.prototype.getSubscription = async () => subscription;
}"""
SHOWN = """async () => {
  const shown = await (await navigator.serviceWorker.ready).getNotifications();
  return shown.map(({ body }) => body);
}"""


@pytest.mark.once
def test_a_browser_is_turned_on_and_shows_what_it_is_pushed(
    page_as: PageAs, vera: User, acme: Project, portal: Portal
) -> None:
    alert = alert_of(acme, message="Too hot in the cellar")
    page = page_as(vera, permissions=["notifications"], service_workers="allow")
    devtools = page.context.new_cdp_session(page)
    registered: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registered.extend(each["registrationId"] for each in told["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.goto("/alerts/notifications/preferences/")
    page.evaluate(SUBSCRIBED, {name: A_BROWSER[name] for name in ("p256dh", "auth")})
    page.locator("[data-push-switch]").click()
    expect(page.locator("[data-push-state]")).to_contain_text("also while no page")
    assert PushSubscription.objects.get().user == vera
    message = {"title": "High", "body": alert.message, "tag": "alert", "url": alert.get_absolute_url()}
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": portal.url, "registrationId": registered[-1], "data": json.dumps(message)},
    )
    wait_until(lambda: page.evaluate(SHOWN) == [alert.message], what="the notification")
