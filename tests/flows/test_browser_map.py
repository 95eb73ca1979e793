"""The fleet on a map, in a browser."""

import re

import pytest
from playwright.sync_api import Page

from alerts.live import push_alerts
from alerts.models import Alert
from devices.models import Device, Presence, Project
from iotsphere.models import User
from telemetry import live
from tests.alerts.rules import alert_of
from tests.factories import NOON, DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def fleet(acme: Project) -> list[Device]:
    places = {"Berlin": (52.52, 13.4), "Hamburg": (53.55, 9.99), "Cape Town": (-33.92, 18.42)}
    return [
        DeviceFactory.create(
            device_id=name.replace(" ", "-"), name=name, project=acme, presence=Presence.ONLINE,
            location=f"<b>{name}</b>", latitude=latitude, longitude=longitude,
        )
        for name, (latitude, longitude) in places.items()
    ]  # fmt: skip


def open_map(page: Page) -> None:
    page.goto("/?view=map")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#places [data-count]")).to_have_text(re.compile("in view"))


def test_devices_stand_on_the_map_and_in_the_list(page_as: PageAs, vera: User, fleet: list[Device]) -> None:
    page = page_as(vera, viewport={"width": 1440, "height": 900})
    open_map(page)
    expect(page.locator(".mark")).not_to_have_count(0)
    expect(page.locator(".map__canvas canvas")).to_be_visible()
    expect(page.locator(".places__list .places__name")).to_have_text(["Berlin", "Cape Town", "Hamburg"])


def test_a_mark_changes_with_presence_and_alerts_of_its_device_and_so_does_its_card(
    page_as: PageAs, vera: User, acme: Project, fleet: list[Device]
) -> None:
    page = page_as(vera, viewport={"width": 1440, "height": 900})
    open_map(page)
    mark = page.locator("[data-mark=Cape-Town] .mark")
    expect(mark).to_have_attribute("data-presence", "online")
    Device.objects.filter(pk=fleet[2].pk).update(presence=Presence.OFFLINE)  # what it learns, whenever it asks
    live.push({"Cape-Town": {"project": fleet[2].project_id, "presence": "offline", "last_message": NOON}})
    expect(mark).to_have_attribute("data-presence", "offline")
    expect(page.locator(".places__list li", has_text="Cape Town")).to_contain_text("Offline")
    alert = alert_of(acme, device=fleet[2], severity="critical")
    push_alerts([alert.pk])
    expect(mark).to_have_attribute("data-severity", "critical")
    Alert.objects.update(resolved_at=NOON)
    push_alerts([alert.pk])
    expect(page.locator("[data-mark=Cape-Town] [data-severity]")).to_have_count(0)
    push_alerts([alert_of(acme, device=fleet[2], severity="low").pk])
    page.goto("/?view=grid")
    card = page.locator("[data-device=Cape-Town]")
    expect(card.locator("[data-worst]")).to_have_text("Low alert")
    Alert.objects.update(severity="high")
    push_alerts(Alert.objects.open().values_list("pk", flat=True))
    expect(card).to_have_attribute("data-severity", "high")
    expect(card.locator("[data-worst]")).to_have_text("High alert")


def test_a_mark_says_which_device_it_is_by_keyboard_and_as_text(
    page_as: PageAs, vera: User, fleet: list[Device]
) -> None:
    page = page_as(vera, viewport={"width": 1440, "height": 900})
    open_map(page)
    page.get_by_role("button", name="Cape Town: Online").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".map__about p")).to_have_text("<b>Cape Town</b>")
    page.locator(".map__about a").click()
    expect(page).to_have_url(re.compile("/devices/Cape-Town/"))


def test_devices_that_lie_close_together_are_one_mark_that_opens(
    page_as: PageAs, vera: User, acme: Project, fleet: list[Device]
) -> None:
    for number in range(30):
        presence = Presence.OFFLINE if number == 7 else Presence.ONLINE
        DeviceFactory.create(project=acme, presence=presence, latitude=48.137 + number / 10_000, longitude=11.575)
    page = page_as(vera, viewport={"width": 1440, "height": 900})
    open_map(page)
    many = page.locator(".mark--many", has_text="30")
    expect(many).to_have_attribute("data-presence", "offline")
    many.click()
    expect(page.locator("#places [data-count]")).to_have_text("30 of 33 in view")


def test_no_other_server_is_asked(page_as: PageAs, vera: User, fleet: list[Device], portal: Portal) -> None:
    page = page_as(vera, viewport={"width": 1440, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_map(page)
    expect(page.locator(".map__canvas canvas")).to_be_visible()
    assert [url for url in asked if not url.startswith((portal.url, "data:"))] == []
