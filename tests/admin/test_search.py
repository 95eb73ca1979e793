"""The command palette: what the person may open, and nothing else."""

import pytest

from devices.models import Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient


def found(pages: PageClient, user: User, words: str) -> str:
    return pages(user).get("/admin/search/", {"s": words, "extended": "1"}).content.decode()


def test_devices_are_found(root: User, acme: Project, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme, name="Boiler in the cellar")
    assert f"/admin/devices/device/{device.pk}/change/" in found(pages, root, "cellar")


def test_pages_are_found(root: User, pages: PageClient) -> None:
    assert "/admin/devices/credential/" in found(pages, root, "crede")


def test_a_project_administrator_finds_nothing_of_other_projects(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme, name="Our boiler")
    DeviceFactory.create(project=globex, name="Their boiler")
    page = found(pages, alice, "boiler")
    assert "Our boiler" in page
    assert "Their boiler" not in page


def test_a_project_administrator_finds_no_page_of_the_platform(alice: User, pages: PageClient) -> None:
    assert "/admin/iotsphere/user/" not in found(pages, alice, "user")


def test_staff_without_a_project_find_nothing(vera: User, acme: Project, pages: PageClient) -> None:
    vera.is_staff = True
    vera.save()
    DeviceFactory.create(project=acme, name="Our boiler")
    assert "boiler" not in found(pages, vera, "boiler")


@pytest.mark.parametrize("words", ["", "%", "'", "<b>", "x" * 5000])
def test_whatever_is_looked_for_is_answered(words: str, root: User, pages: PageClient) -> None:
    assert pages(root).get("/admin/search/", {"s": words, "page": "x"}).status_code == 200
