import pytest

from devices.models import Project
from iotsphere.accounts.demo_accounts import make_demo_accounts
from iotsphere.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.once


def test_the_accounts_have_their_roles(acme: Project) -> None:
    make_demo_accounts(acme)
    roles = acme.memberships.values_list("user__username", "role").order_by("user__username")
    assert list(roles) == [("admin", "admin"), ("operator", "operator"), ("viewer", "viewer")]


def test_the_administrator_runs_the_platform_and_the_others_do_not(acme: Project) -> None:
    make_demo_accounts(acme)
    assert list(User.objects.filter(is_superuser=True, is_staff=True).values_list("username", flat=True)) == ["admin"]
    assert not User.objects.exclude(username="admin").filter(is_staff=True).exists()


def test_the_passwords_are_right(acme: Project) -> None:
    for username, password in make_demo_accounts(acme).items():
        assert User.objects.get(username=username).check_password(password)


def test_the_passwords_are_all_different(acme: Project) -> None:
    assert len(set(make_demo_accounts(acme).values())) == 3


def test_a_given_password_is_that_of_all(acme: Project) -> None:
    assert set(make_demo_accounts(acme, "let me in").values()) == {"let me in"}


@pytest.mark.parametrize("name", ["viewer", "Viewer"])
def test_an_account_that_exists_is_left_alone(acme: Project, name: str) -> None:
    existing = UserFactory.create(username=name)
    assert set(make_demo_accounts(acme)) == {"admin", "operator"}
    assert not existing.memberships.exists()
