from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from telemetry.agent import DEFAULT_INTERVAL, default_device_id, run, stop_on_signals


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 86_400:
        raise ArgumentTypeError(f"{text} is not a number of seconds from 1 to 86400.")
    return value


class Command(BaseCommand):
    help = "Send what this machine is doing (processor, memory, disk, load, network) to the broker at MQTT_URL."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--device-id", default=default_device_id(), help="Default: %(default)s.")
        parser.add_argument(
            "--interval", type=seconds, default=DEFAULT_INTERVAL, help="Seconds between readings, default 60."
        )

    def handle(self, *, device_id: str, interval: float, **options: Any) -> None:
        stop = stop_on_signals()
        self.stdout.write(f"Sending as {device_id} every {interval:g} s; Ctrl-C stops.")
        try:
            run(settings.MQTT_URL, device_id, interval=interval, stop=stop)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Goodbye.")
