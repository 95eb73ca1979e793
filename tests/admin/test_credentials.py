"""Credentials are issued, shown once, revoked, and never edited."""

import base64
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from devices.credentials import authenticate, issue
from devices.models import AuditEntry, Credential, CredentialKind, Device, Project
from iotsphere.models import User
from tests.admin.addresses import add_to, list_of, page_of
from tests.certificates import foreign_certificate, signing_request
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


@pytest.fixture
def device(acme: Project) -> Device:
    return DeviceFactory.create(project=acme, device_id="boiler-1")


def wanted(device: Device, kind: str = CredentialKind.API_KEY, **more: Any) -> dict[str, Any]:
    return {"device": device.pk, "kind": kind, **more}


def test_the_issued_key_is_shown_and_works(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device))
    credential = authenticate(answer.context["secret"], "127.0.0.1")
    assert answer.context["secret"] in answer.content.decode()
    assert credential is not None
    assert (credential.device, credential.created_by) == (device, alice)


def test_the_secret_is_on_no_other_page(alice: User, device: Device, pages: PageClient) -> None:
    client = pages(alice)
    secret = client.post(add_to("devices.Credential"), wanted(device)).context["secret"]
    credential = Credential.objects.get()
    for address in (
        page_of(credential),
        list_of("devices.Credential"),
        page_of(device),
        page_of(credential, "history"),
    ):
        page = client.get(address).content.decode()
        assert secret not in page
        assert credential.secret_hash not in page


def test_the_page_with_the_secret_is_not_kept_by_browsers(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device))
    assert "no-store" in answer["Cache-Control"]


def test_the_page_with_an_mqtt_password_names_the_user(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device, CredentialKind.MQTT))
    assert f"-u boiler-1 -P {answer.context['secret']}" in answer.context["command"]


def test_a_third_live_credential_is_refused_with_what_to_do(alice: User, device: Device, pages: PageClient) -> None:
    for _ in range(2):
        issue(device, CredentialKind.API_KEY, None)
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device))
    assert "Revoke one of them first" in answer.content.decode()
    assert Credential.objects.count() == 2


def test_a_credential_does_not_expire_in_the_past(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).post(
        add_to("devices.Credential"), wanted(device, expires_at_0="2020-01-01", expires_at_1="00:00:00")
    )
    assert "expires_at" in answer.context["adminform"].form.errors


def test_no_credential_is_issued_for_a_device_of_another_project(
    alice: User, globex: Project, pages: PageClient
) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(DeviceFactory.create(project=globex)))
    assert "device" in answer.context["adminform"].form.errors
    assert not Credential.objects.exists()


def test_the_device_page_leads_to_issuing_for_it(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).get(f"/admin/devices/device/{device.pk}/issue_credential/", follow=True)
    assert answer.context["adminform"].form.initial["device"] == str(device.pk)


def test_revoking_asks_first(alice: User, device: Device, pages: PageClient) -> None:
    credential, _ = issue(device, CredentialKind.API_KEY, None)
    answer = pages(alice).get(f"/admin/devices/credential/{credential.pk}/revoke/")
    assert "There is no way back" in answer.content.decode()
    assert Credential.objects.live().exists()


def test_a_revoked_credential_does_not_work_any_more(alice: User, device: Device, pages: PageClient) -> None:
    credential, secret = issue(device, CredentialKind.API_KEY, None)
    pages(alice).post(f"/admin/devices/credential/{credential.pk}/revoke/", {"confirmed": "yes"})
    assert authenticate(secret, "127.0.0.1") is None


def test_several_are_revoked_together(alice: User, device: Device, pages: PageClient) -> None:
    chosen = [issue(device, CredentialKind.API_KEY, None)[0].pk for _ in range(2)]
    choice = {"action": "revoke_selected", "_selected_action": chosen}
    client = pages(alice)
    client.post(list_of("devices.Credential"), choice)
    assert Credential.objects.live().count() == 2
    client.post(list_of("devices.Credential"), {**choice, "confirmed": "yes"})
    assert not Credential.objects.live().exists()


