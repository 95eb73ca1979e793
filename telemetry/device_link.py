"""A device's side of the MQTT contract: its own client, a last will, `online` when it is there, telemetry at QoS 1.

Needs paho and no Django, for the simulator and for agents on machines that have no portal.
"""

import json
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from devices.mqtt_url import read_url

logger = logging.getLogger(__name__)

QOS = 1
KEEPALIVE = 30
ATTENTION = 0.5  # seconds between two looks at whether to stop
Json = dict[str, Any]

DEVICE_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class DeviceLink:
    """Connects in the background, keeps trying (1 s, doubling to 30 s), and says `offline` when it is closed.

    While the broker is away up to `backlog` messages wait and are sent when it returns; what comes then is
    dropped. A device without a clock should take a backlog of 0: its messages would arrive with the wrong time.
    """

    def __init__(self, url: str, device_id: str, *, password: str | None = None, backlog: int = 1000) -> None:
        """`url` as in devices.mqtt_url; a `password` comes before the one there, and its user is the device unless
        there is another. Raises ValueError for an address or a device ID that is none.
        """
        if not DEVICE_ID.fullmatch(device_id):
            raise ValueError(f"{device_id!r} is not a device ID: 1 to 64 letters, digits, dots, dashes, underscores.")
        self.device_id = device_id
        self.backlog = backlog
        self.connected = threading.Event()
        broker = read_url(url)
        if password is not None:
            broker = broker._replace(username=broker.username or device_id, password=password)
        self._broker = broker
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device_id)
        client.max_queued_messages_set(max(1, backlog))
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.will_set(self._topic("status"), "offline", qos=QOS, retain=True)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set(ca_certs=broker.ca_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._on_command: Callable[[Json], object] | None = None
        self._on_desired: Callable[[int, Json], object] | None = None
        self._on_ready: Callable[[], object] = lambda: None
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE)

    def obey(
        self,
        on_command: Callable[[Json], object],
        on_desired: Callable[[int, Json], object],
        on_ready: Callable[[], object] = lambda: None,
    ) -> None:
        """From `open()` on, take commands and desired states; `on_ready` whenever the connection stands. They are
        called in the client's thread: do not wait there. A command may come more than once, and is the same one as
        long as its id is.
        """
        self._on_command, self._on_desired, self._on_ready = on_command, on_desired, on_ready

    def open(self) -> None:
        self._client.loop_start()

    def reply(self, command_id: str, status: str, *, result: Any = None, reason: str = "") -> None:
        """Say of a command: delivered, succeeded, failed or rejected."""
        said = {"status": status, "result": result, "reason": reason}
        body = json.dumps({name: value for name, value in said.items() if value not in (None, "")})
        self._client.publish(self._topic(f"command/{command_id}/reply"), body, qos=QOS)

    def report(self, state: Mapping[str, Any], version: int | None = None) -> None:
        """Say what the device is set to now; `version` is the newest desired one that it has seen."""
        body = {"state": dict(state)} if version is None else {"version": version, "state": dict(state)}
        self._client.publish(self._topic("twin/reported"), json.dumps(body), qos=QOS)

    def send(self, telemetry: Mapping[str, Any], at: datetime | None = None) -> bool:
        """Publish values measured now, or at a time; False if the message could not be taken."""
        if not self.backlog and not self.connected.is_set():
            return False
        sent = self._client.publish(self._topic("telemetry"), json.dumps(as_message(telemetry, at)), qos=QOS)
        # Without a connection paho answers NO_CONN and keeps the message for later.
        return sent.rc in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}

    def deliver(self, body: str, stop: threading.Event) -> bool:
        """Publish a message, or a list of them, that is JSON already, and wait until the broker has acknowledged it,
        however often the connection breaks; False if `stop` was set before that.
        """
        sent: mqtt.MQTTMessageInfo | None = None
        while not stop.is_set():
            if sent is None:
                if not self.connected.wait(ATTENTION):
                    continue
                sent = self._client.publish(self._topic("telemetry"), body, qos=QOS)
            try:
                sent.wait_for_publish(ATTENTION)
                if sent.is_published():
                    return True
            except (RuntimeError, ValueError):
                # The connection broke at that very moment. It may come twice now, which does no harm.
                sent = None
        return False

    def close(self, timeout: float = 1.0) -> None:
        close_all([self], timeout)

    def say_goodbye(self) -> mqtt.MQTTMessageInfo | None:
        """Publish `offline`: a clean disconnect does not trigger the will."""
        if not self.connected.is_set():
            return None
        return self._client.publish(self._topic("status"), "offline", qos=QOS, retain=True)

    def disconnect(self) -> None:
        was_connected = self.connected.is_set()
        self._client.disconnect()
        if was_connected:
            # Otherwise the thread may be waiting for a host that does not answer; it is a daemon and may stay there.
            self._client.loop_stop()

    def _topic(self, kind: str) -> str:
        return f"app/device/{self.device_id}/{kind}"

    def _on_connect(self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            logger.warning("%s: the broker at %s refuses the connection: %s", self.device_id, self._broker, reason)
            return
        logger.info("%s: connected to %s", self.device_id, self._broker)
        if self._on_command is None:
            self._say_online()
        else:
            client.subscribe([(self._topic("command"), QOS), (self._topic("twin/desired"), QOS)])

    def _on_subscribe(self, *_: Any) -> None:
        self._say_online()  # not before: then what waits for the device is sent, and it would not hear it
        self._on_ready()

    def _say_online(self) -> None:
        self._client.publish(self._topic("status"), "online", qos=QOS, retain=True)
        self.connected.set()

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        if not message.payload:
            return  # nothing is desired any more
        try:
            body = json.loads(message.payload)
            if message.topic == self._topic("command") and self._on_command is not None:
                self._on_command(body)
            elif self._on_desired is not None:
                self._on_desired(body["version"], body["state"])
        except Exception:
            # An exception would end paho's thread, and the device would neither hear nor say anything any more.
            logger.exception("%s: cannot obey what it was sent on %s", self.device_id, message.topic)

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: Any) -> None:
        logger.warning("%s: nobody answers at %s, trying again", self.device_id, self._broker)

    def _on_disconnect(self, _client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected.clear()
        if reason.is_failure:
            logger.warning("%s: lost the connection to %s: %s", self.device_id, self._broker, reason)


def as_message(telemetry: Mapping[str, Any], at: datetime | None = None) -> dict[str, Any]:
    """What a device sends: values measured now, or at a time."""
    message: dict[str, Any] = {"telemetry": dict(telemetry)}
    if at is not None:
        message["timestamp"] = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return message


def close_all(links: Iterable[DeviceLink], timeout: float = 1.0) -> None:
    """Say `offline` for all of them, wait at most `timeout` seconds together for the broker to have heard, and go."""
    links = list(links)
    deadline = time.monotonic() + timeout
    goodbyes = [goodbye for link in links if (goodbye := link.say_goodbye())]
    for goodbye in goodbyes:
        try:
            goodbye.wait_for_publish(max(0.0, deadline - time.monotonic()))
        except (RuntimeError, ValueError):
            continue  # the connection broke meanwhile: the broker sends the will instead
    for link in links:
        link.disconnect()
