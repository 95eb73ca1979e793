import pytest

from devices.models import Device
from iotsphere.models import User
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal, StartProcess
from tests.flows.sending import send

pytestmark = pytest.mark.once


def test_when_the_portal_goes_away_the_page_says_so_and_dims_until_it_is_back(
    page_as: PageAs, vera: User, heater: Device, portal: Portal, start_process: StartProcess, problems: Problems
) -> None:
    send("WATER_HEATER_01", temperature=50)
    page = page_as(vera, color_scheme="dark")
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    value = page.locator("[data-metric=temperature]")
    expect(value).to_have_css("opacity", "1")
    portal.process.stop()
    expect(page.locator("#live")).to_have_attribute("data-state", "reconnecting")
    expect(value).to_have_css("opacity", "0.56")
    send("WATER_HEATER_01", temperature=66.6)
    host, port = portal.host.split(":")
    start_process("-m", "daphne", "--bind", host, "--port", port, "iotsphere.asgi:application")
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=30_000)
    expect(value).to_have_text("66.6")
    expect(value).to_have_css("opacity", "1")
    problems.take()