def test_a_credential_of_another_project_is_not_revoked(alice: User, globex: Project, pages: PageClient) -> None:
    credential, _ = issue(DeviceFactory.create(project=globex), CredentialKind.API_KEY, None)
    client = pages(alice)
    one = client.post(f"/admin/devices/credential/{credential.pk}/revoke/", {"confirmed": "yes"})
    client.post(
        list_of("devices.Credential"),
        {"action": "revoke_selected", "_selected_action": [credential.pk], "confirmed": "yes"},
    )
    assert one.status_code == 404
    assert Credential.objects.live().exists()


@pytest.mark.parametrize("page", ["change", "delete"])
def test_nobody_edits_or_deletes_a_credential(page: str, root: User, device: Device, pages: PageClient) -> None:
    credential, _ = issue(device, CredentialKind.API_KEY, None, note="as it was")
    assert pages(root).post(page_of(credential, page), {"note": "changed", "post": "yes"}).status_code == 403
    credential.refresh_from_db()
    assert credential.note == "as it was"


@pytest.mark.parametrize(
    ("state", "found"), [("live", 3), ("expiring", 1), ("unused", 3), ("expired", 0), ("revoked", 1), ("", 4)]
)
def test_the_list_is_filtered_by_state(state: str, found: int, root: User, device: Device, pages: PageClient) -> None:
    issue(device, CredentialKind.API_KEY, None)[0].revoke()
    for kind in CredentialKind:
        issue(device, kind, None, expires_at=timezone.now() + timedelta(days=10 if kind == CredentialKind.MQTT else 40))
    answer = pages(root).get(list_of("devices.Credential"), {"state": state})
    assert len(answer.context["cl"].result_list) == found


def test_a_certificate_is_downloaded_with_its_key(alice: User, device: Device, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device, CredentialKind.X509))
    bundle = ZipFile(BytesIO(base64.b64decode(answer.context["bundle"].partition(",")[2])))
    credential = Credential.objects.get()
    assert bundle.read("boiler-1.pem").decode() == credential.certificate
    assert bundle.read("boiler-1.key").decode() == answer.context["secret"]
    assert "BEGIN CERTIFICATE" in bundle.read("ca.pem").decode()


def test_a_certificate_for_a_signing_request_comes_without_a_key(
    alice: User, device: Device, pages: PageClient
) -> None:
    answer = pages(alice).post(add_to("devices.Credential"), wanted(device, CredentialKind.X509, csr=signing_request()))
    bundle = ZipFile(BytesIO(base64.b64decode(answer.context["bundle"].partition(",")[2])))
    assert set(bundle.namelist()) == {"boiler-1.pem", "ca.pem"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"kind": "x509", "csr": "nonsense"}, "csr"),
        ({"kind": "x509", "foreign": "nonsense"}, "foreign"),
        ({"kind": "api_key", "csr": "REQUEST"}, "csr"),
        ({"kind": "x509", "csr": "REQUEST", "foreign": "FOREIGN"}, "foreign"),
    ],
)
def test_what_is_no_certificate_is_refused_where_it_stands(
    given: dict[str, str], wrong: str, alice: User, device: Device, pages: PageClient
) -> None:
    real = {"REQUEST": signing_request(), "FOREIGN": foreign_certificate()}
    posted = {name: real.get(value, value) for name, value in given.items()}
    answer = pages(alice).post(add_to("devices.Credential"), {"device": device.pk, **posted})
    assert wrong in answer.context["adminform"].form.errors
    assert not Credential.objects.exists()


def test_a_certificate_of_another_authority_is_shown_by_its_fingerprint(
    alice: User, device: Device, pages: PageClient
) -> None:
    client = pages(alice)
    client.post(add_to("devices.Credential"), wanted(device, CredentialKind.X509, foreign=foreign_certificate()))
    credential = Credential.objects.get(is_foreign=True)
    assert str(credential.fingerprint) in client.get(page_of(credential)).content.decode()


def test_who_issued_and_revoked_is_in_the_audit_log(alice: User, device: Device, pages: PageClient) -> None:
    client = pages(alice)
    client.post(add_to("devices.Credential"), wanted(device))
    credential = Credential.objects.get()
    client.post(f"/admin/devices/credential/{credential.pk}/revoke/", {"confirmed": "yes"})
    entries = AuditEntry.objects.filter(detail__public_id=credential.public_id).order_by("pk")
    assert [(entry.actor, entry.action) for entry in entries] == [
        (alice, "credential.issued"),
        (alice, "credential.revoked"),
    ]
