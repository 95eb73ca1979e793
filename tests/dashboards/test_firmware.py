"""Pages of firmware for operators."""

import pytest

from devices.models import Device, FirmwareCampaign, FirmwarePackage, Project
from iotsphere.models import User
from tests.devices.firmware import begin, fetch, says
from tests.factories import DeviceFactory, FirmwarePackageFactory
from tests.fixtures.clients import PageClient

LIMITS = {"most_failed_percent": 10, "most_failed": 3}
ANSWERS = {"waves": "1, rest", "soak": 5, "timeout": 60, "expires_after": 24, **LIMITS}


@pytest.fixture
def package(acme: Project) -> FirmwarePackage:
    return FirmwarePackageFactory.create(project=acme)


@pytest.fixture
def lamps(package: FirmwarePackage) -> list[Device]:
    lamps: list[Device] = DeviceFactory.create_batch(2, project=package.project, device_type=package.device_type)
    return lamps


def test_an_operator_sees_whom_it_is_for_and_begins(
    pages: PageClient, oscar: User, vera: User, package: FirmwarePackage, lamps: list[Device]
) -> None:
    address = f"/firmware/packages/{package.pk}/"
    preview = pages(oscar).post(address, ANSWERS)
    assert preview.context["plan"].targets == lamps
    begun = pages(oscar).post(address, {**ANSWERS, "seen": preview.context["form"]["seen"].value()})
    campaign = FirmwareCampaign.objects.get()
    assert (campaign.most_failed_percent, campaign.most_failed) == (10, 3)
    assert begun["Location"] == f"/firmware/campaigns/{campaign.pk}/"
    assert pages(vera).post(address, ANSWERS).status_code == 403


def test_a_campaign_shows_its_waves_and_what_each_device_says(
    pages: PageClient, vera: User, package: FirmwarePackage, lamps: list[Device]
) -> None:
    campaign = begin(package, lamps)
    fetch(lamps[0])
    says(lamps[0], "downloading", percent=40)
    answer = pages(vera).get(f"/firmware/campaigns/{campaign.pk}/")
    assert [[update.status for update in wave.updates] for wave in answer.context["waves"]] == [
        ["downloading"],
        ["queued"],
    ]
    assert "Downloading 40 %" in answer.content.decode()
    assert answer.context["verbs"] == []


def test_operators_stop_it_and_viewers_do_not(
    pages: PageClient, oscar: User, vera: User, charlie: User, package: FirmwarePackage, lamps: list[Device]
) -> None:
    campaign = begin(package, lamps)
    address = f"/firmware/campaigns/{campaign.pk}/"
    assert [pages(who).post(f"{address}cancel/").status_code for who in (vera, charlie)] == [403, 404]
    assert [verb.name for verb in pages(oscar).get(address).context["verbs"]] == ["pause", "cancel"]
    assert pages(oscar).post(f"{address}explode/").status_code == 404
    pages(oscar).post(f"{address}cancel/")
    campaign.refresh_from_db()
    assert campaign.status == "cancelled"


def test_the_page_of_a_device_shows_what_runs_on_it_and_its_update(
    pages: PageClient, vera: User, package: FirmwarePackage, lamps: list[Device]
) -> None:
    begin(package, lamps)
    fetch(lamps[0])
    says(lamps[0], "verified")
    page = pages(vera).get(f"/devices/{lamps[0].device_id}/details/").content.decode()
    assert "data-firmware-version>1.0.0<" in page
    assert 'data-firmware="verified"' in page
