import os

from celery import Celery
from celery.signals import celeryd_after_setup, setup_logging
from django.core.checks import run_checks
from django_structlog.celery.steps import DjangoStructLogInitStep

from telemetry.bootstep import LISTEN, ListenerStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsphere.settings")
# Celery would run every check there is, which loads all pages of the portal, and would not heed what they find.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("iotsphere")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add(ListenerStep)
app.user_options["worker"].add(LISTEN)


@setup_logging.connect
def keep_the_portals_logging(**_: object) -> None:
    """Celery configures logging unless a receiver of this signal exists; the settings have done it already."""


@celeryd_after_setup.connect
def refuse_wrong_settings(**_: object) -> None:
    """A worker that could not do what it is there for does not start."""
    if errors := run_checks(tags=["iotsphere"]):
        raise SystemExit("\n".join(map(str, errors)))
