"""Firmware over REST: what can be uploaded, who is sent it, and what is said of it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from devices.models import Device, FirmwareCampaign, FirmwarePackage, Project
from iotsphere.models import User
from tests.devices.firmware import answers, begin, fetch, says
from tests.factories import DeviceFactory, FirmwarePackageFactory
from tests.fixtures.clients import ApiClient

PACKAGES, CAMPAIGNS = "/api/v1/firmware-packages/", "/api/v1/firmware-campaigns/"


@pytest.fixture
def package(acme: Project) -> FirmwarePackage:
    return FirmwarePackageFactory.create(project=acme)


@pytest.fixture
def lamp(package: FirmwarePackage) -> Device:
    return DeviceFactory.create(device_id="lamp", project=package.project, device_type=package.device_type)


def upload(client: Any, package: FirmwarePackage, content: bytes = b"new", **more: str) -> Any:
    fields = {"project": package.project.slug, "device_type": package.device_type.slug, "version": "3.0.0"}
    file = SimpleUploadedFile("new.bin", content)
    return client.post(PACKAGES, {**fields, "file": file, **more}, format="multipart")


def test_what_cannot_be_uploaded_is_named(
    api: ApiClient, alice: User, package: FirmwarePackage, globex: Project, settings: Any
) -> None:
    settings.FIRMWARE_MAX_BYTES = 1024
    client = api(alice)
    for answer, field in (
        (upload(client, package, b"x" * 1025), "file"),
        (upload(client, package, b""), "file"),
        (upload(client, package, version="a b"), "version"),
        (upload(client, package, project="globex"), "project"),
        (upload(client, package, device_type="nothing"), "device_type"),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    taken = upload(client, package, version="2.0.0")
    assert (taken.status_code, "this version" in taken.json()["detail"]) == (409, True)
    assert FirmwarePackage.objects.count() == 1


def test_a_package_in_use_stays(api: ApiClient, alice: User, package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    assert api(alice).delete(f"{PACKAGES}{package.pk}/").status_code == 409
    assert FirmwarePackage.objects.exists()


def test_a_dry_run_says_who_and_begins_nothing(
    api: ApiClient, oscar: User, package: FirmwarePackage, lamp: Device
) -> None:
    asked = {"package": package.pk, "devices": ["lamp", "nobody"], "dry_run": True}
    assert api(oscar).post(CAMPAIGNS, asked).json() == {
        "targets": ["lamp"],
        "skipped": [
            {"device": "nobody", "reason": "not_found", "detail": "There is no such device that you can see"},
        ],
    }
    assert not FirmwareCampaign.objects.exists()


def test_a_campaign_is_begun_once_and_watched(
    api: ApiClient, oscar: User, package: FirmwarePackage, lamp: Device
) -> None:
    client = api(oscar)
    key = {"Idempotency-Key": "once"}
    asked = {"package": package.pk, "waves": ["1"], "soak": 0, "timeout": 600}
    first, again = (client.post(CAMPAIGNS, asked, headers=key) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    begun = first.json()["campaign"]
    assert (begun["waves"], begun["timeout"], begun["devices"], begun["status"]) == (["1", "rest"], 600, 1, "running")
    fetch(lamp)
    says(lamp, "downloading", percent=50)
    [update] = client.get(f"/api/v1/firmware-updates/?campaign={begun['id']}").json()["results"]
    assert (update["status"], update["percent"], update["version"]) == ("downloading", 50, "2.0.0")
    answers(lamp, "failed", "No space")
    alone = client.get(f"/api/v1/firmware-updates/{update['id']}/").json()
    assert [step["status"] for step in alone["steps"]] == ["queued", "downloading", "failed"]
    assert client.get(f"{CAMPAIGNS}{begun['id']}/").json()["status"] == "aborted"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"waves": ["rest", "1"]}, "waves"),
        ({"waves": ["some"]}, "waves"),
        ({"timeout": 0}, "timeout"),
        ({"most_failed_percent": 101}, "most_failed_percent"),
        ({"package": 4711}, "package"),
    ],
)
def test_rules_that_make_no_sense_are_named(
    asked: dict[str, Any], field: str, api: ApiClient, oscar: User, package: FirmwarePackage, lamp: Device
) -> None:
    answer = api(oscar).post(CAMPAIGNS, {"package": package.pk, **asked})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_campaign_for_nobody_is_refused_with_the_reasons(
    api: ApiClient, oscar: User, package: FirmwarePackage, acme: Project
) -> None:
    DeviceFactory.create(device_id="kettle", project=acme)
    answer = api(oscar).post(CAMPAIGNS, {"package": package.pk, "devices": ["kettle"]})
    assert (answer.status_code, "another type" in answer.json()["detail"]) == (409, True)


def test_charlie_rolls_out_nothing_of_acme(api: ApiClient, charlie: User, package: FirmwarePackage) -> None:
    answer = api(charlie).post(CAMPAIGNS, {"package": package.pk})
    assert answer.status_code == 403
