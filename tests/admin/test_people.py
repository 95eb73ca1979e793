"""Accounts, for superusers."""

import pytest

from devices.models import Membership, Project
from devices.permissions import Role
from iotsphere.models import Dashboard, User
from tests.admin.addresses import add_to, list_of, page_of
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once

PEOPLE = "iotsphere.User"
STRONG = "a long and unusual phrase 7"


def newcomer(password: str) -> dict[str, str]:
    return {
        "username": "newcomer",
        "usable_password": "true",
        "password1": password,
        "password2": password,
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }


def test_an_account_is_made(root: User, pages: PageClient) -> None:
    pages(root).post(add_to(PEOPLE), newcomer(STRONG))
    assert User.objects.get(username="newcomer").check_password(STRONG)


def test_a_weak_password_is_refused(root: User, pages: PageClient) -> None:
    pages(root).post(add_to(PEOPLE), newcomer("12345"))
    assert not User.objects.filter(username="newcomer").exists()


def test_memberships_are_given_with_the_account(root: User, vera: User, globex: Project, pages: PageClient) -> None:
    [known] = vera.memberships.all()
    pages(root).post(
        page_of(vera),
        {
            "username": "vera",
            "is_active": "on",
            **{f"{rows}-{which}_FORMS": "0" for rows in ("sign_ins", "fleet_views") for which in ("TOTAL", "INITIAL")},
            "memberships-TOTAL_FORMS": "2",
            "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": known.pk,
            "memberships-0-user": vera.pk,
            "memberships-0-project": known.project_id,
            "memberships-0-role": Role.OPERATOR,
            "memberships-1-user": vera.pk,
            "memberships-1-project": globex.pk,
            "memberships-1-role": Role.VIEWER,
        },
    )
    assert set(Membership.objects.filter(user=vera).values_list("project__slug", "role")) == {
        ("acme", Role.OPERATOR),
        ("globex", Role.VIEWER),
    }


def test_the_page_explains_the_roles(root: User, vera: User, pages: PageClient) -> None:
    assert "issue and revoke device credentials" in pages(root).get(page_of(vera)).content.decode()


def test_people_are_deactivated(root: User, vera: User, pages: PageClient) -> None:
    pages(root).post(list_of(PEOPLE), {"action": "deactivate", "_selected_action": [vera.pk]})
    vera.refresh_from_db()
    assert not vera.is_active


def test_nobody_deactivates_themselves(root: User, pages: PageClient) -> None:
    answer = pages(root).post(list_of(PEOPLE), {"action": "deactivate", "_selected_action": [root.pk]}, follow=True)
    root.refresh_from_db()
    assert root.is_active
    assert "cannot deactivate yourself" in answer.content.decode()


def test_an_account_is_deleted_with_its_memberships(root: User, vera: User, pages: PageClient) -> None:
    pages(root).post(page_of(vera, "delete"), {"post": "yes"})
    assert not User.objects.filter(username="vera").exists()
    assert not Membership.objects.filter(project__slug="acme").exists()


def test_with_an_account_goes_what_it_kept_to_itself(root: User, oscar: User, acme: Project, pages: PageClient) -> None:
    Dashboard.objects.create(name="My own wall", owner=oscar)
    shared = Dashboard.objects.create(name="Everybody's wall", owner=oscar, project=acme)
    asked = pages(root).get(page_of(oscar, "delete")).content.decode()
    assert ("My own wall" in asked, "Everybody's wall" in asked) == (True, False)
    pages(root).post(page_of(oscar, "delete"), {"post": "yes"})
    assert Dashboard.objects.get() == shared


def test_a_dashboard_goes_with_the_last_who_had_it(alice: User, globex: Project) -> None:
    Dashboard.objects.create(name="Nobody's", project=globex)
    own = Dashboard.objects.create(name="Alice's", owner=alice, project=globex)
    globex.delete()
    assert Dashboard.objects.get() == own
