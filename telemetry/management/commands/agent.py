from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from telemetry.agent.command import A_WEEK, seconds
from telemetry.agent.links import MqttLink, default_device_id
from telemetry.agent.outbox import Outbox, OutboxTaken
from telemetry.agent.run import DEFAULT_INTERVAL, run, stop_on_signals


class Command(BaseCommand):
    help = "Send what this machine is doing (processor, memory, disk, load, network) to the broker at MQTT_URL."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--device-id", default=default_device_id(), help="Default: %(default)s.")
        parser.add_argument(
            "--interval", type=seconds, default=DEFAULT_INTERVAL, help="Seconds between readings, default 60."
        )
        parser.add_argument(
            "--buffer", type=Path, help="File where readings wait while the broker is away. Default: in memory."
        )

    def handle(self, *, device_id: str, interval: float, buffer: Path | None, **options: Any) -> None:
        stop = stop_on_signals()
        try:
            link, outbox = MqttLink(settings.MQTT_URL, device_id), Outbox(buffer, A_WEEK)
        except (ValueError, OSError, OutboxTaken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Sending as {device_id} every {interval:g} s; Ctrl-C stops.")
        run(link, outbox, interval=interval, stop=stop)
        outbox.close()
        self.stdout.write("Goodbye.")
