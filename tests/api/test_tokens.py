"""Log in, refresh, log out over REST; the family of a refresh token that comes twice ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from time_machine import travel

from iotsphere.api.tokens import FamilyToken
from iotsphere.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.once

TOKEN, REFRESH, REVOKE, ME = "/api/v1/token/", "/api/v1/token/refresh/", "/api/v1/token/revoke/", "/api/v1/me/"


def log_in(user: User, password: str = PASSWORD) -> Any:
    return APIClient().post(TOKEN, {"username": user.username, "password": password})


def refresh(token: str) -> Any:
    return APIClient().post(REFRESH, {"refresh": token})


def me(access: str) -> Any:
    return APIClient().get(ME, headers={"authorization": f"Bearer {access}"})


def test_a_password_is_exchanged_for_tokens(vera: User) -> None:
    tokens = log_in(vera).json()
    assert me(tokens["access"]).json()["username"] == "vera"


def test_an_answer_with_tokens_is_kept_by_no_cache(vera: User) -> None:
    assert "no-store" in log_in(vera)["Cache-Control"]


def test_a_log_in_is_noted(vera: User) -> None:
    log_in(vera)
    vera.refresh_from_db()
    assert vera.last_login is not None


def test_a_wrong_password_gets_401_and_a_problem(vera: User) -> None:
    answer = log_in(vera, "wrong")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert "password" in answer.json()["detail"]


def test_a_closed_account_gets_no_token(db: None) -> None:
    assert log_in(UserFactory.create(is_active=False)).status_code == 401


def test_too_many_wrong_passwords_lock_out_with_429_and_the_time_to_wait(vera: User) -> None:
    statuses = [log_in(vera, "wrong").status_code for _ in range(8)]
    assert statuses == [401] * 7 + [429]
    answer = log_in(vera)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_lock_out_ends(vera: User) -> None:
    for _ in range(8):
        log_in(vera, "wrong")
    with travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert log_in(vera).status_code == 200


def test_a_lock_out_of_one_person_is_none_of_another(vera: User, oscar: User) -> None:
    for _ in range(8):
        log_in(vera, "wrong")
    assert log_in(oscar).status_code == 200


def test_a_right_password_forgets_the_wrong_ones_before_it(vera: User) -> None:
    for password in ["wrong"] * 7 + [PASSWORD] + ["wrong"] * 7:
        log_in(vera, password)
    assert log_in(vera).status_code == 200


@pytest.mark.parametrize("username", ["", "a\0b", "x" * 1000, None, 7, ["vera"], {}])
def test_a_user_name_that_is_none_is_no_error_of_the_portal(db: None, username: Any) -> None:
    answer = APIClient().post(TOKEN, {"username": username, "password": "wrong"})
    assert answer.status_code in {400, 401}


def test_a_refresh_token_gives_a_new_pair(vera: User) -> None:
    tokens = refresh(log_in(vera).json()["refresh"]).json()
    assert me(tokens["access"]).status_code == 200
    assert refresh(tokens["refresh"]).status_code == 200


def test_a_refresh_token_is_worth_one_refresh(vera: User) -> None:
    first = log_in(vera).json()["refresh"]
    refresh(first)
    answer = refresh(first)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_a_refresh_token_that_comes_twice_ends_its_descendants(vera: User) -> None:
    first = log_in(vera).json()["refresh"]
    grandchild = refresh(refresh(first).json()["refresh"]).json()["refresh"]
    refresh(first)
    assert refresh(grandchild).status_code == 401


def test_the_tokens_of_another_log_in_live_on(vera: User) -> None:
    first, other = log_in(vera).json()["refresh"], log_in(vera).json()["refresh"]
    refresh(first)
    refresh(first)
    assert refresh(other).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_refreshes_at_the_same_moment_one_wins_and_the_family_ends(vera: User) -> None:
    first = log_in(vera).json()["refresh"]

    def attempt(_: int) -> Any:
        try:
            return refresh(first)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(attempt, range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert refresh(winner.json()["refresh"]).status_code == 401


def test_a_refresh_token_of_a_deleted_user_gets_401(vera: User) -> None:
    token = log_in(vera).json()["refresh"]
    vera.delete()
    assert refresh(token).status_code == 401


def test_a_refresh_token_of_a_closed_account_gets_401(vera: User) -> None:
    token = log_in(vera).json()["refresh"]
    User.objects.filter(pk=vera.pk).update(is_active=False)
    assert refresh(token).status_code == 401


def test_a_new_password_ends_refresh_tokens(vera: User) -> None:
    token = log_in(vera).json()["refresh"]
    vera.set_password("another long password")
    vera.save()
    assert refresh(token).status_code == 401


def test_a_new_password_ends_access_tokens(vera: User) -> None:
    access = log_in(vera).json()["access"]
    vera.set_password("another long password")
    vera.save()
    assert me(access).status_code == 401


def test_an_access_token_of_a_deleted_user_gets_401(vera: User) -> None:
    access = log_in(vera).json()["access"]
    vera.delete()
    assert me(access).status_code == 401


def test_an_access_token_lives_for_15_minutes(vera: User) -> None:
    access = log_in(vera).json()["access"]
    with travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert me(access).status_code == 401


def test_a_refresh_token_lives_for_a_week(vera: User) -> None:
    token = log_in(vera).json()["refresh"]
    with travel(timezone.now() + timedelta(days=8), tick=False):
        assert refresh(token).status_code == 401


def test_an_access_token_does_not_refresh(vera: User) -> None:
    assert refresh(log_in(vera).json()["access"]).status_code == 401


def test_a_refresh_token_does_not_authenticate(vera: User) -> None:
    assert me(log_in(vera).json()["refresh"]).status_code == 401


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30", "ä", "\ud800"[:0] + "x" * 4000])
def test_a_token_that_is_none_gets_401(db: None, token: str) -> None:
    assert refresh(token).status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer nonsense", "Bearer ÿ", "Bearer iot_0_x"])
def test_an_authorization_that_is_none_gets_401_and_is_told_how(db: None, header: str) -> None:
    answer = APIClient().get(ME, headers={"authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_log_out_ends_the_family(vera: User) -> None:
    first = log_in(vera).json()["refresh"]
    second = refresh(first).json()["refresh"]
    assert APIClient().post(REVOKE, {"refresh": second}).status_code == 204
    assert refresh(second).status_code == 401


def test_log_out_with_a_used_token_ends_the_family_too(vera: User) -> None:
    first = log_in(vera).json()["refresh"]
    second = refresh(first).json()["refresh"]
    APIClient().post(REVOKE, {"refresh": first})
    assert refresh(second).status_code == 401


def test_log_out_once_more_does_no_harm(vera: User) -> None:
    token = log_in(vera).json()["refresh"]
    answers = [APIClient().post(REVOKE, {"refresh": token}).status_code for _ in range(2)]
    assert answers == [204, 204]


def test_log_out_with_nonsense_gets_401(db: None) -> None:
    assert APIClient().post(REVOKE, {"refresh": "nonsense"}).status_code == 401


def test_a_token_born_while_its_family_ends_does_not_live_on(vera: User) -> None:
    token = cast(FamilyToken, FamilyToken.for_user(vera))
    token.end_family()
    assert token.rotate() is None
