"""Firmware in the admin: uploaded, rolled out after a preview, watched and stopped."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from devices.models import AuditEntry, Device, FirmwareCampaign, FirmwarePackage, Lifecycle, Project
from iotsphere.models import User
from tests.admin.addresses import add_to, page_of
from tests.devices.firmware import begin
from tests.factories import DeviceFactory, DeviceTypeFactory, FirmwarePackageFactory, ProjectFactory
from tests.fixtures.clients import PageClient

ADD = add_to("devices.FirmwarePackage")


@pytest.fixture
def admin(pages: PageClient, alice: User) -> Client:
    return pages(alice)


@pytest.fixture
def package(acme: Project) -> FirmwarePackage:
    return FirmwarePackageFactory.create(project=acme)


@pytest.fixture
def lamps(package: FirmwarePackage) -> list[Device]:
    lamps: list[Device] = DeviceFactory.create_batch(
        2, project=package.project, device_type=package.device_type, labels=["hall"]
    )
    return lamps


def upload(admin: Client, package: FirmwarePackage, content: bytes = b"new", **more: Any) -> Any:
    fields = {"project": package.project_id, "device_type": package.device_type_id, "version": "3.0.0", "notes": ""}
    return admin.post(ADD, {**fields, "file": SimpleUploadedFile("new.bin", content), **more})


def roll_out(package: FirmwarePackage) -> str:
    return f"/admin/devices/firmwarepackage/{package.pk}/roll_out/"


def action(campaign: FirmwareCampaign, name: str) -> str:
    return f"/admin/devices/firmwarecampaign/{campaign.pk}/{name}/"


def complaints(answer: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = answer.context["adminform"].form.errors
    return errors


def test_a_package_is_uploaded_with_its_hash_and_signature(admin: Client, package: FirmwarePackage) -> None:
    assert upload(admin, package).status_code == 302
    uploaded = FirmwarePackage.objects.get(version="3.0.0")
    assert (uploaded.size, len(uploaded.sha256), len(uploaded.signature)) == (3, 64, 88)
    assert uploaded.created_by == User.objects.get(username="alice")
    with uploaded.file.open() as file:
        assert file.read() == b"new"
    assert AuditEntry.objects.get(action="firmware.uploaded", actor_name="alice").detail["size"] == 3
    assert str(uploaded.file.name) not in admin.get(page_of(uploaded)).content.decode()


def test_what_cannot_be_taken_is_said(admin: Client, package: FirmwarePackage, settings: Any) -> None:
    settings.FIRMWARE_MAX_BYTES = 1024
    assert "may have 1.0" in complaints(upload(admin, package, b"x" * 1025))["file"][0]
    assert "empty" in complaints(upload(admin, package, b""))["file"][0]
    assert "this version" in complaints(upload(admin, package, version="2.0.0"))["__all__"][0]
    assert "letters" in complaints(upload(admin, package, version="../3"))["version"][0]
    assert "project" in complaints(upload(admin, package, project=ProjectFactory.create().pk))
    assert FirmwarePackage.objects.count() == 1


def test_it_is_rolled_out_to_whom_was_seen(admin: Client, package: FirmwarePackage, lamps: list[Device]) -> None:
    archived = DeviceFactory.create(
        project=package.project, device_type=package.device_type, lifecycle=Lifecycle.DISABLED, labels=["hall"]
    )
    address = roll_out(package)
    first = admin.get(address)
    assert dict(first.context["form"].fields["label"].choices) == {
        "": "All of its type",
        "hall": "Those with the label hall",
    }
    answers = {
        "confirmed": "yes", "label": "hall", "waves": "1, rest", "soak": 5, "most_failed_percent": 0, "timeout": 60,
        "expires_after": 24,
    }  # fmt: skip
    preview = admin.post(address, answers)
    assert not FirmwareCampaign.objects.exists()
    assert f"Skipped: {archived.device_id}. It is not in service." in preview.context["items"]
    seen = preview.context["form"]["seen"].value()
    DeviceFactory.create(project=package.project, device_type=package.device_type, labels=["hall"])
    again = admin.post(address, {**answers, "seen": seen})
    assert not FirmwareCampaign.objects.exists(), "there is one more by now, whom nobody has seen"
    admin.post(address, {**answers, "seen": again.context["form"]["seen"].value()})
    campaign = FirmwareCampaign.objects.get()
    assert (campaign.waves, campaign.updates.count(), campaign.target) == (["1", "rest"], 3, "all with the label hall")


def test_rules_that_make_no_sense_are_named(admin: Client, package: FirmwarePackage, lamps: list[Device]) -> None:
    answer = admin.post(roll_out(package), {"confirmed": "yes", "waves": "some", "soak": -1})
    assert {"waves", "soak", "timeout", "expires_after"} <= set(answer.context["form"].errors)


def test_it_is_paused_resumed_cancelled_and_tried_again(
    admin: Client, package: FirmwarePackage, lamps: list[Device]
) -> None:
    campaign = begin(package, lamps)

    def press(name: str, **answers: str) -> str:
        admin.post(action(campaign, name), answers) if answers else admin.get(action(campaign, name))
        campaign.refresh_from_db()
        return campaign.status

    assert press("pause") == "paused"
    assert press("resume") == "running"
    assert press("cancel") == "running", "it asks first"
    assert press("cancel", confirmed="yes") == "cancelled"
    assert press("retry", confirmed="yes") == "running"
    assert campaign.updates.filter(status="queued").count() == 2


def test_firmware_of_other_projects_is_not_there(admin: Client, package: FirmwarePackage, globex: Project) -> None:
    device_type = DeviceTypeFactory.create()
    theirs = FirmwarePackageFactory.create(project=globex, device_type=device_type)
    campaign = begin(theirs, [DeviceFactory.create(project=globex, device_type=device_type)])
    answers = [admin.get(roll_out(theirs)), admin.post(action(campaign, "cancel"), {"confirmed": "yes"})]
    assert [answer.status_code for answer in answers] == [404, 404]
