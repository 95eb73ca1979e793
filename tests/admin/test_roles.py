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


@pytest.mark.parametrize("path", sorted(path for path in ROUTES if "<" not in path and "(" not in path))
def test_who_is_not_staff_is_kept_out(path: str, oscar: User, pages: PageClient) -> None:
    answers = {who: pages(person).get(f"/{path}") for who, person in {"oscar": oscar, "nobody": None}.items()}
    for answer in answers.values():
        assert path in OPEN or answer.status_code in {302, 403, 404}, answer


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", sorted(filter(_of_rows, ROUTES)))
def test_the_administrator_of_another_project_reaches_no_row(
    path: str, method: str, acme: Project, globex: Project, pages: PageClient
) -> None:
    stranger = UserFactory.create(username="gloria", is_staff=True)
    MembershipFactory.create(user=stranger, project=globex, role=Role.ADMIN)
    row = OF_PROJECTS[str(_of_rows(path))](acme)
    before = type(row)._default_manager.filter(pk=row.pk).values().get()
    answer = getattr(pages(stranger), method)(f"/{path}".replace(ROW, str(row.pk)))
    assert answer.status_code in {302, 403, 404}
    assert type(row)._default_manager.filter(pk=row.pk).values().get() == before
