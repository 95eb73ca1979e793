"""Campaigns go from wave to wave, and stop when too many devices fail or somebody says so."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from devices.firmware import rollout
from devices.firmware.targets import SkipReason, plan
from devices.models import AuditEntry, Device, FirmwarePackage, FirmwareUpdate, Lifecycle, Project
from devices.twin import report
from iotsphere.models import User
from tests.devices.firmware import answers, begin, fetch, later, says, statuses, update_of
from tests.factories import DeviceFactory, FirmwarePackageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def package(acme: Project) -> FirmwarePackage:
    return FirmwarePackageFactory.create(project=acme)


@pytest.fixture
def lamps(package: FirmwarePackage) -> list[Device]:
    return [
        DeviceFactory.create(device_id=f"lamp-{n}", project=package.project, device_type=package.device_type)
        for n in range(4)
    ]


def told(lamps: list[Device]) -> list[bool]:
    return [lamp.commands.exists() for lamp in lamps]


def updates(lamp: Device) -> None:
    fetch(lamp)
    says(lamp, "updated", "2.0.0")


def fails(lamp: Device) -> None:
    fetch(lamp)
    answers(lamp, "failed", "No space")


def test_the_next_wave_begins_when_the_first_has_soaked(package: FirmwarePackage, lamps: list[Device]) -> None:
    campaign = begin(package, lamps)
    assert told(lamps) == [True, False, False, False]
    updates(lamps[0])
    campaign.refresh_from_db()
    assert campaign.due_at is not None
    rollout.work_off(later(minutes=9))
    assert told(lamps) == [True, False, False, False]
    rollout.work_off(later(minutes=11))
    assert told(lamps) == [True] * 4
    for lamp in lamps[1:]:
        updates(lamp)
    campaign.refresh_from_db()
    assert (campaign.status, statuses(campaign)) == ("finished", ["updated"] * 4)
    done = AuditEntry.objects.filter(action__startswith="campaign.").order_by("pk")
    assert list(done.values_list("action", flat=True)) == ["campaign.started", "campaign.finished"]


def test_a_wave_waits_for_all_of_its_devices(package: FirmwarePackage, lamps: list[Device]) -> None:
    campaign = begin(package, lamps, waves=["2", "rest"])
    updates(lamps[0])
    rollout.work_off(later(minutes=30))
    campaign.refresh_from_db()
    assert (campaign.wave, campaign.due_at) == (1, None)


def test_too_many_failures_abort_it_and_leave_the_others_alone(package: FirmwarePackage, lamps: list[Device]) -> None:
    campaign = begin(package, lamps, most_failed_percent=50, waves=["2", "rest"])
    fails(lamps[0])
    campaign.refresh_from_db()
    assert campaign.status == "running"
    fails(lamps[1])
    campaign.refresh_from_db()
    assert (campaign.status, campaign.due_at) == ("aborted", None)
    assert statuses(campaign) == ["failed", "failed", "cancelled", "cancelled"]
    rollout.work_off(later(days=1))
    assert told(lamps) == [True, True, False, False]


def test_as_many_failures_as_may_do_not_abort_it(package: FirmwarePackage, lamps: list[Device]) -> None:
    campaign = begin(package, lamps, most_failed=1, most_failed_percent=None)
    fails(lamps[0])
    rollout.work_off(later(minutes=11))
    assert told(lamps) == [True] * 4
    fails(lamps[1])
    campaign.refresh_from_db()
    assert campaign.status == "aborted"
    assert statuses(campaign) == ["failed", "failed", "cancelled", "cancelled"]


def test_those_that_were_told_go_on_when_it_is_cancelled(
    package: FirmwarePackage, lamps: list[Device], oscar: User
) -> None:
    campaign = begin(package, lamps, waves=["2", "rest"])
    fetch(lamps[0])
    assert rollout.cancel(campaign.pk, oscar)
    assert statuses(campaign) == ["queued", "cancelled", "cancelled", "cancelled"]
    says(lamps[0], "updated", "2.0.0")
    campaign.refresh_from_db()
    assert (campaign.status, statuses(campaign)[0]) == ("cancelled", "updated")
    assert not rollout.cancel(campaign.pk, oscar)


def test_while_it_is_paused_no_wave_begins(package: FirmwarePackage, lamps: list[Device], oscar: User) -> None:
    campaign = begin(package, lamps)
    assert rollout.pause(campaign.pk, oscar)
    assert not rollout.pause(campaign.pk, oscar)
    updates(lamps[0])
    rollout.work_off(later(days=1))
    assert told(lamps) == [True, False, False, False]
    assert rollout.resume(campaign.pk, oscar)
    rollout.work_off(later(minutes=11))
    assert told(lamps) == [True] * 4


def test_what_failed_is_tried_again(package: FirmwarePackage, lamps: list[Device], oscar: User) -> None:
    campaign = begin(package, lamps, waves=["2", "rest"], most_failed_percent=50)
    fails(lamps[0])
    fails(lamps[1])
    assert rollout.retry(campaign.pk, oscar) == 4
    campaign.refresh_from_db()
    assert (campaign.status, statuses(campaign)) == ("running", ["queued"] * 4)
    rollout.work_off()
    assert [lamp.commands.count() for lamp in lamps] == [2, 2, 0, 0]
    for lamp in lamps[:2]:
        updates(lamp)
    rollout.work_off(later(minutes=11))
    assert told(lamps) == [True] * 4


def test_what_is_no_longer_there_when_its_turn_comes_is_left_out(package: FirmwarePackage, lamps: list[Device]) -> None:
    campaign = begin(package, lamps)
    Device.objects.filter(pk=lamps[2].pk).update(lifecycle=Lifecycle.ARCHIVED)
    report(lamps[3], {"firmware": {"version": "2.0.0"}})
    updates(lamps[0])
    rollout.work_off(later(minutes=11))
    assert statuses(campaign) == ["updated", "queued", "cancelled", "updated"]
    assert told(lamps) == [True, True, False, False]


def test_a_plan_says_why_devices_are_left_out(
    package: FirmwarePackage, lamps: list[Device], acme: Project, globex: Project, oscar: User
) -> None:
    busy, runs_it, archived, fine = lamps
    begin(package, [busy])
    report(runs_it, {"firmware": {"version": "2.0.0"}})
    Device.objects.filter(pk=archived.pk).update(lifecycle=Lifecycle.ARCHIVED)
    other_type = DeviceFactory.create(project=acme, device_id="kettle")
    theirs = DeviceFactory.create(project=globex, device_id="theirs", device_type=package.device_type)
    devices = Device.objects.select_related("project").filter(pk__in=[*(each.pk for each in lamps), other_type.pk])
    made = plan(oscar, package, [*devices.order_by("pk"), theirs])
    assert made.targets == [fine]
    assert {each.device_id: each.reason for each in made.skipped} == {
        "lamp-0": SkipReason.BEING_UPDATED,
        "lamp-1": SkipReason.SAME_VERSION,
        "lamp-2": SkipReason.OUT_OF_SERVICE,
        "kettle": SkipReason.WRONG_TYPE,
        "theirs": SkipReason.NOT_ALLOWED,
    }
    assert [each.reason for each in plan(None, package, [theirs]).skipped] == [SkipReason.OTHER_PROJECT]


def test_a_campaign_for_nobody_is_none(package: FirmwarePackage, lamps: list[Device]) -> None:
    begin(package, lamps[:1])
    with pytest.raises(ValidationError, match="Another update of it is under way"):
        begin(package, lamps[:1])
    assert FirmwareUpdate.objects.count() == 1


@pytest.mark.parametrize(
    "rules", [{"waves": ["rest", "1"]}, {"most_failed_percent": 101}, {"timeout": timedelta(days=2)}]
)
def test_rules_that_make_no_sense_are_refused(
    rules: dict[str, Any], package: FirmwarePackage, lamps: list[Device]
) -> None:
    with pytest.raises(ValidationError):
        begin(package, lamps, **rules)


def test_the_database_lets_a_device_into_one_update_at_a_time(package: FirmwarePackage, lamps: list[Device]) -> None:
    first, second = begin(package, lamps[:1]), begin(package, lamps[1:2])
    with pytest.raises(IntegrityError), transaction.atomic():
        FirmwareUpdate.objects.create(campaign=second, device=lamps[0], wave=1)
    assert update_of(lamps[0]).campaign == first
