import os

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from telemetry.bootstep import LISTEN, ListenerStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsphere.settings")

app = Celery("iotsphere")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add(ListenerStep)
app.user_options["worker"].add(LISTEN)


@setup_logging.connect
def keep_the_portals_logging(**_: object) -> None:
    """Celery configures logging unless a receiver of this signal exists; the settings have done it already."""
