"""The API in a browser: pages without inline code, that show answers and send what is written."""

import pytest

from devices.models import Device, Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler.1", name="Boiler", project=acme)


def test_the_documentation_shows_its_operations(page_as: PageAs, alice: User) -> None:
    page = page_as(alice)
    page.goto("/api/v1/docs/")
    page.locator("[data-tag=devices]").click()
    page.get_by_text("/api/v1/devices/{device_id}/history/").click()
    expect(page.get_by_text("Up to 10 keys, separated by commas.")).to_be_visible()


def test_a_device_is_changed_on_its_page(page_as: PageAs, alice: User, boiler: Device) -> None:
    page = page_as(alice)
    page.goto("/api/v1/devices/boiler.1/")
    page.get_by_label("JSON").fill('{"name": "Cellar"}')
    page.get_by_role("button", name="PATCH").click()
    expect(page.locator("[data-answer]")).to_contain_text('"name": "Cellar"')
    boiler.refresh_from_db()
    assert boiler.name == "Cellar"


def test_nobody_finds_the_way_to_sign_in(page_as: PageAs, db: None) -> None:
    page = page_as()
    page.goto("/api/v1/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
