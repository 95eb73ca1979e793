from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from iotsphere.accounts.first_start import first_start_path
from iotsphere.models import User
from tests.factories import UserFactory

ADA = {"username": "ada", "email": "", "password1": "analytical engine", "password2": "analytical engine"}
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def post(client: Client) -> Callable[..., Any]:
    """Send the form, with these fields changed, to a link of now."""
    path = first_start_path()

    def post(**changed: Any) -> Any:
        return client.post(path, {**ADA, **changed})

    return post


def test_the_link_shows_a_form(client: Client) -> None:
    assert "Make the account" in client.get(first_start_path()).content.decode()


def test_the_form_makes_a_superuser(post: Callable[..., Any]) -> None:
    post()
    ada = User.objects.get(username="ada")
    assert (ada.is_superuser, ada.is_staff) == (True, True)


def test_who_made_the_account_is_signed_in_to_the_admin(post: Callable[..., Any], client: Client) -> None:
    assert post().headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [{"password2": "differential engine"}, {"password1": "12345678901", "password2": "12345678901"}, {"username": ""}],
    ids=["another repetition", "a weak password", "no name"],
)
def test_what_a_form_must_not_hold_is_said(post: Callable[..., Any], changed: dict[str, str]) -> None:
    assert "notice--error" in post(**changed).content.decode()
    assert not User.objects.exists()


def test_the_link_is_worthless_once_there_is_an_administrator(client: Client) -> None:
    path = first_start_path()
    UserFactory.create(username="root", is_superuser=True)
    assert client.get(path).status_code == 403
    assert client.post(path, ADA).status_code == 403
    assert User.objects.count() == 1


def test_the_link_works_beside_ordinary_accounts(client: Client) -> None:
    UserFactory.create()
    assert client.get(first_start_path()).status_code == 200


def test_the_link_expires_after_a_day(client: Client) -> None:
    path = first_start_path()
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        answer = client.get(path)
    assert answer.status_code == 403
    assert "expired" in answer.content.decode()


@pytest.mark.parametrize("token", ["administrator", "administrator:1:2", "root:1ts:x"])
def test_a_link_that_is_made_up_is_refused(client: Client, token: str) -> None:
    assert client.get(f"/first-start/{token}/").status_code == 403
