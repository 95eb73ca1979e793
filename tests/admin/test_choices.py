"""What forms, filters and autocompletion offer to somebody who administers one project, and what they take."""

import pytest
from django.urls import reverse

from devices.models import Device, Membership, Project, Provisioning
from devices.permissions import Role
from iotsphere.models import User
from tests.admin.addresses import add_to, list_of, page_of
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once

NO_MEMBERS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
NO_CREDENTIALS = {"credentials-TOTAL_FORMS": "0", "credentials-INITIAL_FORMS": "0"}


def new_device(project: Project) -> dict[str, object]:
    return {"device_id": "new-1", "name": "New", "project": project.pk, "lifecycle": "active", **NO_CREDENTIALS}


def test_the_form_of_a_device_offers_administered_projects(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    form = pages(alice).get(add_to("devices.Device")).context["adminform"].form
    assert list(form.fields["project"].queryset) == [acme]


def test_a_device_is_added_to_an_administered_project(alice: User, acme: Project, pages: PageClient) -> None:
    pages(alice).post(add_to("devices.Device"), new_device(acme))
    assert Device.objects.get(device_id="new-1").project == acme


def test_a_device_is_not_added_to_another_project(alice: User, globex: Project, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Device"), new_device(globex))
    assert "project" in answer.context["adminform"].form.errors
    assert not Device.objects.exists()


def test_a_device_is_not_moved_into_another_project(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    device = DeviceFactory.create(project=acme)
    pages(alice).post(page_of(device), {**new_device(globex), "name": "Moved"})
    device.refresh_from_db()
    assert device.project == acme


def test_a_device_of_another_project_is_no_parent(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    theirs = DeviceFactory.create(project=globex)
    answer = pages(alice).post(add_to("devices.Device"), {**new_device(acme), "parent": theirs.pk})
    assert "parent" in answer.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("app", "model", "field"),
    [("devices", "device", "parent"), ("devices", "credential", "device")],
)
def test_autocompletion_offers_devices_of_administered_projects(
    app: str, model: str, field: str, alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    ours = DeviceFactory.create(project=acme)
    DeviceFactory.create(project=globex)
    answer = pages(alice).get(
        reverse("admin:autocomplete"), {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    )
    assert [found["id"] for found in answer.json()["results"]] == [str(ours.pk)]


def test_autocompletion_offers_a_project_administrator_no_people(alice: User, vera: User, pages: PageClient) -> None:
    answer = pages(alice).get(
        reverse("admin:autocomplete"),
        {"app_label": "devices", "model_name": "membership", "field_name": "user", "term": "v"},
    )
    assert answer.status_code == 403


def test_the_filter_offers_administered_projects(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme)
    page = pages(alice).get(list_of("devices.Device")).content.decode()
    assert "Acme" in page
    assert "Globex" not in page


def test_filtering_by_another_project_finds_nothing(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=globex)
    answer = pages(alice).get(list_of("devices.Device"), {"project__id__exact": globex.pk})
    assert not answer.context["cl"].result_list


def test_a_member_is_added_by_user_name(alice: User, acme: Project, charlie: User, pages: PageClient) -> None:
    pages(alice).post(add_to("devices.Membership"), {"user": "Charlie", "project": acme.pk, "role": "viewer"})
    assert Membership.objects.filter(user=charlie, project=acme, role=Role.VIEWER).exists()


def test_a_name_that_nobody_has_is_answered_with_what_to_do(alice: User, acme: Project, pages: PageClient) -> None:
    answer = pages(alice).post(add_to("devices.Membership"), {"user": "nobody", "project": acme.pk, "role": "viewer"})
    assert "Ask those who run the platform" in answer.content.decode()


def test_a_member_stays_the_person_when_the_role_changes(
    alice: User, acme: Project, vera: User, pages: PageClient
) -> None:
    membership = Membership.objects.get(user=vera)
    pages(alice).post(page_of(membership), {"user": "vera", "project": acme.pk, "role": "operator"})
    membership.refresh_from_db()
    assert (membership.user, membership.role) == (vera, Role.OPERATOR)


def test_nobody_becomes_a_member_of_another_project(
    alice: User, acme: Project, globex: Project, vera: User, pages: PageClient
) -> None:
    pages(alice).post(add_to("devices.Membership"), {"user": "vera", "project": globex.pk, "role": "admin"})
    assert not Membership.objects.filter(project=globex, user=vera).exists()


def test_project_administrators_do_not_open_their_project_to_unknown_devices(
    alice: User, acme: Project, pages: PageClient
) -> None:
    pages(alice).post(
        page_of(acme), {"name": "Acme & Co", "time_zone": "UTC", "provisioning": Provisioning.OPEN, **NO_MEMBERS}
    )
    acme.refresh_from_db()
    assert (acme.name, acme.provisioning) == ("Acme & Co", Provisioning.CLOSED)


def test_root_is_warned_about_an_open_project(root: User, acme: Project, pages: PageClient) -> None:
    answer = pages(root).post(
        page_of(acme),
        {
            "name": "Acme",
            "time_zone": "UTC",
            "provisioning": Provisioning.OPEN,
            "retention_class": acme.retention_class_id,
            **NO_MEMBERS,
        },
        follow=True,
    )
    assert "takes every unknown device" in answer.content.decode()


def test_a_proposed_device_of_another_project_is_not_named(alice: User, globex: Project, pages: PageClient) -> None:
    theirs = DeviceFactory.create(project=globex, name="Their boiler")
    page = pages(alice).get(add_to("devices.Credential"), {"device": theirs.pk}).content.decode()
    assert "Their boiler" not in page
