"""What changed, and the way back: for those who may change the row as it is now."""

from typing import Any

import pytest

from devices.models import DeviceType, Project
from iotsphere.models import User
from tests.admin.addresses import page_of
from tests.factories import DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


def first_version_of(row: Any) -> str:
    return f"{page_of(row, 'history')}{row.history.earliest().pk}/"


def renamed(row: Any, name: str) -> Any:
    row.name = name
    row.save()
    return row


def test_the_history_says_what_changed(alice: User, acme: Project, pages: PageClient) -> None:
    device = renamed(DeviceFactory.create(project=acme, name="Old boiler"), "New boiler")
    page = pages(alice).get(page_of(device, "history")).content.decode()
    assert "Old boiler" in page
    assert "New boiler" in page


def test_the_history_names_who_changed_it(alice: User, acme: Project, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme, name="Old boiler")
    client = pages(alice)
    client.post(
        page_of(device),
        {
            "name": "New boiler",
            "project": acme.pk,
            "lifecycle": "active",
            "credentials-TOTAL_FORMS": "0",
            "credentials-INITIAL_FORMS": "0",
        },
    )
    assert device.history.latest().history_user == alice


def test_a_device_is_brought_back_to_an_earlier_version(alice: User, acme: Project, pages: PageClient) -> None:
    device = renamed(DeviceFactory.create(project=acme, name="Old boiler"), "New boiler")
    pages(alice).post(
        first_version_of(device), {"name": "Old boiler", "project": acme.pk, "lifecycle": "active", "labels": ""}
    )
    device.refresh_from_db()
    assert device.name == "Old boiler"


def test_a_device_that_left_the_project_is_not_brought_back_into_it(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    device = DeviceFactory.create(project=acme, name="Boiler")
    device.project = globex
    device.save()
    client = pages(alice)
    assert client.get(page_of(device, "history")).status_code == 404
    assert client.post(first_version_of(device), {"name": "Boiler", "project": acme.pk}).status_code == 404
    device.refresh_from_db()
    assert device.project == globex


def test_who_may_only_look_at_a_type_does_not_bring_it_back(alice: User, pages: PageClient) -> None:
    device_type: DeviceType = renamed(DeviceTypeFactory.create(name="Old type"), "New type")
    assert pages(alice).post(first_version_of(device_type), {"name": "Old type"}).status_code == 403
    device_type.refresh_from_db()
    assert device_type.name == "New type"


def test_only_superusers_see_the_history_of_what_is_gone(
    alice: User, root: User, acme: Project, pages: PageClient
) -> None:
    device = DeviceFactory.create(project=acme)
    address = page_of(device, "history")
    device.delete()
    assert pages(alice).get(address).status_code == 404
    assert pages(root).get(address).status_code == 200
