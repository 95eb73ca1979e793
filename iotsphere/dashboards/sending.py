"""The commands that send a device's telemetry, ready to be pasted into a shell."""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from telemetry.values import Shown

# On the server itself; docs/agent.md says more.
AGENT_COMMANDS = """python3 -m venv /opt/iotsphere-agent
/opt/iotsphere-agent/bin/pip install ./deploy/agent
install -D -m 600 /dev/stdin /etc/iotsphere-agent/key    # paste the API key, then Ctrl-D
/opt/iotsphere-agent/bin/iotsphere-agent --url {portal} --key-file /etc/iotsphere-agent/key"""
EXAMPLE = {"temperature": 25.5, "humidity": 60.2, "battery": 3.8}


@dataclass(frozen=True, slots=True)
class Commands:
    mqtt: str
    http: str


def commands(request: HttpRequest, device_id: str, metrics: list[Shown]) -> Commands:
    """By MQTT and by HTTP to the host this page came from; in the demo the broker asks for no credential."""
    body = shlex.quote(json.dumps({"telemetry": _example(metrics)}))
    host = urlsplit(f"//{request.get_host()}").hostname or "localhost"
    broker = urlsplit(settings.MQTT_URL)
    port = broker.port or (8883 if broker.scheme == "mqtts" else 1883)
    credential = "" if settings.DEMO else f" -u {device_id} -P '<its MQTT password>'"
    return Commands(
        mqtt=f"mosquitto_pub -h {host} -p {port}{credential} -q 1 -t app/device/{device_id}/telemetry -m {body}",
        http=(
            f"curl {request.build_absolute_uri('/api/v1/telemetry')} -H 'Authorization: Bearer <its API key>' "
            f"-H 'Content-Type: application/json' -d {body}"
        ),
    )


def _example(metrics: list[Shown]) -> dict[str, float]:
    values = {
        metric.key: metric.latest if isinstance(metric.latest, float) else (metric.minimum or 0.0)
        for metric in metrics
        if metric.is_number
    }
    return dict(list(values.items())[:3]) or EXAMPLE
