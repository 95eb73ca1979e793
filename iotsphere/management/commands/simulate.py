import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from devices.firmware.targets import running_versions
from devices.models import Device
from iotsphere.demo.fleet import FLEET
from iotsphere.demo.incidents import Incidents
from iotsphere.simulator.columns import Value
from iotsphere.simulator.firmware import FIRST_VERSION
from iotsphere.simulator.play import Actor, play
from telemetry.agent.links import MqttLink, default_device_id
from telemetry.agent.outbox import Outbox
from telemetry.agent.run import run, stop_on_signals
from telemetry.models import Metric

AGENT_INTERVAL = 5.0
AGENT_BACKLOG = 1000


class Command(BaseCommand):
    help = "Play the demo's devices over MQTT_URL, going on from what they last reported; this machine joins them."

    requires_system_checks = ()  # they would load every page of the portal

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--without-server",
            action="store_true",
            help="Leave this machine out: an agent of its own reports it.",
        )

        parser.add_argument(
            "--spoil-firmware",
            action="append",
            default=[],
            metavar="DEVICE_ID",
            help="Have what this device downloads arrive damaged: its updates fail.",
        )

    def handle(self, *, without_server: bool, spoil_firmware: list[str], **options: Any) -> None:
        stop = stop_on_signals()
        actors = list(_actors(time.time(), spoil_firmware))
        connection.close()
        if not without_server:
            threading.Thread(
                target=run,
                args=(MqttLink(settings.MQTT_URL, default_device_id()), Outbox(None, AGENT_BACKLOG)),
                kwargs={"interval": AGENT_INTERVAL, "stop": stop},
                name="agent",
            ).start()
        self.stdout.write(f"Playing {len(actors)} devices; Ctrl-C stops.")
        try:
            play(settings.MQTT_URL, actors, stop)
        finally:
            stop.set()
        self.stdout.write("The devices say goodbye.")


def _actors(now: float, spoil_firmware: Sequence[str]) -> Iterator[Actor]:
    last = _last_reported()
    versions = _last_versions()
    for device in FLEET:
        manner = replace(device.manner, spoils_firmware=device.device_id in spoil_firmware)
        simulated = device.build(now, Incidents())
        if device.device_id in last:
            simulated.resume(*last[device.device_id])
        yield Actor(
            device.device_id,
            simulated,
            device.interval,
            has_clock=device.has_clock,
            manner=manner,
            firmware=versions.get(device.device_id) or FIRST_VERSION,
        )


def _last_versions() -> dict[str, str]:
    """By device ID: the firmware that it said it runs."""
    devices = Device.objects.filter(device_id__in=[device.device_id for device in FLEET])
    versions = running_versions(devices)
    return {device.device_id: versions.get(device.pk, "") for device in devices}


def _last_reported() -> dict[str, tuple[float, dict[str, Value]]]:
    """By device ID: when it last reported, and what."""
    reported: dict[str, tuple[float, dict[str, Value]]] = {}
    metrics = Metric.objects.filter(device__device_id__in=[device.device_id for device in FLEET])
    for metric in metrics.exclude(last_time=None).select_related("device"):
        moment, values = reported.get(metric.device.device_id, (0.0, {}))
        if metric.latest is not None and metric.last_time is not None:
            values[metric.key] = metric.latest
            reported[metric.device.device_id] = max(moment, metric.last_time.timestamp()), values
    return reported
