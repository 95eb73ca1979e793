"""One login for pages and admin."""

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client

from iotsphere.models import User
from tests.admin.addresses import list_of
from tests.factories import PASSWORD
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once


def sign_in(client: Client, password: str) -> int:
    return client.post("/login/", {"username": "root", "password": password}).status_code


def test_the_admin_sends_to_the_portals_login(pages: PageClient, db: None) -> None:
    answer = pages(None).get("/admin/devices/device/", follow=True)
    assert answer.redirect_chain[-1] == ("/login/?next=/admin/devices/device/", 302)


def test_the_admins_own_login_takes_no_password(root: User, pages: PageClient) -> None:
    client = pages(None)
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_signing_in_leads_back_to_the_page_asked_for(root: User, pages: PageClient) -> None:
    answer = pages(None).post("/login/?next=/admin/devices/device/", {"username": "root", "password": PASSWORD})
    assert answer["Location"] == "/admin/devices/device/"


def test_the_login_leads_to_no_other_site(root: User, pages: PageClient) -> None:
    client = pages(None)
    login = client.get("/admin/login/?next=https://evil.example/")["Location"]
    answer = client.post(login, {"username": "root", "password": PASSWORD})
    assert not answer["Location"].startswith("https:")


def test_who_is_no_staff_is_refused(vera: User, pages: PageClient) -> None:
    assert pages(vera).get("/admin/", follow=True).status_code == 403


def test_signing_out_of_the_admin_ends_at_the_login(root: User, pages: PageClient) -> None:
    client = pages(root)
    assert client.post("/admin/logout/")["Location"] == "/login/"
    assert client.get("/admin/").status_code == 302


def test_a_lockout_is_reset(root: User, pages: PageClient) -> None:
    locked_out = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(locked_out, "wrong")
    assert sign_in(locked_out, PASSWORD) == 429
    attempts = list(AccessAttempt.objects.values_list("pk", flat=True))
    pages(root).post(list_of("axes.AccessAttempt"), {"action": "let_in_again", "_selected_action": attempts})
    assert sign_in(locked_out, PASSWORD) == 302


@pytest.mark.parametrize(("locked", "found"), [("yes", 1), ("no", 0), ("", 1)])
def test_who_is_locked_out_is_found(locked: str, found: int, root: User, pages: PageClient) -> None:
    AccessAttempt.objects.create(username="x", ip_address="203.0.113.9", failures_since_start=99)
    answer = pages(root).get(list_of("axes.AccessAttempt"), {"locked": locked})
    assert len(answer.context["cl"].result_list) == found
