"""The installed portal without a network: what it shows, what it refuses, and whose data it keeps."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page

from devices.models import Device
from iotsphere.models import Dashboard, User
from tests.fixtures.browser import PageAs, Problems, expect, session_cookie
from tests.fixtures.live import Portal
from tests.flows.sending import send
from tests.waiting import wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def board(heater: Device) -> Dashboard:
    def widget(column: int, kind: str, **settings: Any) -> dict[str, Any]:
        box = {"x": 4 * column, "y": 0, "w": 4, "h": 4}
        return {"id": kind, "kind": kind, "title": "", "settings": {"device": heater.device_id, **settings}, **box}

    widgets = [widget(0, "value", metric="temperature"), widget(1, "button", command="boost")]
    return Dashboard.objects.create(name="Wall", project=heater.project, widgets=[*widgets, widget(2, "presence")])


def wait_until_kept(page: Page, *addresses: str) -> None:
    """By the worker, which takes what it needs along after the page is there."""
    look = """addresses => Promise.all(addresses.map(one => caches.match(new URL(one, location).href)))
        .then(found => found.every(Boolean))"""
    wait_until(lambda: page.evaluate(look, list(addresses)), timeout=30)


def kept_of(page: Page) -> list[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return [name for name in names if name.startswith("kept-")]


def test_without_a_network_it_opens_with_values_of_then_refuses_commands_and_catches_up(
    page_as: PageAs, oscar: User, heater: Device, board: Dashboard, problems: Problems
) -> None:
    send("WATER_HEATER_01", temperature=50)
    page = page_as(oscar, service_workers="allow")
    page.goto("/")
    wait_until_kept(page, "/")
    page.goto(board.get_absolute_url())
    expect(page.locator(".cell .value")).to_have_text("50.0")
    expect(page.locator(".counts [data-presence=online]")).to_contain_text("1")
    page.goto("/devices/WATER_HEATER_01/history/")
    expect(page.locator("canvas").first).to_be_visible()
    page.goto("/devices/WATER_HEATER_01/details/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    wait_until_kept(page, "/devices/WATER_HEATER_01/details/", "/devices/WATER_HEATER_01/history/")

    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("You are offline. What you see is as of")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    expect(page.locator("[data-order=boost] button")).to_be_disabled()
    expect(page.locator("tr[data-reading=temperature] [data-age-of]")).to_contain_text("as of")
    page.goto("/devices/WATER_HEATER_01/history/")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.locator("[data-history-note]")).to_contain_text("The portal cannot be reached; this is as of")
    page.goto(board.get_absolute_url())
    expect(page.locator(".cell .value")).to_have_text("50.0")
    expect(page.locator(".cell[data-kind=value] .cell__age")).to_contain_text("as of")
    expect(page.locator(".cell[data-kind=presence] .cell__age")).to_contain_text("as of")
    expect(page.locator(".cell[data-kind=button] button")).to_be_disabled()
    page.goto("/servers/")
    expect(page.get_by_role("heading", level=1)).to_have_text("The portal cannot be reached")
    page.get_by_role("link", name="Fleet").click()
    expect(page.locator("[data-metric=temperature]")).to_have_text("50.0")
    expect(page.locator(".device__foot")).to_contain_text("as of")

    send("WATER_HEATER_01", temperature=66.6)
    page.evaluate("window.isTheSamePage = true")
    page.context.set_offline(False)
    expect(page.locator("[data-metric=temperature]")).to_have_text("66.6")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#offline")).to_be_hidden()
    assert page.evaluate("window.isTheSamePage")
    problems.take()


def test_one_persons_data_is_never_kept_for_another(
    page_as: PageAs, oscar: User, vera: User, heater: Device, portal: Portal
) -> None:
    page = page_as(oscar, service_workers="allow")
    page.goto("/")
    wait_until_kept(page, "/")
    assert kept_of(page) == [f"kept-{oscar.pk}"]
    page.context.add_cookies([session_cookie(vera, portal)])
    page.goto("/")
    wait_until(lambda: kept_of(page) == [f"kept-{vera.pk}"])
    Session.objects.all().delete()
    page.goto("/")
    wait_until(lambda: kept_of(page) == [])
    page.context.add_cookies([session_cookie(oscar, portal)])
    page.goto("/")
    wait_until(lambda: kept_of(page) == [f"kept-{oscar.pk}"])
    page.get_by_label("Account of oscar").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")
    wait_until(lambda: kept_of(page) == [])


def test_it_can_be_installed_by_a_button_once_the_browser_lets_it(page_as: PageAs, vera: User) -> None:
    page = page_as(vera, service_workers="allow")
    page.goto("/profile/")
    button = page.locator("main").get_by_role("button", name="Install the app")
    expect(button).to_be_hidden()
    chromium = page.context.new_cdp_session(page)
    assert chromium.send("Page.getAppManifest")["errors"] == []
    complaints = chromium.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each for each in complaints if each["errorId"] != "in-incognito"] == []  # as windows of tests are

    offer = "Object.assign(new Event('beforeinstallprompt', {cancelable: true}), {prompt: () => { asked += 1; }})"
    page.evaluate(f"window.asked = 0; window.isPrevented = !dispatchEvent({offer});")
    button.click()
    expect(button).to_be_hidden()
    assert page.evaluate("[isPrevented, asked]") == [True, 1]
