import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import models

from tests.architecture.house import APPS

pytestmark = pytest.mark.once
admin.autodiscover()

# Their keys are composite, which the admin cannot address; the series and their charts are there.
NOT_IN_THE_ADMIN = {
    "telemetry.Reading",
    "telemetry.FiveMinuteRollup",
    "telemetry.HourlyRollup",
    "telemetry.DailyRollup",
    "telemetry.DirtyBucket",
    # Answers that are given again if somebody asks again: nothing for people.
    "devices.KeptAnswer",
    # Drawn on the device's page, as what it adds up to.
    "devices.PresenceSpan",
}


def house_models() -> list[type[models.Model]]:
    everything = (model for app in APPS for model in apps.get_app_config(app).get_models())
    return [model for model in everything if not model.__name__.startswith("Historical")]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", *APPS, check_changes=True, dry_run=True, verbosity=1)


def test_the_system_checks_find_nothing() -> None:
    call_command("check", fail_level="WARNING")


@pytest.mark.parametrize("model", house_models(), ids=lambda model: model._meta.label)
def test_every_model_is_in_the_admin(model: type[models.Model]) -> None:
    inlines = {inline.model for page in admin.site._registry.values() for inline in page.inlines}
    is_there = admin.site.is_registered(model) or model in inlines
    assert is_there != (model._meta.label in NOT_IN_THE_ADMIN)
