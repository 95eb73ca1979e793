import pytest

from devices.claims import codes_for
from devices.credentials import authenticate
from devices.models import ClaimCode, Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


def code_of(project: Project, by: User) -> ClaimCode:
    return codes_for([DeviceFactory.create(device_id="boiler", project=project)], by)[0]


def test_an_operator_claims_with_a_phone(oscar: User, acme: Project, pages: PageClient) -> None:
    address, client = f"/claim/{code_of(acme, oscar).code.lower()}/", pages(oscar)
    assert "boiler" in client.get(address).content.decode()
    answer = client.post(address, {"name": "Boiler", "location": "Cellar", "kind": "api_key"})
    assert authenticate(answer.context["secret"], "192.0.2.7") is not None
    assert "no-store" in answer["Cache-Control"]


def test_a_code_that_is_used_up_says_so(oscar: User, acme: Project, pages: PageClient) -> None:
    address, client = f"/claim/{code_of(acme, oscar).code}/", pages(oscar)
    client.post(address, {"name": "Boiler", "kind": "api_key"})
    again = client.post(address, {"name": "Boiler", "kind": "api_key"})
    assert "It was claimed" in again.content.decode()
    assert "secret" not in (again.context or {})


def test_a_viewer_claims_nothing(vera: User, acme: Project, pages: PageClient) -> None:
    code = code_of(acme, vera)
    assert pages(vera).post(f"/claim/{code.code}/", {"name": "x", "kind": "mqtt"}).status_code == 404
    code.refresh_from_db()
    assert code.claimed_at is None


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(acme: Project, oscar: User, pages: PageClient) -> None:
    address = f"/claim/{code_of(acme, oscar).code}/"
    assert pages(None).get(address)["Location"] == f"/login/?next={address}"


def test_what_is_missing_is_said_where_it_belongs(oscar: User, acme: Project, pages: PageClient) -> None:
    code = code_of(acme, oscar)
    answer = pages(oscar).post(f"/claim/{code.code}/", {"name": "", "kind": "nonsense"})
    assert set(answer.context["form"].errors) == {"name", "kind"}
