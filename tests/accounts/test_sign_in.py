from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from iotsphere.models import User
from tests.factories import PASSWORD
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


def sign_in(client: Client, username: str = "vera", password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login/", {"username": username, "password": password, **more})


def test_the_right_password_leads_to_the_fleet(client: Client, vera: User) -> None:
    assert sign_in(client).headers["Location"] == "/"


def test_one_returns_to_where_one_wanted_to_go(client: Client, vera: User) -> None:
    response = sign_in(client, next="/devices/x/history/")
    assert response.headers["Location"] == "/devices/x/history/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client: Client, vera: User, elsewhere: str) -> None:
    assert sign_in(client, next=elsewhere).headers["Location"] == "/"


@pytest.mark.parametrize("username", ["vera", "nobody-has-this-name"])
def test_a_wrong_password_says_the_same_as_an_unknown_name(client: Client, vera: User, username: str) -> None:
    page = sign_in(client, username, "wrong").content.decode()
    assert "User name and password do not match." in page
    assert f'value="{username}"' in page


def test_an_inactive_account_cannot_sign_in(client: Client, vera: User) -> None:
    vera.is_active = False
    vera.save()
    assert sign_in(client).status_code == 200


def test_too_many_wrong_passwords_block_even_the_right_one(client: Client, vera: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, password="wrong")
    response = sign_in(client)
    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()


def test_a_block_is_for_one_account(client: Client, vera: User, oscar: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, password="wrong")
    assert sign_in(client, "oscar").status_code == 302


def test_who_is_signed_in_is_not_asked_again(pages: PageClient, vera: User) -> None:
    assert pages(vera).get("/login/").headers["Location"] == "/"


def test_signing_out_takes_a_post(pages: PageClient, vera: User) -> None:
    client = pages(vera)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("demo", [True, False])
def test_only_the_demo_names_its_accounts(client: Client, demo: bool) -> None:
    with override_settings(DEMO=demo):
        assert ("This is a demo" in client.get("/login/").content.decode()) is demo
