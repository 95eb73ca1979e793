"""Claim codes printed, hardware replaced, devices cloned, provisioning keys made."""

import pytest

from devices.credentials import authenticate, issue
from devices.models import ClaimCode, CredentialKind, Device, Project, ProvisioningKey
from iotsphere.models import User
from tests.admin.addresses import add_to, list_of, page_of
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


def test_claim_codes_are_printed_as_pictures(alice: User, boiler: Device, pages: PageClient) -> None:
    answer = pages(alice).post(
        list_of("devices.Device"), {"action": "print_claim_codes", "_selected_action": [boiler.pk]}
    )
    page = answer.content.decode()
    assert ClaimCode.objects.get(device=boiler).code in page
    assert '<svg viewBox="0 0' in page
    assert "style=" not in page[page.index("claim-sheet") :].partition("</ul>")[0]


def test_replacing_hardware_shows_the_new_credential_once(alice: User, boiler: Device, pages: PageClient) -> None:
    _, old = issue(boiler, CredentialKind.API_KEY, alice)
    answer = pages(alice).post(
        f"/admin/devices/device/{boiler.pk}/replace_hardware/",
        {"confirmed": "yes", "serial_number": "SN-2", "kind": "api_key"},
    )
    assert authenticate(old, "192.0.2.7") is None
    assert authenticate(answer.context["secret"], "192.0.2.7") is not None
    assert "no-store" in answer["Cache-Control"]


def test_a_clone_is_made_after_its_name_was_asked(alice: User, boiler: Device, pages: PageClient) -> None:
    client, address = pages(alice), f"/admin/devices/device/{boiler.pk}/clone/"
    assert client.get(address).status_code == 200
    taken = client.post(address, {"confirmed": "yes", "device_id": "boiler"})
    assert "device_id" in taken.context["form"].errors
    made = client.post(address, {"confirmed": "yes", "device_id": "boiler-2"})
    assert made["Location"] == page_of(Device.objects.get(device_id="boiler-2"))


@pytest.mark.parametrize("action", ["replace_hardware", "clone"])
def test_nothing_is_done_with_a_device_of_another_project(
    action: str, alice: User, globex: Project, pages: PageClient
) -> None:
    theirs = DeviceFactory.create(project=globex)
    wanted = {"confirmed": "yes", "serial_number": "1", "kind": "api_key", "device_id": "copy"}
    assert pages(alice).post(f"/admin/devices/device/{theirs.pk}/{action}/", wanted).status_code in {403, 404}
    assert Device.objects.count() == 1


def test_a_provisioning_key_is_shown_once(alice: User, acme: Project, pages: PageClient) -> None:
    client = pages(alice)
    answer = client.post(add_to("devices.ProvisioningKey"), {"project": acme.pk, "note": "Batch 7"})
    key, secret = ProvisioningKey.objects.get(), answer.context["secret"]
    assert secret in answer.content.decode()
    assert secret not in client.get(page_of(key)).content.decode()
    assert "takes no devices by key" in answer.content.decode()


def test_a_provisioning_key_is_revoked_after_asking(alice: User, acme: Project, pages: PageClient) -> None:
    client = pages(alice)
    client.post(add_to("devices.ProvisioningKey"), {"project": acme.pk})
    key = ProvisioningKey.objects.get()
    address = f"/admin/devices/provisioningkey/{key.pk}/revoke/"
    assert "no way back" in client.get(address).content.decode()
    client.post(address, {"confirmed": "yes"})
    key.refresh_from_db()
    assert not key.is_live
