"""Devices that send without a pause and do not give up: each of their messages is sent until it is taken."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.installation import ACCOUNT, Installation
from tests.waiting import wait_until

PAUSE = 0.02
HTTP_AT_ONCE = 20
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Secret:
    device_id: str
    username: str | None
    secret: str


class Senders:
    """`mqtt` devices that send by MQTT, together `rate` messages a second, and one that sends by HTTP.

    The n-th message of a device bears the number n, so that it shows what was lost and what came twice.
    """

    def __init__(self, installation: Installation, project: str, *, mqtt_devices: int = 4, rate: int = 300) -> None:
        self.project = project
        self._installation = installation
        self._began = time.time() - 7200
        self._rate = rate
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        with installation.client() as client:
            registrar = Registrar(client, project)
            self._clients = {
                device_id: self._connect(registrar.register(device_id, "mqtt"))
                for device_id in (f"{project}-{number}" for number in range(mqtt_devices))
            }
            self._http = registrar.register(f"{project}-http", "api_key")
        self.sent = dict.fromkeys([*self._clients, self._http.device_id], 0)
        self.acknowledged = 0
        self.http_answers: set[int] = set()
        self._threads = [threading.Thread(target=self._send_mqtt), threading.Thread(target=self._send_http)]

    @contextmanager
    def sending(self) -> Iterator[Self]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._hurry.set()
            for client in self._clients.values():
                client.disconnect()
                client.loop_stop()

    def stop(self) -> None:
        """Send nothing new, and wait until all that was sent is acknowledged."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        by_mqtt = sum(self.sent[device_id] for device_id in self._clients)
        wait_until(lambda: self.acknowledged >= by_mqtt, PATIENCE, what="the broker's acknowledgements")

    def _connect(self, secret: Secret) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(secret.username, secret.secret)
        client.on_publish = self._count
        client.reconnect_delay_set(1, 2)
        client.connect_async("127.0.0.1", self._installation.broker.port)
        client.loop_start()
        return client

    def _count(self, *_: Any) -> None:
        self.acknowledged += 1

    def _send_mqtt(self) -> None:
        each = max(1, round(self._rate * PAUSE / len(self._clients)))
        while not self._stopping.wait(PAUSE):
            for device_id, client in self._clients.items():
                for _ in range(each):
                    client.publish(f"app/device/{device_id}/telemetry", json.dumps(self._next(device_id)), qos=1)

    def _send_http(self) -> None:
        device_id = self._http.device_id
        with self._installation.client(headers={"Authorization": f"Bearer {self._http.secret}"}) as client:
            while not self._stopping.wait(10 * PAUSE):
                messages = [self._next(device_id) for _ in range(HTTP_AT_ONCE)]
                while self._post(client, messages) != httpx.codes.ACCEPTED and not self._hurry.wait(10 * PAUSE):
                    pass

    def _post(self, client: httpx.Client, messages: list[dict[str, Any]]) -> int:
        status = client.post("/api/v1/telemetry", json=messages).status_code
        self.http_answers.add(status)
        return status

    def _next(self, device_id: str) -> dict[str, Any]:
        number = self.sent[device_id]
        self.sent[device_id] += 1
        return {"telemetry": {"number": number}, "timestamp": round(1000 * self._began) + number}


class Registrar:
    """Registers devices over REST, as an administrator would, in a project of their own."""

    def __init__(self, client: httpx.Client, project: str) -> None:
        self._client = client
        tokens = self.post("token", **ACCOUNT)
        self._client.headers["Authorization"] = f"Bearer {tokens['access']}"
        self._project = self.post("projects", slug=project, name=project.title())["slug"]

    def register(self, device_id: str, kind: str) -> Secret:
        self.post("devices", device_id=device_id, name=device_id, project=self._project)
        issued = self.post("credentials", device=device_id, kind=kind)
        return Secret(device_id, issued["username"], issued["secret"])

    def post(self, collection: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(f"/api/v1/{collection}/", json=body)
        assert answer.is_success, answer.text
        created: dict[str, Any] = answer.json()
        return created
