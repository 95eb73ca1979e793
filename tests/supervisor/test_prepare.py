import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from devices.models import DeviceType, Project
from iotsphere.management.commands import prepare as command
from iotsphere.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.once

Prepare = Callable[[], dict[str, Any]]


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which commands the preparation called; the demo gets its project but is spared its thirty days."""
    called: list[str] = []

    def note(name: str, *args: object, **options: object) -> None:
        called.append(name)
        if name == "seed_demo":
            Project.objects.get_or_create(slug="demo", defaults={"name": "Demo"})

    monkeypatch.setattr(command, "call_command", note)
    return called


@pytest.fixture
def prepare(db: None, seeded: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Prepare the portal: what people are to be told."""
    news = tmp_path / "news.json"
    monkeypatch.setenv("NEWS_FILE", str(news))

    def prepare() -> dict[str, Any]:
        news.unlink(missing_ok=True)
        call_command("prepare")
        return json.loads(news.read_text()) if news.exists() else {}

    return prepare


def test_a_new_demo_tells_its_passwords(prepare: Prepare, settings: Any) -> None:
    settings.DEMO = True
    assert set(prepare()["accounts"]) == {"admin", "operator", "viewer"}


def test_the_passwords_are_told_once(prepare: Prepare, settings: Any) -> None:
    settings.DEMO = True
    prepare()
    assert prepare() == {}


def test_what_is_told_is_for_the_owner_alone(prepare: Prepare, settings: Any, tmp_path: Path) -> None:
    settings.DEMO = True
    prepare()
    assert (tmp_path / "news.json").stat().st_mode & 0o777 == 0o600


def test_the_password_can_be_chosen(prepare: Prepare, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True
    monkeypatch.setenv("DEMO_PASSWORD", "let me in")
    assert set(prepare()["accounts"].values()) == {"let me in"}


def test_a_deleted_demo_account_stays_deleted(prepare: Prepare, settings: Any) -> None:
    settings.DEMO = True
    prepare()
    User.objects.filter(username="viewer").delete()
    prepare()
    assert not User.objects.filter(username="viewer").exists()


def test_a_first_start_that_was_broken_off_is_finished(prepare: Prepare, settings: Any, seeded: list[str]) -> None:
    settings.DEMO = True
    Project.objects.create(slug="demo", name="Demo")
    assert prepare()["accounts"]
    assert "seed_demo" in seeded


def test_the_demo_can_be_switched_on_later(prepare: Prepare, settings: Any) -> None:
    UserFactory.create(username="ada", is_superuser=True)
    settings.DEMO = True
    assert prepare()["accounts"]


def test_an_empty_portal_tells_a_link_until_somebody_runs_it(prepare: Prepare, settings: Any) -> None:
    settings.DEMO = False
    assert prepare()["first_start_link"].startswith("/first-start/")
    assert prepare()["first_start_link"]
    UserFactory.create(is_superuser=True)
    assert prepare() == {}


def test_an_empty_portal_knows_the_shipped_device_types(prepare: Prepare, settings: Any) -> None:
    settings.DEMO = False
    prepare()
    assert DeviceType.objects.count() == 3


def test_an_empty_portal_has_no_demo(prepare: Prepare, settings: Any, seeded: list[str]) -> None:
    settings.DEMO = False
    prepare()
    assert seeded == []


def test_a_database_that_is_up_to_date_is_not_migrated(prepare: Prepare, settings: Any, seeded: list[str]) -> None:
    settings.DEMO = True
    prepare()
    assert "migrate" not in seeded
