"""Reports on an open page: where something is looked at they are had as a file, with how far they are until then."""

from typing import Any

import pytest

from devices.models import Project
from iotsphere.models import User
from reports import runs
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_a_device_is_had_on_paper(page_as: PageAs, oscar: User, acme: Project) -> None:
    DeviceFactory.create(device_id="boiler", project=acme)
    page: Any = page_as(oscar)
    page.goto("/devices/boiler/")
    page.get_by_text("Report…").click()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="CSV").click()
    assert downloaded.value.suggested_filename.startswith("device-boiler-")
    expect(page.locator("[data-words]")).to_contain_text("is there")


def test_a_long_report_is_followed_on_its_page(page_as: PageAs, oscar: User, acme: Project) -> None:
    DeviceFactory.create(project=acme)
    run = runs.request(oscar, {"kind": "availability", "project": "acme"}, "csv")
    page: Any = page_as(oscar)
    page.goto(run.get_absolute_url())
    expect(page.get_by_text("It waits until a worker has time.")).to_be_visible()
    runs.work_off()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
