"""Whatever goes wrong under /api/, the answer is application/problem+json and says what to do."""

from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError
from django.test import Client
from rest_framework.test import APIClient

from devices.models import Project
from iotsphere.models import User
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.once

DEVICES = "/api/v1/devices/"


def problem(answer: Any) -> dict[str, Any]:
    """The problem an answer holds; it fails for one that is none."""
    assert answer["Content-Type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(content)
    assert content["status"] == answer.status_code
    return content


def send(client: APIClient, body: Any, content_type: str = "application/json") -> Any:
    return client.generic("POST", DEVICES, body, content_type=content_type)


def test_an_unknown_address_is_a_problem() -> None:
    answer = APIClient().get("/api/v1/nothing/")
    assert problem(answer)["title"] == "Not Found"
    assert answer.status_code == 404


def test_an_unknown_address_outside_the_api_is_a_page(db: None) -> None:
    assert Client().get("/nothing/")["Content-Type"].startswith("text/html")


def test_an_unknown_object_is_a_problem_at_its_address(api: ApiClient, vera: User) -> None:
    answer = api(vera).get(f"{DEVICES}nothing/")
    assert problem(answer)["instance"] == f"{DEVICES}nothing/"


def test_nobody_is_told_how_to_sign_in(db: None) -> None:
    answer = APIClient().get(DEVICES)
    assert answer.status_code == 401
    assert "/api/v1/token/" in problem(answer)["detail"]
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_what_is_missing_is_named_by_field(api: ApiClient, alice: User) -> None:
    answer = api(alice).post(DEVICES, {})
    assert answer.status_code == 400
    assert set(problem(answer)["errors"]) == {"device_id", "name", "project"}


def test_what_is_wrong_inside_a_list_is_named_by_its_place(api: ApiClient, alice: User) -> None:
    body = {"device_id": "new", "name": "New", "project": "acme", "labels": ["cellar", "x" * 41]}
    assert set(problem(api(alice).post(DEVICES, body))["errors"]) == {"labels.1"}


def test_what_is_refused_says_by_which_permission(api: ApiClient, vera: User) -> None:
    answer = api(vera).post(DEVICES, {})
    assert answer.status_code == 403
    assert problem(answer)["detail"] == "You may not add, change and remove devices in any project."


def test_a_method_that_is_not_there_gets_405_and_those_that_are(api: ApiClient, vera: User) -> None:
    answer = api(vera).put(f"{DEVICES}x/", {})
    assert answer.status_code == 405
    assert "GET, PATCH, DELETE" in problem(answer)["detail"]


def test_a_media_type_that_nobody_speaks_gets_406(api: ApiClient, vera: User) -> None:
    answer = api(vera).get(DEVICES, headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert problem(answer)["detail"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_a_body_that_is_not_json_gets_415(api: ApiClient, alice: User, content_type: str) -> None:
    answer = send(api(alice), b"a=b", content_type)
    assert answer.status_code == 415
    assert "application/json" in problem(answer)["detail"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"nul", b"1e", b"\x00", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000, b'"' * 1001],
)
def test_json_that_is_none_gets_400(api: ApiClient, alice: User, body: bytes) -> None:
    answer = send(api(alice), body)
    assert answer.status_code == 400
    assert problem(answer)["detail"].startswith("The body is not JSON")


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"true", b"{}", b""])
def test_json_of_another_shape_gets_400(api: ApiClient, alice: User, body: bytes) -> None:
    answer = send(api(alice), body)
    assert answer.status_code == 400
    assert problem(answer)["detail"]


def test_a_body_that_is_too_large_gets_413(api: ApiClient, alice: User) -> None:
    answer = send(api(alice), b" " * 3_000_000)
    assert answer.status_code == 413
    assert problem(answer)["detail"] == "The body is too large."


def test_a_host_that_is_not_ours_gets_400() -> None:
    answer = Client().get("/api/v1/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    problem(answer)


def test_a_page_that_posts_without_its_csrf_token_is_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(DEVICES, {}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in problem(answer)["detail"]


def test_a_bug_is_a_500_that_tells_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("devices.api.views.DeviceViewSet.get_queryset", fail)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    answer = client.get(DEVICES)
    assert answer.status_code == 500
    assert "secret" not in str(problem(answer))


def test_while_the_database_is_away_answers_say_when_to_try_again(
    api: ApiClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("devices.api.views.DeviceViewSet.get_queryset", fail)
    answer = api(alice).get(DEVICES)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Try again" in problem(answer)["detail"]


@pytest.mark.parametrize(("error", "status"), [(IntegrityError("x"), 409), (DataError("x"), 400)])
def test_what_the_database_refuses_is_no_bug(
    api: ApiClient, alice: User, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("devices.models.Device.save", refuse)
    answer = api(alice).post(DEVICES, {"device_id": "new", "name": "New", "project": "acme"})
    assert answer.status_code == status
    assert problem(answer)["detail"]


def test_a_browser_sees_problems_on_a_page(pages: Any, alice: User, acme: Project) -> None:
    answer = pages(alice).get(f"{DEVICES}nothing/", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
