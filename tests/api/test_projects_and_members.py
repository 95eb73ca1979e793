from typing import Any

import pytest

from devices.models import Membership, Project, RetentionClass
from iotsphere.models import User
from tests.factories import DeviceFactory, ProjectFactory, UserFactory
from tests.fixtures.clients import ApiClient

pytestmark = pytest.mark.once

PROJECTS, MEMBERS = "/api/v1/projects/", "/api/v1/members/"


@pytest.fixture
def newcomer(db: None) -> User:
    return UserFactory.create(username="newcomer", first_name="Nora", last_name="Neu")


def test_one_sees_the_projects_one_is_in(api: ApiClient, vera: User, globex: Project) -> None:
    assert [project["slug"] for project in api(vera).get(PROJECTS).json()["results"]] == ["acme"]


def test_a_superuser_makes_a_project(api: ApiClient, root: User) -> None:
    answer = api(root).post(PROJECTS, {"name": "New", "slug": "new", "time_zone": "Europe/Vienna"})
    assert answer.status_code == 201
    assert answer.json()["time_zone"] == "Europe/Vienna"


def test_others_are_told_who_makes_projects(api: ApiClient, alice: User) -> None:
    answer = api(alice).post(PROJECTS, {"name": "New", "slug": "new"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "Only superusers make projects.")


def test_an_administrator_changes_the_settings_of_a_project(api: ApiClient, alice: User) -> None:
    answer = api(alice).patch(f"{PROJECTS}acme/", {"time_zone": "Asia/Kolkata"})
    assert answer.json()["time_zone"] == "Asia/Kolkata"


@pytest.mark.parametrize("time_zone", ["Mars/Olympus", "", None, "../../etc/passwd", "Europe", "a\0b", 7, "x" * 300])
def test_a_time_zone_must_exist(api: ApiClient, alice: User, time_zone: Any) -> None:
    answer = api(alice).patch(f"{PROJECTS}acme/", {"time_zone": time_zone})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["time_zone"]


def test_the_name_of_a_project_in_addresses_never_changes(api: ApiClient, alice: User) -> None:
    assert "slug" in api(alice).patch(f"{PROJECTS}acme/", {"slug": "other"}).json()["errors"]


@pytest.mark.parametrize("change", [{"provisioning": "open"}, {"retention_class": "default"}])
def test_an_administrator_decides_neither_whom_it_lets_in_nor_what_it_keeps(
    api: ApiClient, alice: User, change: dict[str, str], acme: Project
) -> None:
    RetentionClass.objects.filter(pk=acme.retention_class.pk).update(name="default")
    answer = api(alice).patch(f"{PROJECTS}acme/", change)
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith(f"Only superusers decide about {next(iter(change))}")


def test_only_one_project_takes_unknown_devices(api: ApiClient, root: User, acme: Project) -> None:
    ProjectFactory.create(provisioning="open")
    answer = api(root).patch(f"{PROJECTS}acme/", {"provisioning": "open"})
    assert answer.status_code == 400
    assert "only one can" in answer.json()["detail"]


def test_a_project_with_devices_stays(api: ApiClient, root: User, acme: Project) -> None:
    DeviceFactory.create(project=acme)
    answer = api(root).delete(f"{PROJECTS}acme/")
    assert answer.status_code == 409
    assert "still has devices" in answer.json()["detail"]


def test_an_empty_project_goes(api: ApiClient, root: User, acme: Project) -> None:
    assert api(root).delete(f"{PROJECTS}acme/").status_code == 204
    assert not Project.objects.filter(slug="acme").exists()


def test_an_administrator_adds_a_member(api: ApiClient, alice: User, newcomer: User) -> None:
    answer = api(alice).post(MEMBERS, {"project": "acme", "user": "newcomer", "role": "operator"})
    assert answer.json()["full_name"] == "Nora Neu"
    assert Membership.objects.get(user=newcomer).role == "operator"


def test_nobody_is_a_member_twice(api: ApiClient, alice: User, vera: User) -> None:
    answer = api(alice).post(MEMBERS, {"project": "acme", "user": "vera", "role": "admin"})
    assert answer.status_code == 400
    assert "already a member" in answer.json()["detail"]


@pytest.mark.parametrize("user", ["nobody", "ve\0ra", "", None, 7, ["vera"]])
def test_a_member_must_have_an_account(api: ApiClient, alice: User, user: Any) -> None:
    answer = api(alice).post(MEMBERS, {"project": "acme", "user": user, "role": "viewer"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["user"]


def test_a_role_changes(api: ApiClient, alice: User, vera: User) -> None:
    membership = vera.memberships.get()
    api(alice).patch(f"{MEMBERS}{membership.pk}/", {"role": "operator"})
    membership.refresh_from_db()
    assert membership.role == "operator"


@pytest.mark.parametrize("change", [{"project": "globex"}, {"user": "newcomer"}])
def test_a_membership_stays_that_of_one_person_in_one_project(
    api: ApiClient, root: User, vera: User, newcomer: User, globex: Project, change: dict[str, str]
) -> None:
    answer = api(root).patch(f"{MEMBERS}{vera.memberships.get().pk}/", change)
    assert answer.json()["errors"] == {field: ["It cannot be changed."] for field in change}


def test_who_is_removed_sees_the_project_no_more(api: ApiClient, alice: User, vera: User) -> None:
    api(alice).delete(f"{MEMBERS}{vera.memberships.get().pk}/")
    assert api(vera).get(f"{PROJECTS}acme/").status_code == 404


@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 40, "x"])
def test_a_number_that_is_none_is_not_found(api: ApiClient, alice: User, pk: str) -> None:
    assert api(alice).get(f"{MEMBERS}{pk}/").status_code == 404
