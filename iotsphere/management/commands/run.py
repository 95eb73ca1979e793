import sys

from django.core.management.base import BaseCommand

from iotsphere.supervisor.main import run


class Command(BaseCommand):
    help = (
        "Run the whole portal on this machine: web, ingest worker, worker, beat, and what they need that is not given "
        "by DATABASE_URL, REDIS_URL, MQTT_URL; with DEMO=1 (the default) a simulated fleet too. Further variables: "
        "PORT (8000), MQTT_PORT (1883), DATA_DIR (var/), DEMO_PASSWORD, BUNDLED=1 (no installed Redis, Mosquitto)."
    )
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        sys.exit(run())
