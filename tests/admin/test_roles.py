"""Every route of the admin, and who is kept out of it."""

import pytest

from devices.models import Project
from devices.permissions import Role
from iotsphere.models import User
from tests.admin.rows import OF_PROJECTS
from tests.factories import MembershipFactory, UserFactory
from tests.fixtures.clients import PageClient
from tests.routes import routes

# Who is kept out does not depend on the database.
pytestmark = pytest.mark.once

ROUTES = {path: pattern for path, pattern in routes() if path.startswith("admin/")}
# Where somebody without an account belongs.
OPEN = {"admin/login/", "admin/jsi18n/"}
ROW = "<path:object_id>"


def _of_rows(path: str) -> str | None:
    """The label of the project-scoped model whose rows the route is about."""
    app, model = [*path.split("/"), "", ""][1:3]
    label = next((label for label in OF_PROJECTS if label.lower() == f"{app}.{model}"), None)
    return label if ROW in path else None


@pytest.mark.parametrize("who", ["oscar", "nobody"])
def test_who_is_not_staff_is_kept_out(who: str, oscar: User, pages: PageClient) -> None:
    client = pages(oscar if who == "oscar" else None)
    for path in sorted(path for path in ROUTES if "<" not in path and "(" not in path and path not in OPEN):
        assert client.get(f"/{path}").status_code in {302, 403, 404}, path


@pytest.mark.parametrize("label", OF_PROJECTS)
def test_the_administrator_of_another_project_reaches_no_row(
    label: str, acme: Project, globex: Project, pages: PageClient
) -> None:
    stranger = UserFactory.create(username="gloria", is_staff=True)
    MembershipFactory.create(user=stranger, project=globex, role=Role.ADMIN)
    row, client = OF_PROJECTS[label](acme), pages(stranger)
    before = type(row)._default_manager.filter(pk=row.pk).values().get()
    for path in sorted(path for path in ROUTES if _of_rows(path) == label):
        for method in (client.get, client.post):
            assert method(f"/{path}".replace(ROW, str(row.pk))).status_code in {302, 403, 404}, path
    assert type(row)._default_manager.filter(pk=row.pk).values().get() == before
