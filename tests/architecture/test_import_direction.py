import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.house import APPS, ROOT

pytestmark = pytest.mark.once


def imported_packages(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def imports_against_the_direction(app: str, source: str) -> set[str]:
    return set(imported_packages(source)) & set(APPS[APPS.index(app) + 1 :])


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_apps_before_it(app: str) -> None:
    found = {
        str(path.relative_to(ROOT)): wrong
        for path in sorted(Path(ROOT, app).rglob("*.py"))
        if (wrong := imports_against_the_direction(app, path.read_text()))
    }
    assert found == {}


def test_an_import_inside_a_function_counts_too() -> None:
    source = (
        "def f():\n    from alerts.models import Alert\n    import iotsphere.models\n    from devices import mqtt\n"
    )
    assert imports_against_the_direction("telemetry", source) == {"alerts", "iotsphere"}


def test_nobody_imports_the_tests() -> None:
    users = [
        str(path.relative_to(ROOT))
        for app in APPS
        for path in Path(ROOT, app).rglob("*.py")
        if "tests" in imported_packages(path.read_text())
    ]
    assert users == []


def test_what_the_portal_imports_is_installed_with_it() -> None:
    pinned = set(re.findall(r"^([\w.-]+)", Path(ROOT, "requirements/run.txt").read_text(), re.MULTILINE))
    distributions = packages_distributions()
    missing = {
        package
        for app in APPS
        for path in Path(ROOT, app).rglob("*.py")
        for package in set(imported_packages(path.read_text())) & distributions.keys()
        if not pinned & {re.sub(r"[-_.]+", "-", name).lower() for name in distributions[package]}
    }
    assert missing == set()
