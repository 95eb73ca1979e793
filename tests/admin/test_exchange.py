"""Devices as CSV: a look at what would happen first, nothing of other projects, and no formulas."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from devices.models import Device, DeviceType, Project
from iotsphere.models import User
from tests.factories import DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once

IMPORT, CONFIRM, EXPORT = (f"/admin/devices/device/{page}/" for page in ("import", "process_import", "export"))


def upload(client: Client, *lines: str) -> Any:
    file = SimpleUploadedFile("devices.csv", "\n".join(lines).encode())
    return client.post(IMPORT, {"import_file": file, "format": "0"})


def confirm(client: Client, preview: Any) -> Any:
    return client.post(CONFIRM, preview.context["confirm_form"].initial, follow=True)


def exported(client: Client) -> list[dict[str, str]]:
    answer = client.post(EXPORT, {"format": "0"})
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def heater(db: None) -> DeviceType:
    return DeviceTypeFactory.create(slug="heater")


def test_a_look_at_a_file_changes_nothing(alice: User, pages: PageClient) -> None:
    preview = upload(pages(alice), "device_id,name,project", "boiler-1,Boiler,acme")
    assert preview.context["result"].totals["new"] == 1
    assert not Device.objects.exists()


def test_what_is_confirmed_is_imported(alice: User, acme: Project, heater: DeviceType, pages: PageClient) -> None:
    client = pages(alice)
    confirm(
        client,
        upload(client, "device_id,name,project,device_type,labels", 'boiler-1,Boiler,acme,heater,"cellar, north"'),
    )
    device = Device.objects.get(device_id="boiler-1")
    assert (device.name, device.project, device.device_type, device.labels) == (
        "Boiler",
        acme,
        heater,
        ["cellar", "north"],
    )


def test_a_known_device_is_changed(alice: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme, device_id="boiler-1", location="roof")
    client = pages(alice)
    confirm(client, upload(client, "device_id,name,project", "boiler-1,Renamed,acme"))
    device = Device.objects.get()
    assert (device.name, device.location) == ("Renamed", "roof")


@pytest.mark.parametrize(
    "row",
    [
        "boiler-1,Boiler,globex",
        "boiler-1,Boiler,nowhere",
        "boiler 1,Boiler,acme",
        ",Boiler,acme",
        "boiler-1,,acme",
        "theirs,Mine now,acme",
    ],
)
def test_a_row_that_may_not_be_imported_is_shown_with_why(
    row: str, alice: User, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=globex, device_id="theirs")
    preview = upload(pages(alice), "device_id,name,project", row)
    result = preview.context["result"]
    assert result.has_errors() or result.has_validation_errors()
    assert "confirm_form" not in preview.context
    assert Device.objects.get().project == globex


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"\0", b'device_id,"', b"a,b\n1"])
def test_a_file_that_is_none_is_answered(body: bytes, alice: User, pages: PageClient) -> None:
    answer = pages(alice).post(IMPORT, {"import_file": SimpleUploadedFile("x.csv", body), "format": "0"})
    assert answer.status_code == 200
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"import_file_name": "gone", "original_file_name": "x.csv", "format": "0"},
        {"import_file_name": "../../etc/passwd", "original_file_name": "x", "format": "0"},
        {"import_file_name": "gone", "original_file_name": "x.csv", "format": "99"},
        {"import_file_name": "gone", "original_file_name": "x.csv", "format": "x", "resource": "7"},
    ],
)
def test_a_confirmation_of_nothing_is_answered(answers: dict[str, str], alice: User, pages: PageClient) -> None:
    answer = pages(alice).post(CONFIRM, answers, follow=True)
    assert "Upload it once more" in answer.content.decode()


def test_another_file_of_the_machine_is_not_taken(
    alice: User, pages: PageClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("device_id,name,project\nboiler-1,Boiler,acme\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pages(alice).post(CONFIRM, {"import_file_name": file.name, "original_file_name": "x", "format": "0"})
    assert file.exists()
    assert not Device.objects.exists()


def test_the_import_of_another_resource_is_answered(alice: User, pages: PageClient) -> None:
    file = SimpleUploadedFile("devices.csv", b"device_id,name,project\nboiler-1,Boiler,acme")
    for answers in ({"format": "7"}, {"format": "x"}, {"format": "0", "resource": "7"}, {}):
        file.seek(0)
        assert pages(alice).post(IMPORT, {"import_file": file, **answers}).status_code == 200


@pytest.mark.parametrize("answers", [{"format": "7"}, {"format": "0", "export_items": ["x"]}, {}])
def test_an_export_of_something_else_is_answered(answers: dict[str, object], alice: User, pages: PageClient) -> None:
    assert pages(alice).post(EXPORT, answers).status_code == 200


def test_too_many_rows_are_refused_at_once(alice: User, pages: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.admin.exchange.MAX_ROWS", 1)
    preview = upload(pages(alice), "device_id,name,project", "a,A,acme", "b,B,acme")
    assert "at most 1 at a time" in preview.content.decode()


def test_the_export_holds_the_devices_of_the_project_alone(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme, device_id="ours")
    DeviceFactory.create(project=globex, device_id="theirs")
    assert [row["device_id"] for row in exported(pages(alice))] == ["ours"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(name: str, alice: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme, name=name)
    assert exported(pages(alice))[0]["name"].startswith("'")


def test_what_was_exported_can_be_imported_unchanged(
    alice: User, acme: Project, heater: DeviceType, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme, name="=1+1", device_type=heater, labels=["-a", "b"], hostname="-h")
    client = pages(alice)
    answer = client.post(EXPORT, {"format": "0"})
    file = SimpleUploadedFile("devices.csv", answer.content)
    preview = client.post(IMPORT, {"import_file": file, "format": "0"})
    assert preview.context["result"].totals["skip"] == 1


@pytest.mark.parametrize("address", [IMPORT, EXPORT])
def test_staff_without_a_project_neither_import_nor_export(address: str, vera: User, pages: PageClient) -> None:
    vera.is_staff = True
    vera.save()
    assert pages(vera).get(address).status_code == 403
