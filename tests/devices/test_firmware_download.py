"""A device downloads what it was told to run, by an address that holds for it alone, or with its own key."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.test import Client

from devices.commands import message
from devices.credentials import issue
from devices.firmware.download import asked_for
from devices.firmware.links import link
from devices.firmware.signing import statement
from devices.models import Command, Device, FirmwarePackage, Lifecycle, Project
from tests.devices.firmware import answers, begin, fetch, later
from tests.factories import DeviceFactory, FirmwarePackageFactory

CONTENT = bytes(range(256)) * 1000
pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp(acme: Project) -> Device:
    """A lamp that was told to update itself."""
    package = FirmwarePackageFactory.create(project=acme, content=CONTENT)
    lamp = DeviceFactory.create(device_id="lamp", project=acme, device_type=package.device_type)
    begin(package, [lamp])
    return lamp


@pytest.fixture
def address(lamp: Device) -> str:
    return urlsplit(message(fetch(lamp), later())["params"]["url"]).path


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_file_comes_without_a_session(address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(CONTENT)))
    assert content(answer) == CONTENT
    assert Client().head(address)["Content-Length"] == str(len(CONTENT))


def test_a_download_that_broke_off_goes_on(address: str) -> None:
    etag = Client().head(address)["ETag"]
    answer = Client().get(address, headers={"Range": "bytes=1000-", "If-Range": etag})
    assert (answer.status_code, answer["Content-Range"]) == (206, "bytes 1000-255999/256000")
    assert content(answer) == CONTENT[1000:]
    assert Client().get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    beyond = Client().get(address, headers={"Range": "bytes=256000-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, "bytes */256000")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", range(100)),
        ("bytes=0-", range(100)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-500", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-500", range(100)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", range(100)),
        ("lines=1-2", range(100)),
    ],
)
def test_one_range_is_understood(header: str, part: range | None) -> None:
    assert asked_for(header, 100) == part


def test_a_changed_address_leads_nowhere(address: str) -> None:
    assert Client().get(address[:-1] + ("A" if address[-1] != "A" else "B")).status_code == 404
    command = Command.objects.get()
    forged = address.replace(str(command.pk), "00000000-0000-0000-0000-000000000000")
    assert Client().get(forged).status_code == 404


def test_an_address_expires_and_the_command_comes_with_a_new_one(address: str, lamp: Device) -> None:
    with time_machine.travel(later(days=1, seconds=5)):
        assert Client().get(address).status_code == 410
        assert Client().get(urlsplit(link(Command.objects.get().pk)).path).status_code == 200


def test_an_address_ends_with_the_update(address: str, lamp: Device) -> None:
    answers(lamp, "failed")
    assert Client().get(address).status_code == 410


def test_a_device_out_of_service_gets_nothing(address: str, lamp: Device) -> None:
    Device.objects.update(lifecycle=Lifecycle.DISABLED)
    assert Client().get(address).status_code == 410


def test_each_device_gets_its_own_package_by_its_own_key(lamp: Device, acme: Project) -> None:
    other = FirmwarePackageFactory.create(project=acme, content=b"for kettles")
    kettle = DeviceFactory.create(device_id="kettle", project=acme, device_type=other.device_type)
    begin(other, [kettle])
    idle = DeviceFactory.create(device_id="idle", project=acme, device_type=other.device_type)
    answers_of = {}
    for device in (lamp, kettle, idle):
        key = {"Authorization": f"Bearer {issue(device, 'api_key', None)[1]}"}
        answers_of[device.device_id] = Client().get("/api/v1/device/firmware", headers=key)
    assert content(answers_of["lamp"]) == CONTENT
    assert content(answers_of["kettle"]) == b"for kettles"
    assert answers_of["idle"].status_code == 404


def test_the_address_of_another_command_is_another_package(lamp: Device, acme: Project) -> None:
    """Whatever the token names is what is served: the package of that command's update and no other."""
    other = FirmwarePackageFactory.create(project=acme, content=b"for kettles")
    kettle = DeviceFactory.create(device_id="kettle", project=acme, device_type=other.device_type)
    begin(other, [kettle])
    assert content(Client().get(urlsplit(link(kettle.commands.get().pk)).path)) == b"for kettles"


def test_downloads_are_counted(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.firmware.views.is_within", lambda *_: False)
    answer = Client().get(address)
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)


def test_a_package_knows_its_hash_and_its_portal(acme: Project) -> None:
    package: FirmwarePackage = FirmwarePackageFactory.create(project=acme, content=CONTENT)
    assert package.sha256 == hashlib.sha256(CONTENT).hexdigest()
    key = load_pem_public_key(Client().get("/firmware.pem").content)
    said = statement(package.device_type.slug, "2.0.0", len(CONTENT), package.sha256)
    key.verify(base64.b64decode(package.signature), said)  # type: ignore[union-attr, call-arg]
