"""Devices in the admin: filters, lifecycle actions, what deleting takes along, and presence that nobody edits."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from devices.models import Device, Lifecycle, Presence, Project, Purge
from devices.removal import carry_out
from iotsphere.models import User
from telemetry.models import Reading
from tests.admin.addresses import list_of, page_of
from tests.factories import DeviceFactory, ReadingFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once

DEVICES = "devices.Device"


def found(client: Client, **query: str) -> set[str]:
    return {device.device_id for device in client.get(list_of(DEVICES), query).context["cl"].result_list}


def act(client: Client, action: str, *devices: Device) -> Any:
    choice = {"action": action, "_selected_action": [device.pk for device in devices]}
    return client.post(list_of(DEVICES), choice, follow=True)


@pytest.mark.parametrize(
    ("presence", "expected"),
    [("offline", {"gone"}), ("online", {"here"}), ("broken", {"gone", "late"}), ("", {"gone", "here", "late"})],
)
def test_the_list_is_filtered_by_presence(
    presence: str, expected: set[str], root: User, acme: Project, pages: PageClient
) -> None:
    for device_id, state in (("gone", Presence.OFFLINE), ("late", Presence.STALE), ("here", Presence.ONLINE)):
        DeviceFactory.create(project=acme, device_id=device_id, presence=state)
    assert found(pages(root), presence=presence) == expected


@pytest.mark.parametrize(
    ("silent", "expected"), [("1h", {"silent"}), ("1d", set()), ("never", {"mute"}), ("", {"silent", "mute", "loud"})]
)
def test_the_list_is_filtered_by_silence(
    silent: str, expected: set[str], root: User, acme: Project, pages: PageClient
) -> None:
    now = timezone.now()
    DeviceFactory.create(project=acme, device_id="silent", last_message=now - timedelta(hours=3))
    DeviceFactory.create(project=acme, device_id="loud", last_message=now)
    DeviceFactory.create(project=acme, device_id="mute")
    assert found(pages(root), silent=silent) == expected


@pytest.mark.parametrize(
    ("lifecycle", "expected"), [("", {"in service"}), ("archived", {"archived"}), ("all", {"in service", "archived"})]
)
def test_archived_devices_are_shown_when_asked_for(
    lifecycle: str, expected: set[str], root: User, acme: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme, device_id="in service")
    DeviceFactory.create(project=acme, device_id="archived", lifecycle=Lifecycle.ARCHIVED)
    assert found(pages(root), lifecycle=lifecycle) == expected


def test_devices_are_found_by_label(root: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme, device_id="low", labels=["cellar"])
    DeviceFactory.create(project=acme, device_id="high", labels=["roof"])
    assert found(pages(root), q="cellar") == {"low"}


@pytest.mark.parametrize(
    ("action", "lifecycle"),
    [("disable", Lifecycle.DISABLED), ("archive", Lifecycle.ARCHIVED)],
)
def test_an_action_changes_the_lifecycle_and_says_so(
    action: str, lifecycle: Lifecycle, alice: User, acme: Project, pages: PageClient
) -> None:
    devices = DeviceFactory.create_batch(2, project=acme)
    answer = act(pages(alice), action, *devices)
    assert f"2 devices {lifecycle}." in answer.content.decode()
    assert set(Device.objects.values_list("lifecycle", flat=True)) == {lifecycle}


def test_an_action_says_what_it_left_as_it_was(alice: User, acme: Project, pages: PageClient) -> None:
    devices = [DeviceFactory.create(project=acme, lifecycle=state) for state in (Lifecycle.ACTIVE, Lifecycle.DISABLED)]
    assert "1 device enabled. 1 already was." in act(pages(alice), "enable", *devices).content.decode()


def test_an_action_does_not_reach_devices_of_other_projects(alice: User, globex: Project, pages: PageClient) -> None:
    theirs = DeviceFactory.create(project=globex)
    act(pages(alice), "disable", theirs)
    theirs.refresh_from_db()
    assert theirs.lifecycle == Lifecycle.ACTIVE


@pytest.fixture
def boiler(acme: Project) -> Device:
    """A device with one reading."""
    return ReadingFactory.create(metric__device__project=acme).metric.device


def test_deleting_says_how_many_readings_there_are_and_asks(alice: User, boiler: Device, pages: PageClient) -> None:
    answer = pages(alice).get(page_of(boiler, "delete"))
    assert "Still kept of what they have sent: 1 reading." in answer.content.decode()
    pages(alice).post(page_of(boiler, "delete"), {"post": "yes"})
    assert Device.objects.get().lifecycle == Lifecycle.ACTIVE


def test_deleting_may_keep_what_was_sent(alice: User, boiler: Device, pages: PageClient) -> None:
    pages(alice).post(page_of(boiler, "delete"), {"confirmed": "yes", "telemetry": "keep"})
    assert Device.objects.get().lifecycle == Lifecycle.ARCHIVED
    assert Reading.objects.count() == 1


def test_deleting_may_take_along_what_was_sent(alice: User, boiler: Device, pages: PageClient) -> None:
    pages(alice).post(page_of(boiler, "delete"), {"confirmed": "yes", "telemetry": "purge"})
    carry_out(Purge.objects.get())
    assert not Device.objects.exists()
    assert not Reading.objects.exists()


def test_several_are_deleted_at_once(alice: User, acme: Project, pages: PageClient) -> None:
    devices = DeviceFactory.create_batch(3, project=acme)
    choice = {"action": "delete_selected", "_selected_action": [device.pk for device in devices]}
    assert "Delete 3 devices?" in pages(alice).post(list_of(DEVICES), choice).content.decode()
    pages(alice).post(list_of(DEVICES), {**choice, "confirmed": "yes", "telemetry": "purge"})
    assert Purge.objects.count() == 3


def test_the_list_of_purges_says_how_far_they_are(alice: User, acme: Project, pages: PageClient) -> None:
    Purge.objects.create(device_id="a", name="A", project=acme, total=200, gone={"readings": 50})
    page = pages(alice).get(list_of("devices.Purge")).content.decode()
    assert "Going: 25 %" in page
    assert "50 readings" in page


def test_saving_what_people_say_of_a_device_leaves_its_presence_alone(
    alice: User, acme: Project, pages: PageClient
) -> None:
    device = DeviceFactory.create(project=acme, presence=Presence.ONLINE, name="Before")
    read_earlier = Device.objects.get(pk=device.pk)
    Device.objects.update(presence=Presence.OFFLINE)
    read_earlier.name = "After"
    read_earlier.save()
    device.refresh_from_db()
    assert (device.name, device.presence) == ("After", Presence.OFFLINE)


def test_the_device_id_is_not_changed(alice: User, acme: Project, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme, device_id="as-issued")
    pages(alice).post(
        page_of(device),
        {
            "device_id": "another",
            "name": "New name",
            "project": acme.pk,
            "lifecycle": "active",
            "labels": "cellar, north, cellar",
            "credentials-TOTAL_FORMS": "0",
            "credentials-INITIAL_FORMS": "0",
        },
    )
    device.refresh_from_db()
    assert (device.device_id, device.name, device.labels) == ("as-issued", "New name", ["cellar", "north"])


def test_a_project_with_devices_is_not_deleted(root: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create_batch(3, project=acme)
    client = pages(root)
    assert "3 devices of Acme" in client.get(page_of(acme, "delete")).content.decode()
    client.post(page_of(acme, "delete"), {"post": "yes"})
    assert Project.objects.filter(pk=acme.pk).exists()
