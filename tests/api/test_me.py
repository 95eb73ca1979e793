from typing import Any

import pytest

from devices.permissions import ROLE_PERMISSIONS
from iotsphere.models import User
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.once

ME = "/api/v1/me/"


def test_one_is_told_who_one_is_and_what_one_may(api: ApiClient, oscar: User) -> None:
    assert api(oscar).get(ME).json() == {
        "username": "oscar",
        "first_name": "",
        "last_name": "",
        "email": "oscar@example.com",
        "time_zone": None,
        "is_superuser": False,
        "memberships": [
            {"project": "acme", "name": "Acme", "role": "operator", "permissions": sorted(ROLE_PERMISSIONS["operator"])}
        ],
    }


def test_one_changes_what_is_ones_own(api: ApiClient, vera: User) -> None:
    body = {"time_zone": "Europe/Vienna", "first_name": "Vera", "last_name": "V.", "email": "v@example.com"}
    api(vera).patch(ME, body)
    vera.refresh_from_db()
    assert str(vera.time_zone) == "Europe/Vienna"
    assert (vera.first_name, vera.last_name, vera.email) == ("Vera", "V.", "v@example.com")


def test_a_time_zone_may_be_taken_back(api: ApiClient, vera: User) -> None:
    client = api(vera)
    client.patch(ME, {"time_zone": "Europe/Vienna"})
    assert client.patch(ME, {"time_zone": None}).json()["time_zone"] is None


@pytest.mark.parametrize("change", [{"username": "root"}, {"is_superuser": True}, {"memberships": []}, {"id": 1}])
def test_one_does_not_become_somebody_else(api: ApiClient, vera: User, change: dict[str, Any]) -> None:
    before = api(vera).get(ME).json()
    assert api(vera).patch(ME, change).json() == before


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars"), ("email", "none"), ("first_name", "a\0b"), ("last_name", "x" * 151)]
)
def test_what_is_not_accepted_is_named(api: ApiClient, vera: User, field: str, value: str) -> None:
    answer = api(vera).patch(ME, {field: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
