"""What the broker on this machine is told; tests/supervisor/test_broker_access.py shows that brokers obey it."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from devices import credentials
from devices.broker_files import write_broker_files
from devices.broker_users import user_name
from devices.models import CredentialKind, Device
from devices.mqtt_password import mqtt_password_matches
from iotsphere.models import User
from tests.factories import DeviceFactory

pytestmark = pytest.mark.once


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.BROKER_DIR = str(tmp_path / "mosquitto")
    settings.MQTT_URL = "mqtt://iotsphere:secret@127.0.0.1:1883"
    settings.DEMO = False
    return tmp_path / "mosquitto"


@pytest.fixture
def boiler(transactional_db: None) -> Device:
    return DeviceFactory.create(device_id="boiler")


def issue(device: Device, by: User | None = None, **options: Any) -> tuple[Any, str]:
    return credentials.issue(device, CredentialKind.MQTT, by, **options)


def known(folder: Path) -> dict[str, str]:
    return dict(line.split(":", 1) for line in (folder / "passwords").read_text().splitlines())


def test_an_issued_password_is_known_at_once(folder: Path, boiler: Device) -> None:
    _, password = issue(boiler)
    assert mqtt_password_matches(password, known(folder)["boiler"])


def test_a_revoked_password_is_unknown_at_once(folder: Path, boiler: Device) -> None:
    issue(boiler)[0].revoke()
    assert set(known(folder)) == {"iotsphere"}


def test_the_passwords_of_a_deleted_device_are_unknown(folder: Path, boiler: Device) -> None:
    issue(boiler)
    boiler.delete()
    assert set(known(folder)) == {"iotsphere"}


def test_an_expired_password_goes_with_the_next_writing(folder: Path, boiler: Device) -> None:
    issue(boiler, expires_at=timezone.now() + timedelta(hours=1))
    boiler.credentials.update(expires_at=timezone.now() - timedelta(hours=1))
    write_broker_files()
    assert set(known(folder)) == {"iotsphere"}


def test_two_passwords_of_a_device_are_known_side_by_side(folder: Path, boiler: Device) -> None:
    (old, old_password), (new, new_password) = issue(boiler), issue(boiler)
    assert mqtt_password_matches(old_password, known(folder)[user_name(old)])
    assert mqtt_password_matches(new_password, known(folder)[user_name(new)])


def test_the_successor_of_a_revoked_password_keeps_the_name_it_was_given(folder: Path, boiler: Device) -> None:
    (old, _), (new, new_password) = issue(boiler), issue(boiler)
    given = user_name(new)
    old.revoke()
    assert mqtt_password_matches(new_password, known(folder)[given])
    assert user_name(new) == "boiler"


def test_the_portal_itself_is_known(folder: Path, db: None) -> None:
    write_broker_files()
    assert mqtt_password_matches("secret", known(folder)["iotsphere"])


def test_a_device_of_the_portals_name_does_not_become_the_portal(folder: Path, transactional_db: None) -> None:
    credential, password = issue(DeviceFactory.create(device_id="iotsphere"))
    assert mqtt_password_matches("secret", known(folder)["iotsphere"])
    assert mqtt_password_matches(password, known(folder)[user_name(credential)])


def test_an_api_key_is_none_of_the_brokers_business(folder: Path, boiler: Device) -> None:
    write_broker_files()
    credentials.issue(boiler, CredentialKind.API_KEY, None)
    assert set(known(folder)) == {"iotsphere"}


def test_what_is_known_already_is_not_written_again(folder: Path, boiler: Device) -> None:
    issue(boiler)
    assert write_broker_files() is False


def test_a_change_that_is_rolled_back_is_not_written(folder: Path, boiler: Device) -> None:
    write_broker_files()
    with transaction.atomic():
        issue(boiler)
        transaction.set_rollback(True)
    assert set(known(folder)) == {"iotsphere"}


def test_the_files_are_for_their_owner_alone(folder: Path, db: None) -> None:
    write_broker_files()
    assert {file.stat().st_mode & 0o777 for file in (folder / "passwords", folder / "acl")} == {0o600}


def test_no_broker_of_ours_gets_no_files(tmp_path: Path, settings: Any, db: None) -> None:
    settings.BROKER_DIR = ""
    assert write_broker_files() is False


def test_a_number_left_behind_by_a_killed_broker_harms_nobody(folder: Path, db: None) -> None:
    folder.mkdir()
    # This process: SIGHUP would end it.
    (folder / "broker.pid").write_text(f"{os.getpid()}\n")
    assert write_broker_files() is True
