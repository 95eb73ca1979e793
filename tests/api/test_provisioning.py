import pytest
from django.utils import timezone

from devices.credentials import authenticate, issue
from devices.models import ClaimCode, Device, Project, Provisioning
from devices.provisioning import make_key
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient

PROVISION = "/api/v1/provision"


@pytest.fixture
def shown(acme: Project, alice: User) -> str:
    acme.provisioning = Provisioning.KEY
    acme.save()
    return make_key(acme, alice)[1]


def test_a_device_registers_itself(api: ApiClient, shown: str) -> None:
    answer = api(None).post(
        PROVISION, {"device_id": "newcomer", "kind": "api_key"}, headers={"Authorization": f"Bearer {shown}"}
    )
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert authenticate(answer.json()["secret"], "192.0.2.7") is not None


def test_an_mqtt_password_comes_with_its_user_name(api: ApiClient, shown: str) -> None:
    answer = api(None).post(PROVISION, {"device_id": "newcomer"}, headers={"Authorization": f"Bearer {shown}"})
    assert answer.json()["username"] == "newcomer"


def test_without_a_key_nobody_is_registered(api: ApiClient, shown: str) -> None:
    assert api(None).post(PROVISION, {"device_id": "newcomer"}).status_code == 401
    assert not Device.objects.exists()


def test_topic_characters_in_a_name_are_refused(api: ApiClient, shown: str) -> None:
    for name in ("a/b", "a+", "#", "", "x" * 65, "a~b"):
        answer = api(None).post(PROVISION, {"device_id": name}, headers={"Authorization": f"Bearer {shown}"})
        assert answer.status_code == 400
        assert "device_id" in answer.json()["errors"]


def test_guessing_keys_is_slowed_down(api: ApiClient, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.api.provisioning.FAILURES_PER_MINUTE", 2)
    client = api(None)
    answers = [client.post(PROVISION, {"device_id": "newcomer"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_an_administrator_makes_and_revokes_keys(api: ApiClient, alice: User, acme: Project) -> None:
    client = api(alice)
    made = client.post("/api/v1/provisioning-keys/", {"project": "acme", "note": "Batch 7"}).json()
    assert made["secret"].startswith(f"prov_{made['public_id']}_")
    revoked = client.post(f"/api/v1/provisioning-keys/{made['public_id']}/revoke/").json()
    assert revoked["is_live"] is False
    assert "secret" not in client.get(f"/api/v1/provisioning-keys/{made['public_id']}/").json()


def test_hardware_is_replaced_over_rest(api: ApiClient, alice: User, acme: Project) -> None:
    device = DeviceFactory.create(device_id="boiler", project=acme)
    _, old = issue(device, "api_key", alice)
    wanted = {"serial_number": "SN-2", "kind": "api_key"}
    answer = api(alice).post("/api/v1/devices/boiler/replace-hardware/", wanted)
    assert answer.status_code == 201
    assert authenticate(answer.json()["secret"], "192.0.2.7") is not None
    assert authenticate(old, "192.0.2.7") is None


def test_a_device_is_cloned_over_rest(api: ApiClient, alice: User, acme: Project) -> None:
    DeviceFactory.create(device_id="boiler", project=acme, labels=["cellar"])
    client = api(alice)
    assert client.post("/api/v1/devices/boiler/clone/", {"device_id": "boiler-2"}).json()["labels"] == ["cellar"]
    assert client.post("/api/v1/devices/boiler/clone/", {"device_id": "boiler-2"}).status_code == 400


def test_a_claim_code_is_made_once_until_it_is_claimed(api: ApiClient, alice: User, acme: Project) -> None:
    DeviceFactory.create(device_id="lamp", project=acme)
    client = api(alice)
    first, again = (client.post("/api/v1/claim-codes/", {"device": "lamp"}).json() for _ in range(2))
    assert first == again
    assert client.get("/api/v1/claim-codes/?device=lamp&is_claimed=false").json()["results"] == [first]
    ClaimCode.objects.update(claimed_at=timezone.now(), claimed_by=alice)
    assert client.get(f"/api/v1/claim-codes/{first['code']}/").json()["claimed_by"] == "alice"
    assert client.post("/api/v1/claim-codes/", {"device": "lamp"}).json()["code"] != first["code"]
