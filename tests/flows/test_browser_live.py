"""Values that change by themselves, and never look live when they are not."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from devices.models import Device, Project
from devices.presence import sweep
from iotsphere.models import User
from telemetry import live
from telemetry.models import Metric
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.flows.sending import send

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def page(page_as: PageAs, vera: User) -> Page:
    return page_as(vera, color_scheme="dark")


def open_live(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_presence_changes_by_itself_and_the_tiles_follow(page: Page, heater: Device) -> None:
    open_live(page, "/")
    expect(page.locator(".tile[data-presence=unknown]")).to_contain_text("1")
    send("WATER_HEATER_01", temperature=50)
    expect(page.locator("[data-presence-badge]")).to_have_text("Online")
    expect(page.locator(".tile[data-presence=online]")).to_contain_text("1")
    live.push(live.presence_changes(sweep(timezone.now() + timedelta(hours=1))))
    expect(page.locator("[data-presence-badge]")).to_have_text("Offline")
    expect(page.locator(".tile[data-presence=offline]")).to_contain_text("1")


def test_the_list_is_live_too(page: Page, heater: Device) -> None:
    open_live(page, "/?view=list")
    send("WATER_HEATER_01", temperature=71.5)
    expect(page.locator("[data-metric=temperature]")).to_have_text("71.5")


def test_gauge_target_text_and_age_follow_the_device(page: Page, heater: Device) -> None:
    open_live(page, "/devices/WATER_HEATER_01/operations/")
    send("WATER_HEATER_01", temperature=40, target_temperature=60, status="heating")
    expect(page.locator("[data-gauge=temperature] .gauge__fill")).to_have_attribute("stroke-dasharray", "50 200")
    expect(page.locator("[data-gauge=temperature] .gauge__target")).to_have_attribute("transform", "rotate(60 60 60)")
    expect(page.locator("#panel-operations [data-metric=status]")).to_have_text("heating")
    expect(page.locator("#panel-operations [data-age-of=status]")).to_have_text("now")


def test_a_value_that_is_not_renewed_is_shown_as_old(page: Page, heater: Device) -> None:
    Metric.objects.filter(key="pressure").update(last_time=timezone.now() - timedelta(hours=1))
    open_live(page, "/devices/WATER_HEATER_01/operations/")
    pressure = page.locator("#panel-operations [data-reading=pressure]")
    expect(pressure).to_contain_class("is-old")
    send("WATER_HEATER_01", pressure=2.5)
    expect(pressure).not_to_contain_class("is-old")


def test_the_first_message_of_a_device_brings_its_cards(page: Page, acme: Project) -> None:
    DeviceFactory.create(device_id="new", project=acme)
    open_live(page, "/devices/new/")
    expect(page.get_by_text("Nothing received yet")).to_be_visible()
    send("new", rssi=-61)
    expect(page.locator("#panel-operations [data-metric=rssi]")).to_have_text("-61")


def test_signing_out_elsewhere_ends_the_live_page(page: Page, heater: Device) -> None:
    open_live(page, "/devices/WATER_HEATER_01/")
    elsewhere = page.context.new_page()
    elsewhere.goto("/")
    elsewhere.get_by_label("Account of vera").click()
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("dialog")).to_contain_text("You have been signed out")
    expect(page.locator("#live")).to_have_attribute("data-state", "ended")


def test_markup_sent_by_a_device_stays_text(page: Page, heater: Device) -> None:
    open_live(page, "/devices/WATER_HEATER_01/")
    evil = "<img src=x onerror=alert(1)>"
    send("WATER_HEATER_01", status=evil)
    expect(page.locator("#panel-operations [data-metric=status]")).to_have_text(evil)
    assert page.locator("main img").count() == 0


def test_a_page_that_is_sent_much_says_that_it_keeps_up(page: Page, heater: Device) -> None:
    with page.expect_websocket() as opened:
        open_live(page, "/")
    send("WATER_HEATER_01", temperature=71.5)
    expect(page.locator("[data-metric=temperature]")).to_have_text("71.5")
    for number in range(3):
        much: live.LiveValue = {"value": 300_000 * str(number), "time": timezone.now()}
        with opened.value.expect_event("framesent", lambda frame: '"pong"' in frame):
            live.push({"WATER_HEATER_01": {"project": heater.project_id, "values": {"much": much}}})
