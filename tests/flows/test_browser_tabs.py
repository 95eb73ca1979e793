import re

import pytest
from playwright.sync_api import Page

from devices.models import Device
from iotsphere.models import User
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once

HISTORY = re.compile("/devices/WATER_HEATER_01/history/$")
DETAILS = re.compile("/devices/WATER_HEATER_01/details/$")


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def page(page_as: PageAs, vera: User, heater: Device) -> Page:
    page = page_as(vera)
    page.goto("/devices/WATER_HEATER_01/")
    expect(page.get_by_role("tab")).to_have_count(3)
    return page


def test_arrow_keys_move_between_tabs(page: Page) -> None:
    page.get_by_role("tab", name="Operations").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="History")).to_be_focused()
    expect(page.get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#panel-history")).to_be_visible()
    expect(page.locator("#panel-operations")).to_be_hidden()
    expect(page).to_have_url(HISTORY)
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(DETAILS)
    page.keyboard.press("End")
    expect(page).to_have_url(HISTORY)
    page.keyboard.press("Home")
    expect(page).to_have_url(DETAILS)


def test_only_the_tab_that_is_shown_can_be_reached_with_the_tab_key(page: Page) -> None:
    reachable = page.eval_on_selector_all("[role=tab]", "tabs => tabs.map(tab => tab.tabIndex)")
    assert reachable == [-1, 0, -1]


def test_the_back_button_goes_to_the_tab_before(page: Page) -> None:
    page.get_by_role("tab", name="Details").click()
    expect(page.locator("#panel-details")).to_be_visible()
    page.go_back()
    expect(page.locator("#panel-operations")).to_be_visible()
    page.go_forward()
    expect(page.locator("#panel-details")).to_be_visible()


def test_a_reload_stays_on_the_tab(page: Page) -> None:
    page.get_by_role("tab", name="Details").click()
    page.reload()
    expect(page.get_by_role("tab", name="Details")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#panel-details")).to_be_visible()


def test_only_the_visible_tab_is_subscribed(page_as: PageAs, vera: User, heater: Device) -> None:
    page = page_as(vera)
    # Noted inside the page: what the socket sends.
    page.add_init_script(
        "const send = WebSocket.prototype.send; window.frames_sent = [];"
        "WebSocket.prototype.send = function (text) { frames_sent.push(JSON.parse(text)); send.call(this, text); };"
    )
    page.goto("/devices/WATER_HEATER_01/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.get_by_role("tab", name="Details").click()
    page.get_by_role("tab", name="Operations").click()
    frames = page.evaluate("frames_sent.filter(({type}) => type.endsWith('subscribe'))")
    watches = {frame["id"] for frame in frames if frame.get("devices")}
    one_after_the_other = ["subscribe", "unsubscribe", "subscribe", "unsubscribe", "subscribe"]
    assert [frame["type"] for frame in frames if frame["id"] in watches] == one_after_the_other


def test_without_a_script_tabs_are_links(page_as: PageAs, vera: User, heater: Device) -> None:
    page = page_as(vera, java_script_enabled=False)
    page.goto("/devices/WATER_HEATER_01/")
    expect(page.locator("#panel-operations")).to_be_visible()
    page.get_by_role("link", name="Details").click()
    expect(page.locator("#panel-details")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Not live")


def test_chart_js_is_fetched_only_for_history(page: Page) -> None:
    loaded = "performance.getEntriesByType('resource').filter(({name}) => name.includes('/vendor/')).length"
    assert page.evaluate(loaded) == 0
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#panel-history canvas").first).to_be_visible()
    assert page.evaluate(loaded) == 2
