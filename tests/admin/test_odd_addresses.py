"""Whatever an address asks for, it is answered."""

import pytest

from devices.models import Project
from iotsphere.models import User
from tests.admin.addresses import list_of, page_of
from tests.admin.rows import OF_PROJECTS, ROWS
from tests.fixtures.clients import PageClient

ODD = [
    {"p": "x"},
    {"p": "99"},
    {"o": "x.-y.99"},
    {"nothing": "like this"},
    {"id__exact": "x"},
    {"presence": "x", "silent": "x", "lifecycle": "x", "state": "x", "locked": "x"},
    {"project__id__exact": "x", "device_type__id__exact": "x", "device__project__id__exact": "x"},
    {"hour_from_0": "x", "hour_from_1": "x", "hour_to_0": "2025-13-45"},
    {"kind__exact": "x", "reason__exact": "x", "door__exact": "x", "role__exact": "x", "provisioning__exact": "x"},
]


@pytest.mark.once
@pytest.mark.parametrize("label", ROWS)
def test_a_list_answers_odd_questions(label: str, root: User, acme: Project, pages: PageClient) -> None:
    ROWS[label](acme)
    client = pages(root)
    for query in ODD:
        assert client.get(list_of(label), query).status_code in {200, 302, 400}, query


def test_a_nul_in_the_address_is_a_bad_request(root: User, pages: PageClient) -> None:
    client = pages(root)
    for label in OF_PROJECTS:
        for name in ("q", "presence", "kind__exact", "s"):
            assert client.get(list_of(label), {name: "a\0b"}).status_code == 400, (label, name)


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_row_that_is_none_is_answered(page: str, root: User, pages: PageClient) -> None:
    client = pages(root)
    for key in ("x", "0", "-1", "99999999999999999999999", "1%00"):
        assert client.get(f"/admin/devices/device/{key}/{page}/").status_code in {302, 404}, key


@pytest.mark.parametrize("key", ["x", "99999999999999999999999"])
@pytest.mark.parametrize(
    "address",
    [
        "devices/credential/{}/revoke/",
        "devices/device/{}/issue_credential/",
        "devices/device/{}/show_series/",
        "devices/device/{}/show_quality/",
        "telemetry/ledgerhour/quality/{}/",
        "telemetry/rejectedmessage/{}/take_again/",
        "telemetry/metric/{}/show_charts/",
        "telemetry/quarantinedmessage/{}/register/",
    ],
)
def test_an_action_on_a_row_that_is_none_is_answered(key: str, address: str, root: User, pages: PageClient) -> None:
    assert pages(root).get(f"/admin/{address.format(key)}", follow=True).status_code in {200, 404}


@pytest.mark.parametrize("version", ["x", "0", "99999999999999999999999"])
def test_a_version_that_is_none_is_answered(version: str, root: User, acme: Project, pages: PageClient) -> None:
    assert pages(root).get(f"{page_of(acme, 'history')}{version}/").status_code == 404


@pytest.mark.parametrize("key", ["x", "", "99999999999999999999999", "0"])
@pytest.mark.parametrize("label", ["devices.Device", "iotsphere.User", "telemetry.QuarantinedMessage"])
def test_an_action_on_keys_that_are_none_is_answered(label: str, key: str, root: User, pages: PageClient) -> None:
    for action in ("delete_selected", "enable", "ignore_selected", "deactivate", "nothing"):
        choice = {"action": action, "_selected_action": [key], "confirmed": "yes", "index": "0"}
        assert pages(root).post(list_of(label), choice).status_code in {200, 302, 400}


@pytest.mark.parametrize(
    "address", ["password_change/", "password_change/done/", "devices/", "jsi18n/", "autocomplete/"]
)
def test_the_admins_own_pages_answer(address: str, alice: User, pages: PageClient) -> None:
    assert pages(alice).get(f"/admin/{address}").status_code in {200, 403}
