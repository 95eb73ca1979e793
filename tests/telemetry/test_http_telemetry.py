"""The HTTP door."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from devices.credentials import issue
from devices.models import Credential, CredentialKind, Device
from telemetry.api.telemetry import unzip
from telemetry.models import LedgerHour, Reading
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.django_db
Send = Callable[..., Any]
GOOD = {"telemetry": {"temperature": 25.5}, "timestamp": "2025-12-19T12:21:20"}


@pytest.fixture
def device() -> Device:
    device = DeviceFactory.create(device_id="sensor")
    device.project.retention_class.raw_days = 36_500
    device.project.retention_class.save()
    return device


@pytest.fixture
def credential(device: Device) -> tuple[Credential, str]:
    return issue(device, CredentialKind.API_KEY, None)


@pytest.fixture
def send(credential: tuple[Credential, str]) -> Send:
    """Send a body as the device."""
    client = Client(raise_request_exception=False)

    def post(body: Any, *, path: str = "/api/v1/telemetry", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {credential[1]}", "Content-Type": "application/json", **headers}
        return client.post(path, content, headers.pop("Content-Type"), headers=headers)

    return post


def problem(response: Any) -> tuple[int, str, bool]:
    """The status of a problem, as the answer and its body say it."""
    assert response.status_code == response.json()["status"]
    assert response.json()["detail"]
    return response.status_code, response["Content-Type"], response.has_header("Retry-After")


PROBLEM = "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/telemetry", "/api/v1/telemetry/", "/api/telemetry"])
def test_telemetry_is_stored_when_it_is_answered(send: Send, path: str) -> None:
    response = send(GOOD, path=path)
    assert (response.status_code, response.json()) == (
        202,
        {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0, "rejected": [], "unlisted": 0},
    )
    assert Reading.objects.get().value == 25.5


def test_a_list_is_answered_item_by_item(send: Send) -> None:
    answer = send([GOOD, GOOD, {"telemetry": {"humidity": None, "battery": 3.8}}, 7]).json()
    assert (answer["received"], answer["stored"], answer["duplicate"]) == (5, 2, 1)
    assert [(item["index"], item["key"], item["reason"]) for item in answer["rejected"]] == [
        (2, "humidity", "not_a_value"),
        (3, "", "wrong_shape"),
    ]
    assert all(item["detail"] for item in answer["rejected"])


def test_a_gateway_sends_for_its_child(send: Send, device: Device) -> None:
    DeviceFactory.create(device_id="child", parent=device, project=device.project)
    assert send([{**GOOD, "device_id": "child"}]).json()["stored"] == 1
    assert Reading.objects.get().metric.device.device_id == "child"


def test_a_device_does_not_send_for_another(send: Send) -> None:
    DeviceFactory.create(device_id="other")
    assert problem(send({**GOOD, "device_id": "other"})) == (403, PROBLEM, False)
    assert LedgerHour.objects.get(sender="sensor").rejected == 1


def test_what_a_gateway_sends_of_its_own_is_kept_beside_what_it_may_not(send: Send) -> None:
    answer = send([GOOD, {**GOOD, "device_id": "other"}]).json()
    assert (answer["stored"], [(item["index"], item["reason"]) for item in answer["rejected"]]) == (
        1,
        [(1, "not_allowed")],
    )


def test_a_gzipped_body_is_unpacked(send: Send) -> None:
    assert send(gzip.compress(json.dumps(GOOD).encode()), **{"Content-Encoding": "gzip"}).json()["stored"] == 1


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"{}" * 1000)[:-20]], ids=["not gzip", "cut short"])
def test_a_broken_gzip_body_is_a_bad_request(send: Send, body: bytes) -> None:
    assert problem(send(body, **{"Content-Encoding": "gzip"})) == (400, PROBLEM, False)


def test_a_gzip_bomb_is_too_large(send: Send) -> None:
    bomb = gzip.compress(b"[" * 100_000_000)
    assert len(bomb) < 256 * 1024
    assert problem(send(bomb, **{"Content-Encoding": "gzip"})) == (413, PROBLEM, False)


def test_no_more_is_unpacked_than_is_allowed() -> None:
    assert len(unzip(gzip.compress(b"[" * 100_000), 1000)) == 1000


def test_a_large_body_is_too_large_and_counted(send: Send) -> None:
    assert problem(send(b" " * 1_000_000)) == (413, PROBLEM, False)
    assert LedgerHour.objects.get(sender="sensor").rejected == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"temperature=25"])
def test_a_body_that_is_not_json_is_a_bad_request_and_counted(send: Send, body: bytes) -> None:
    assert problem(send(body)) == (400, PROBLEM, False)
    assert LedgerHour.objects.get(sender="sensor").rejected == 1


@pytest.mark.parametrize("body", [b'{"telemetry": {"a": NaN, "b": 1}}', b'{"telemetry": {"a": 1e999, "b": 1}}'])
def test_one_bad_number_does_not_spoil_the_rest(send: Send, body: bytes) -> None:
    answer = send(body).json()
    assert (answer["stored"], [item["key"] for item in answer["rejected"]]) == (1, ["a"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
        {"Content-Encoding": "br"},
    ],
)
def test_another_type_of_body_is_not_supported(send: Send, headers: dict[str, str]) -> None:
    assert problem(send(GOOD, **headers)) == (415, PROBLEM, False)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer iot_x_y", "Basic Zm9v", "Bearer a.b.c", "Bearer \xff"])
def test_without_a_live_key_nothing_is_taken(send: Send, authorization: str) -> None:
    response = send(GOOD, Authorization=authorization)
    assert problem(response) == (401, PROBLEM, False)
    assert response["WWW-Authenticate"] == "Bearer"
    assert not Reading.objects.exists()


def test_a_revoked_key_is_turned_away(send: Send, credential: tuple[Credential, str]) -> None:
    credential[0].revoke()
    assert problem(send(GOOD)) == (401, PROBLEM, False)


def test_a_person_is_no_device(api: ApiClient, root: Any) -> None:
    client = Client()
    client.force_login(root)
    assert client.post("/api/v1/telemetry", GOOD, "application/json").status_code == 401


def test_a_device_out_of_service_is_told_why(send: Send, device: Device) -> None:
    Device.objects.filter(pk=device.pk).update(lifecycle="disabled")
    response = send(GOOD)
    assert problem(response) == (403, PROBLEM, False)
    assert response.json()["detail"] == "The device is disabled or archived."


def test_too_many_requests_are_told_when_to_come_again(send: Send, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 2
    assert [send(GOOD).status_code for _ in range(2)] == [202, 202]
    response = send(GOOD)
    assert problem(response) == (429, PROBLEM, True)
    assert 1 <= int(response["Retry-After"]) <= 60


def test_requests_are_counted_for_each_key(send: Send, device: Device, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 1
    other = issue(device, CredentialKind.API_KEY, None)[1]
    assert send(GOOD).status_code == 202
    assert send(GOOD, Authorization=f"Bearer {other}").status_code == 202


def test_while_redis_is_away_nobody_is_turned_away(send: Send, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert send(GOOD).status_code == 202


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_while_the_database_is_away_the_sender_is_told_to_come_again(
    send: Send, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(_batch: Any) -> Any:
        raise error("connection refused")

    monkeypatch.setattr("telemetry.api.telemetry.ingest", away)
    assert problem(send(GOOD)) == (503, PROBLEM, True)


def test_no_more_than_a_thousand_rejections_are_listed(send: Send) -> None:
    answer = send([{"telemetry": {f"k{key}": [] for key in range(20)}}] * 60).json()
    assert (len(answer["rejected"]), answer["unlisted"], answer["received"]) == (1000, 200, 1200)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_not_allowed(credential: tuple[Credential, str], method: str) -> None:
    response = getattr(Client(), method)("/api/v1/telemetry", headers={"Authorization": f"Bearer {credential[1]}"})
    assert response.status_code == 405
