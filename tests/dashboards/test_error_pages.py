from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from iotsphere.models import User
from tests.architecture.house import ROOT

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_an_error_page_needs_nothing_but_itself(name: str) -> None:
    page = render_to_string(name)
    assert "IoTSphere" in page
    assert 'class="button' in page


def test_an_error_page_looks_for_no_file() -> None:
    assert "{% static" not in Path(ROOT, "templates/errors/base.html").read_text()


def test_an_unknown_address_says_that_nothing_is_there(client: Client) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()


def test_a_host_name_that_is_not_ours_is_refused(client: Client) -> None:
    response = client.get("/login/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "could not be read" in response.content.decode()


def test_a_form_without_its_token_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/login/")
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), RedisAway()])
def test_while_a_server_is_away_a_page_says_so(vera: User, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("iotsphere.dashboards.fleet.Fleet.counts", fail)
    client = Client(raise_request_exception=False)
    client.force_login(vera)
    response = client.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "cannot reach its database" in response.content.decode()
