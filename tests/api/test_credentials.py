from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from devices.credentials import authenticate, issue
from devices.models import Credential, Device, Project
from iotsphere.models import User
from tests.certificates import foreign_certificate, signing_request
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.once

CREDENTIALS = "/api/v1/credentials/"


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


def test_a_new_credential_shows_its_secret_once(api: ApiClient, alice: User, boiler: Device) -> None:
    client = api(alice)
    created = client.post(CREDENTIALS, {"device": "boiler", "kind": "api_key", "note": "Gateway"}).json()
    credential = authenticate(created["secret"], "127.0.0.1")
    assert credential is not None
    assert credential.device == boiler
    assert "secret" not in client.get(f"{CREDENTIALS}{created['public_id']}/").json()


def test_the_answer_with_a_secret_is_kept_by_nobody(api: ApiClient, alice: User, boiler: Device) -> None:
    answer = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "api_key"})
    assert answer["Cache-Control"] == "no-store"


def test_an_mqtt_password_comes_with_its_user_name(api: ApiClient, alice: User, boiler: Device) -> None:
    created = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "mqtt"}).json()
    assert created["username"] == "boiler"


def test_who_issued_a_credential_is_on_record(api: ApiClient, alice: User, boiler: Device) -> None:
    created = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "mqtt"}).json()
    assert created["created_by"] == "alice"


def test_hashes_are_never_shown(api: ApiClient, alice: User, boiler: Device) -> None:
    credential, _ = issue(boiler, "mqtt", alice)
    client = api(alice)
    for address in (CREDENTIALS, f"{CREDENTIALS}{credential.public_id}/"):
        assert credential.secret_hash.encode() not in client.get(address).content


def test_a_third_live_credential_of_a_kind_is_refused(api: ApiClient, alice: User, boiler: Device) -> None:
    client = api(alice)
    statuses = [client.post(CREDENTIALS, {"device": "boiler", "kind": "api_key"}).status_code for _ in range(3)]
    assert statuses == [201, 201, 409]


def test_credentials_are_issued_only_where_one_administers(
    api: ApiClient, alice: User, vera: User, globex: Project
) -> None:
    globex.memberships.create(user=alice, role="viewer")
    DeviceFactory.create(device_id="far", project=globex)
    assert api(alice).post(CREDENTIALS, {"device": "far", "kind": "mqtt"}).status_code == 403


def test_a_credential_does_not_expire_before_it_begins(api: ApiClient, alice: User, boiler: Device) -> None:
    body = {"device": "boiler", "kind": "mqtt", "expires_at": datetime(2020, 1, 1, tzinfo=UTC)}
    assert "expires_at" in api(alice).post(CREDENTIALS, body).json()["errors"]


def test_a_credential_may_expire(api: ApiClient, alice: User, boiler: Device) -> None:
    expires_at = timezone.now() + timedelta(days=1)
    api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "mqtt", "expires_at": expires_at})
    assert Credential.objects.get().expires_at == expires_at


def test_a_revoked_credential_opens_nothing(api: ApiClient, alice: User, boiler: Device) -> None:
    credential, secret = issue(boiler, "api_key", alice)
    answer = api(alice).post(f"{CREDENTIALS}{credential.public_id}/revoke/")
    assert answer.json()["is_live"] is False
    assert authenticate(secret, "127.0.0.1") is None


def test_revoking_once_more_keeps_the_first_time(api: ApiClient, alice: User, boiler: Device) -> None:
    credential, _ = issue(boiler, "api_key", alice)
    client = api(alice)
    first, second = (client.post(f"{CREDENTIALS}{credential.public_id}/revoke/").json() for _ in range(2))
    assert first["revoked_at"] == second["revoked_at"]


def test_a_certificate_comes_with_key_user_name_and_authority(api: ApiClient, alice: User, boiler: Device) -> None:
    created = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "x509"}).json()
    assert created["username"] == f"~{created['public_id']}"
    assert "PRIVATE KEY" in created["secret"]
    assert "CERTIFICATE" in created["certificate"]
    assert created["authority"] == api(None).get("/ca.pem").content.decode()


def test_for_a_signing_request_there_is_no_secret(api: ApiClient, alice: User, boiler: Device) -> None:
    client = api(alice)
    created = client.post(CREDENTIALS, {"device": "boiler", "kind": "x509", "csr": signing_request()}).json()
    assert created["secret"] is None
    assert created["certificate"] == client.get(f"{CREDENTIALS}{created['public_id']}/").json()["certificate"]


def test_a_certificate_of_another_authority_is_a_user_by_its_subject(
    api: ApiClient, alice: User, boiler: Device
) -> None:
    wanted = {"device": "boiler", "kind": "x509", "certificate": foreign_certificate()}
    created = api(alice).post(CREDENTIALS, wanted).json()
    assert (created["is_foreign"], created["username"], created["secret"]) == (True, "CN=boiler", None)


def test_a_certificate_that_is_known_is_refused(api: ApiClient, alice: User, boiler: Device) -> None:
    wanted = {"device": "boiler", "kind": "x509", "certificate": foreign_certificate()}
    assert [api(alice).post(CREDENTIALS, wanted).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize("name", ["csr", "certificate"])
def test_what_is_no_pem_is_refused_by_name(name: str, api: ApiClient, alice: User, boiler: Device) -> None:
    answer = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "x509", name: "nonsense"})
    assert answer.status_code == 400
    assert name in answer.json()["errors"]


def test_an_api_key_has_no_signing_request(api: ApiClient, alice: User, boiler: Device) -> None:
    answer = api(alice).post(CREDENTIALS, {"device": "boiler", "kind": "api_key", "csr": signing_request()})
    assert answer.json()["errors"]["csr"]
