"""A campaign in a browser: begun after a look at whom it is for, watched, stopped."""

import pytest

from devices.models import FirmwareCampaign, Project
from iotsphere.models import User
from tests.devices.firmware import fetch, says
from tests.factories import DeviceFactory, FirmwarePackageFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_an_operator_begins_a_campaign_watches_and_stops_it(page_as: PageAs, oscar: User, acme: Project) -> None:
    package = FirmwarePackageFactory.create(project=acme, version="2.0.0")
    first, second = (
        DeviceFactory.create(device_id=name, name=name, project=acme, device_type=package.device_type)
        for name in ("hall", "yard")
    )
    page = page_as(oscar, viewport={"width": 360, "height": 740})
    page.goto("/firmware/")
    page.get_by_role("link", name="Roll out").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("status").filter(has_text="would be sent it")).to_contain_text("2 devices")
    page.get_by_role("button", name="Begin with 2 devices").click()
    wave = page.get_by_role("region", name="Wave 1")
    expect(wave.locator("[data-firmware]")).to_have_text("Queued")

    fetch(first)
    says(first, "downloading", percent=40)
    expect(wave.locator("[data-firmware]")).to_have_text("Downloading 40 %")
    wave.get_by_text("What is known of it").click()
    says(first, "updated", version="2.0.0")
    expect(wave.locator("[data-firmware]")).to_have_text("Updated")
    expect(page.locator(".rollout")).to_contain_text("1 of 2 updated")
    expect(wave.locator("ol")).to_contain_text("Downloading")  # what was opened stays open

    page.get_by_role("button", name="Pause").click()
    campaign = page.get_by_role("region", name="Campaign")
    expect(campaign.locator("[data-firmware]")).to_have_text("Paused")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").first.click()
    expect(campaign.locator("[data-firmware]")).to_have_text("Cancelled")
    assert FirmwareCampaign.objects.get().updates.get(device=second).status == "cancelled"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
