import re

import pytest

from devices.models import Device
from iotsphere.models import User
from tests.factories import PASSWORD
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal
from tests.flows.sending import send


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_an_operator_signs_in_watches_looks_back_and_signs_out(page_as: PageAs, oscar: User, heater: Device) -> None:
    page = page_as()
    page.goto("/")
    page.get_by_label("User name").fill("oscar")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "live")

    send("WATER_HEATER_01", temperature=61.4)
    card = page.locator("[data-device=WATER_HEATER_01]")
    expect(card.locator("[data-metric=temperature]")).to_have_text("61.4")
    expect(card.locator("[data-presence-badge]")).to_have_text("Online")

    page.get_by_role("link", name="Cellar heater").click()
    expect(page).to_have_url(re.compile("/devices/WATER_HEATER_01/$"))
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    send("WATER_HEATER_01", temperature=63.2)
    expect(page.locator(".gauge__value[data-metric=temperature]")).to_have_text("63.2")

    page.get_by_role("tab", name="History").click()
    expect(page.locator("#panel-history canvas")).to_have_count(4)

    page.get_by_label("Account of oscar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_viewer_of_another_project_finds_nothing(
    page_as: PageAs, charlie: User, heater: Device, problems: Problems
) -> None:
    page = page_as(charlie)
    page.goto("/")
    expect(page.get_by_text("No devices yet")).to_be_visible()
    for path in ("", "details/", "operations/", "history/"):
        assert page.goto(f"/devices/WATER_HEATER_01/{path}").status == 404  # type: ignore[union-attr]
    assert page.request.get("/api/v1/devices/WATER_HEATER_01/history/?metrics=temperature").status == 404
    assert all("404" in problem for problem in problems.take())


def test_a_wrong_password_is_told_and_the_name_stays(page_as: PageAs, oscar: User) -> None:
    page = page_as()
    page.goto("/login/")
    page.get_by_label("User name").fill("oscar")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("User name")).to_have_value("oscar")
