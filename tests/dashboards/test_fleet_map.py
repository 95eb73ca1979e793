"""The fleet on a map: who is told where which devices are."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device, Presence, Project
from iotsphere.csp_sources import origins_of_tiles
from iotsphere.dashboards import places
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient, PageClient

pytestmark = pytest.mark.once

HERE = {"latitude": 52.52, "longitude": 13.405}


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(
        device_id="boiler", name="Boiler", project=acme, location="Cellar", presence=Presence.ONLINE, **HERE
    )


def on_the_map(pages: PageClient, user: User, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = pages(user).get(f"/fleet/map/{query}").json()
    return found


def test_the_map_has_the_devices_whose_place_is_known(pages: PageClient, vera: User, boiler: Device) -> None:
    DeviceFactory.create(project=boiler.project)
    assert on_the_map(pages, vera) == {
        "devices": [
            {
                "device_id": "boiler",
                "name": "Boiler",
                "latitude": 52.52,
                "longitude": 13.405,
                "presence": "online",
                "location": "Cellar",
                "severity": "",
                "address": "/devices/boiler/",
            }
        ],
        "elsewhere": 1,
        "is_cut": False,
    }


def test_those_of_other_projects_are_not_on_it(pages: PageClient, charlie: User, boiler: Device) -> None:
    assert on_the_map(pages, charlie) == {"devices": [], "elsewhere": 0, "is_cut": False}


@pytest.mark.parametrize(
    ("query", "count"), [("?presence=online", 1), ("?presence=offline", 0), ("?q=boil", 1), ("?q=x", 0)]
)
def test_it_keeps_to_the_filters(pages: PageClient, vera: User, boiler: Device, query: str, count: int) -> None:
    assert len(on_the_map(pages, vera, query)["devices"]) == count


def test_of_very_many_it_says_that_there_are_more(
    pages: PageClient, vera: User, boiler: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_SHOWN", 2)
    DeviceFactory.create_batch(2, project=boiler.project, **HERE)
    found = on_the_map(pages, vera)
    assert (len(found["devices"]), found["is_cut"]) == (2, True)


def test_the_queries_do_not_grow_with_the_devices(pages: PageClient, vera: User, boiler: Device) -> None:
    client = pages(vera)
    with CaptureQueriesContext(connection) as few:
        client.get("/fleet/map/")
    DeviceFactory.create_batch(20, project=boiler.project, **HERE)
    with CaptureQueriesContext(connection) as many:
        client.get("/fleet/map/")
    assert len(few) == len(many)


def test_the_arrangement_is_remembered(pages: PageClient, vera: User, boiler: Device) -> None:
    client = pages(vera)
    client.get("/?view=map")
    assert b'id="places"' in client.get("/").content


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 52.0},
        {"longitude": 13.0},
        {"latitude": 90.1, "longitude": 0.0},
        {"latitude": 0.0, "longitude": -180.5},
        {"latitude": float("nan"), "longitude": 0.0},
        {"latitude": float("inf"), "longitude": 0.0},
    ],
    ids=str,
)
def test_a_place_that_is_none_is_refused(acme: Project, place: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Device(device_id="x", name="x", project=acme, **place).full_clean()


@pytest.mark.parametrize("latitude", ["91", "NaN", "Infinity", "north", None])
def test_over_rest_too(api: ApiClient, alice: User, boiler: Device, latitude: str | None) -> None:
    answer = api(alice).patch("/api/v1/devices/boiler/", {"latitude": latitude})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["latitude"])


def test_a_device_is_moved_over_rest(api: ApiClient, alice: User, boiler: Device) -> None:
    answer = api(alice).patch("/api/v1/devices/boiler/", {"latitude": -33.9, "longitude": 18.4})
    assert (answer.json()["latitude"], answer.json()["longitude"]) == (-33.9, 18.4)
    assert api(alice).get("/api/v1/devices/").json()["results"][0]["latitude"] == -33.9


@pytest.mark.parametrize(
    ("url", "origins"),
    [
        ("", []),
        ("https://tile.example.org/{z}/{x}/{y}.png", ["https://tile.example.org"]),
        ("https://{s}.example.org:8443/{z}/{x}/{y}.png", ["https://*.example.org:8443"]),
    ],
)
def test_the_policy_follows_the_tiles(url: str, origins: list[str]) -> None:
    assert origins_of_tiles(url) == origins


def test_without_tiles_no_other_server_is_named(pages: PageClient, vera: User, boiler: Device) -> None:
    answer = pages(vera).get("/?view=map")
    assert "https:" not in answer.headers["Content-Security-Policy"]
    assert b'data-tiles=""' in answer.content
