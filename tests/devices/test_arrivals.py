"""What the broker's log makes known of credentials; test_access_matrix.py has it from a real one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices.arrivals import note_arrivals
from devices.broker_log import Arrival, line_about, read
from devices.broker_users import long_user_name
from devices.credentials import issue
from devices.models import Credential, CredentialKind, Device
from tests.factories import DeviceFactory

pytestmark = pytest.mark.once
NOW = timezone.now()


@pytest.fixture
def boiler(db: None) -> Device:
    return DeviceFactory.create(device_id="boiler")


def used(credential: Credential) -> tuple[object, object]:
    credential.refresh_from_db()
    return credential.last_used_at, credential.last_used_address


@pytest.mark.parametrize(
    "line",
    [
        "Client boiler disconnected.",
        "New connection from 127.0.0.1:44324 on port 1883.",
        # No user name, and a client that calls itself like the end of a line.
        "New client connected from 127.0.0.1:1 as x (p2, c1, k60, u'boiler'). (p2, c1, k60).",
        "",
    ],
)
def test_other_lines_tell_of_nobody(line: str) -> None:
    assert read(line.encode(), NOW) is None


@pytest.mark.parametrize("stamp", ["", "1795291062: ", "2026-11-21T20:00:00: "])
def test_a_line_tells_user_and_address(stamp: str) -> None:
    line = stamp + line_about("boiler", "as x (p2, c1, k60, u'cellar').", "2001:db8::7", 1883)
    assert read(line.encode(), NOW) == Arrival("boiler", "2001:db8::7", NOW)


def test_the_plain_name_is_the_eldest_password_s(boiler: Device) -> None:
    elder, younger = (issue(boiler, CredentialKind.MQTT, None)[0] for _ in range(2))
    note_arrivals([Arrival("boiler", "10.0.0.1", NOW), Arrival(long_user_name(younger), "10.0.0.2", NOW)])
    assert [used(elder), used(younger)] == [(NOW, "10.0.0.1"), (NOW, "10.0.0.2")]


def test_what_was_known_later_stays(boiler: Device) -> None:
    credential, _ = issue(boiler, CredentialKind.MQTT, None)
    later = NOW + timedelta(minutes=1)
    note_arrivals([Arrival("boiler", "10.0.0.2", later), Arrival("boiler", "10.0.0.1", NOW)])
    note_arrivals([Arrival("boiler", "10.0.0.1", NOW)])
    assert used(credential) == (later, "10.0.0.2")


def test_who_is_nobodys_credential_hurts_nobody(boiler: Device) -> None:
    credential, _ = issue(boiler, CredentialKind.API_KEY, None)
    note_arrivals([Arrival(user, "x", NOW) for user in ("iotsphere", "boiler", "~", "", long_user_name(credential))])
    assert used(credential) == (None, None)
