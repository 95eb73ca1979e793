"""An operator sets and commands a heater on its page, and sees what becomes of it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from devices.command_states import CommandStatus
from devices.commands import Reply, hand_over, reply
from devices.models import Command, Device, Twin, Way
from devices.twin import desire, report
from iotsphere.models import User
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal
from tests.waiting import wait_until

pytestmark = pytest.mark.once

DETAILS = "/devices/WATER_HEATER_01/details/"

# Requests wait before they are sent, or their answers before the page hears of them, until `release()`.
HOLD = """([before, after]) => {
  const released = new Promise((resolve) => (window.release = resolve));
  const fetch = window.fetch;
  window.fetch = async (...request) => {
    if (before) await released;
    const answer = await fetch(...request);
    if (after) await released;
    return answer;
  };
}"""
REQUESTS, ANSWERS = [True, False], [False, True]


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def page(page_as: PageAs, oscar: User, heater: Device) -> Page:
    page = page_as(oscar)
    page.goto(DETAILS)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def setting(page: Page, key: str) -> Any:
    return page.locator(f"[data-setting={key}]")


def says(heater: Device, command: Command, status: str, **more: Any) -> None:
    reply(heater, str(command.pk), Reply(CommandStatus(status), **more))


def test_a_setting_is_owed_until_the_device_reports_it(page: Page, heater: Device) -> None:
    page.get_by_label("Target temperature °C").fill("62.5")
    page.get_by_role("button", name="Apply").click()
    pending = setting(page, "target_temperature").locator("[data-pending]")
    expect(pending).to_be_visible()
    twin = Twin.objects.get(device=heater)
    assert twin.desired == {"target_temperature": 62.5}
    report(heater, {"target_temperature": 62.5, "mode": "eco"}, version=twin.version)
    expect(pending).to_be_hidden()
    expect(setting(page, "target_temperature").locator("[data-reported]")).to_have_text("62.5")
    expect(page.get_by_label("Mode")).to_have_value('"eco"')


def test_an_answer_that_a_report_has_overtaken_changes_nothing(page: Page, heater: Device) -> None:
    page.evaluate(HOLD, ANSWERS)
    page.get_by_label("Target temperature °C").fill("62.5")
    page.get_by_role("button", name="Apply").click()
    wait_until(lambda: Twin.objects.filter(device=heater, desired={"target_temperature": 62.5}).exists())
    report(heater, {"target_temperature": 62.5}, version=Twin.objects.get(device=heater).version)
    expect(setting(page, "target_temperature").locator("[data-reported]")).to_have_text("62.5")
    page.evaluate("release()")
    expect(page.get_by_role("button", name="Apply")).to_be_enabled()
    expect(setting(page, "target_temperature").locator("[data-pending]")).to_be_hidden()


def test_the_slider_and_the_number_are_one(page: Page) -> None:
    slider = page.get_by_label("Target temperature, slider")
    slider.fill("44")
    expect(page.get_by_label("Target temperature °C")).to_have_value("44")
    page.get_by_label("Target temperature °C").fill("70")
    expect(slider).to_have_value("70")


def test_what_somebody_else_sets_is_seen_and_not_overwritten(
    page: Page, heater: Device, alice: User, problems: Problems
) -> None:
    page.evaluate(HOLD, REQUESTS)
    page.get_by_label("Mode").select_option("Off")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    desire(heater, {"mode": "eco"}, alice)
    page.evaluate("release()")
    expect(page.locator("[data-settings] [data-note]")).to_contain_text("Somebody else")
    assert Twin.objects.get(device=heater).desired == {"mode": "eco"}
    assert all("412" in problem for problem in problems.take())
    page.get_by_role("button", name="Apply").click()
    wait_until(lambda: Twin.objects.get(device=heater).desired == {"mode": "off"})


def test_a_commands_progress_is_seen(page: Page, heater: Device) -> None:
    page.get_by_label("Minutes", exact=True).fill("30")
    page.get_by_role("button", name="Boost").click()
    row = page.locator("[data-commands] > li").first
    expect(row.locator("[data-status]")).to_have_text("Queued")
    expect(row).to_contain_text("minutes 30")
    expect(row).to_contain_text("oscar")
    command = Command.objects.get()
    hand_over(heater, Way.HTTP)
    expect(row.locator("[data-status]")).to_have_text("Sent")
    says(heater, command, "delivered")
    expect(row.locator("[data-status]")).to_have_text("Delivered")
    says(heater, command, "failed", reason="No power")
    expect(row.locator("[data-status]")).to_have_text("Failed")
    expect(row).to_contain_text("No power")
    row.get_by_text("What is known of it").click()
    expect(row.locator("[data-steps] li")).to_have_count(4)


def test_a_destructive_command_asks_first(page: Page, heater: Device) -> None:
    page.get_by_role("button", name="Reboot").click()
    dialog = page.get_by_role("dialog", name="Reboot?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not Command.objects.exists()
    page.get_by_role("button", name="Reboot").click()
    dialog.get_by_role("button", name="Reboot").click()
    wait_until(Command.objects.exists)
    assert Command.objects.get().name == "reboot"


def test_a_queued_command_is_taken_back(page: Page) -> None:
    page.get_by_role("button", name="Identify").click()
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("[data-commands] [data-status]")).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Take back")).to_be_hidden()


def test_what_a_command_is_refused_for_is_told(page: Page, heater: Device, problems: Problems) -> None:
    Device.objects.filter(pk=heater.pk).update(lifecycle="disabled")
    page.get_by_role("button", name="Identify").click()
    expect(page.locator("[data-order-note]")).to_contain_text("not in service")
    assert all("409" in problem for problem in problems.take())


def test_a_viewer_looks_on(page_as: PageAs, vera: User, heater: Device) -> None:
    page = page_as(vera)
    page.goto(DETAILS)
    expect(page.get_by_label("Mode")).to_be_disabled()
    expect(page.get_by_role("button", name=re.compile("Apply|Boost|Reboot"))).to_have_count(0)
