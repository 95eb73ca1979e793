"""What becomes of a campaign on one device, by what is known of it."""

import pytest
from django.utils import timezone

from devices.commands import cancel, hand_over, message
from devices.firmware import rollout
from devices.firmware.progress import look
from devices.models import Command, Device, FirmwarePackage, Project, TwinChange, Way
from devices.twin import report
from tests.devices.firmware import answers, begin, fetch, later, says, update_of
from tests.factories import DeviceFactory, FirmwarePackageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def package(acme: Project) -> FirmwarePackage:
    return FirmwarePackageFactory.create(project=acme)


@pytest.fixture
def lamp(package: FirmwarePackage) -> Device:
    return DeviceFactory.create(device_id="lamp", project=package.project, device_type=package.device_type)


def test_the_command_says_what_the_package_is_and_where_but_keeps_where_nowhere(
    package: FirmwarePackage, lamp: Device
) -> None:
    begin(package, [lamp])
    told = message(fetch(lamp), timezone.now())
    assert told["name"] == "update_firmware"
    url = told["params"].pop("url")
    assert url.startswith("http://localhost:8000/firmware/download/")
    assert told["params"] == {
        "version": "2.0.0",
        "size": 8,
        "sha256": package.sha256,
        "signature": package.signature,
    }
    assert "url" not in Command.objects.get().params


def test_each_step_is_on_the_devices_word(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    answers(lamp, "delivered")
    assert update_of(lamp).status == "queued"
    says(lamp, "downloading", percent=0)
    says(lamp, "downloading", percent=60)
    assert update_of(lamp).percent == 60
    for state in ("downloaded", "verified", "updating"):
        says(lamp, state, percent=None)
    says(lamp, "updated", "2.0.0")
    update = update_of(lamp)
    assert (update.status, update.percent, update.due_at) == ("updated", None, None)
    assert list(update.steps.values_list("status", "witness")) == [
        ("queued", "portal"),
        ("downloading", "device"),
        ("downloaded", "device"),
        ("verified", "device"),
        ("updating", "device"),
        ("updated", "device"),
    ]
    assert update.campaign.status == "finished"


def test_a_reply_of_success_waits_for_the_version(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    answers(lamp, "succeeded")
    assert update_of(lamp).status == "updating"
    says(lamp, "", "2.0.0")
    assert update_of(lamp).status == "updated"


def test_the_version_may_come_before_the_reply(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    says(lamp, "updated", "2.0.0")
    answers(lamp, "succeeded")
    assert update_of(lamp).steps.filter(status="updated").count() == 1


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_a_reply_of_failure_fails_it_and_says_why(status: str, package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    answers(lamp, status, "Battery low")
    assert (update_of(lamp).status, update_of(lamp).error) == ("failed", "Battery low")


def test_what_a_device_said_before_it_was_told_says_nothing_of_this_update(
    package: FirmwarePackage, lamp: Device
) -> None:
    says(lamp, "failed", error="From the last time")
    begin(package, [lamp])
    rollout.work_off()
    assert update_of(lamp).status == "queued"


def test_silence_fails_it_in_time(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    answers(lamp, "succeeded")
    rollout.work_off(later(minutes=59))
    assert update_of(lamp).status == "updating"
    rollout.work_off(later(minutes=61))
    assert update_of(lamp).status == "failed"
    assert "in time" in update_of(lamp).error


def test_a_device_that_is_away_too_long_has_failed(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    Command.objects.update(expires_at=timezone.now())
    assert hand_over(lamp, Way.HTTP) == []
    Command.objects.update(status="expired", reason="The device could not be reached in time.")
    rollout.work_off()
    assert (update_of(lamp).status, update_of(lamp).error) == ("failed", "The device could not be reached in time.")


def test_a_command_that_somebody_took_back_cancels_it(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    cancel(Command.objects.get(), None)
    rollout.work_off()
    assert update_of(lamp).status == "cancelled"


def test_a_look_that_was_lost_is_made_up_for(package: FirmwarePackage, lamp: Device) -> None:
    """Signals are sent in memory: whoever dies before has noted the report all the same."""
    begin(package, [lamp])
    fetch(lamp)
    for state, version in (("downloading", "1.0.0"), ("verified", "1.0.0"), ("updated", "2.0.0")):
        report(lamp, {"firmware": {"state": state, "version": version}})
    assert update_of(lamp).status == "queued"
    assert rollout.work_off() == 1
    update = update_of(lamp)
    said = TwinChange.objects.filter(twin__device=lamp).order_by("pk").values_list("at", flat=True)
    assert list(update.steps.values_list("status", flat=True)) == ["queued", "downloading", "verified", "updated"]
    assert list(update.steps.values_list("at", flat=True))[1:] == list(said)
    assert rollout.work_off() == 0


def test_looking_twice_is_looking_once(package: FirmwarePackage, lamp: Device) -> None:
    begin(package, [lamp])
    fetch(lamp)
    report(lamp, {"firmware": {"state": "downloading", "version": "1.0.0"}})
    pk = update_of(lamp).pk
    for _ in range(3):
        look(pk)
    assert update_of(lamp).steps.count() == 2
