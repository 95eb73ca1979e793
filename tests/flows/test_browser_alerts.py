"""Alerts on an open page: they come, change and go by themselves, and the bar counts what is new."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import Page

from alerts import lifecycle
from alerts.models import Alert
from alerts.notify import deliver
from alerts.shipped_rules import ensure_shipped_rules
from devices.credentials import issue
from devices.models import CredentialKind, DeviceType, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.telemetry.letters import take, telemetry


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
