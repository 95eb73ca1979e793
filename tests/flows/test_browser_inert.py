"""Whatever devices and people write, pages show it as text: no script runs, and the policy has nothing to report."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from devices.models import Device, Presence, Project
from iotsphere.models import Dashboard, FleetView, User
from tests.alerts.rules import alert_of
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.flows.sending import send

pytestmark = pytest.mark.once
CORPUS = (
    "</script><script>hit()</script><img src=x onerror=hit()>",
    '"><svg onload=hit()><a href="javascript:hit()">',
    "'-hit()-'${hit()}{{ 7 * 7 }}<!--",
    "</title></textarea></style><iframe srcdoc=<script>parent.hit()</script>>",
)
EVIL = "".join(CORPUS)


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def evil(acme: Project, vera: User) -> Device:
    device: Device = DeviceFactory.create(
        device_id="evil-1", name=EVIL[:200], project=acme, labels=[payload[:64] for payload in CORPUS],
        location=EVIL[:200], hostname=CORPUS[1][:100], presence=Presence.OFFLINE, latitude=48.2, longitude=16.4,
    )  # fmt: skip
    for row, payload in enumerate(CORPUS):
        MetricFactory.create(device=device, key=payload[:100], label=payload[:100], last_value=row, unit="<b>")
    MetricFactory.create(
        device=device, key="said", label="Said", value_type="text", last_text=EVIL[:200], last_time=timezone.now()
    )
    alert_of(acme, device=device, message=EVIL[:200], event_time=timezone.now())
    FleetView.objects.create(user=vera, name=CORPUS[0][:60], query="?q=&view=list")
    return device


def board_of(device: Device) -> Dashboard:
    def widget(column: int, kind: str, **settings: Any) -> dict[str, Any]:
        box = {"x": 3 * column, "y": 0, "w": 3, "h": 4}
        return {"id": kind, "kind": kind, "title": EVIL[:100], "settings": settings, **box}

    value = {"device": device.device_id, "metric": CORPUS[0][:100]}
    widgets = [widget(0, "value", **value), widget(1, "table"), widget(2, "alerts"), widget(3, "text", text=EVIL)]
    return Dashboard.objects.create(name=EVIL[:100], project=device.project, widgets=widgets)


def settled(page: Page, address: str) -> None:
    page.goto(address)
    if page.locator("#live").count():
        expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_a_corpus_of_markup_is_inert_wherever_it_is_shown(page_as: PageAs, vera: User, evil: Device) -> None:
    page = page_as(vera)
    page.add_init_script("window.hit = () => { document.documentElement.dataset.hit = 'yes'; }")
    pages = ["/?view=list&group=label", "/?view=grid&q=", "/?view=map", board_of(evil).get_absolute_url(), "/alerts/"]
    for address in [*pages, *(f"/devices/evil-1/{tab}/" for tab in ("details", "operations", "history"))]:
        settled(page, address)
        expect(page.locator("main")).to_contain_text("hit()")
        assert page.locator("html[data-hit]").count() == 0, address
    page.goto("/devices/evil-1/operations/")
    send("evil-1", said=CORPUS[0])
    expect(page.locator("#panel-operations [data-metric=said]")).to_have_text(CORPUS[0])
    assert page.locator("html[data-hit], main iframe, main img[src=x]").count() == 0
