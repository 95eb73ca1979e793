"""Devices that get too hot, a rule that notices, and whom it is told."""

import json
import signal
from typing import Any

import paho.mqtt.publish as mqtt

from tests.flows.senders import Registrar, Secret
from tests.flows.sinks import MailServer, Receiver
from tests.servers.installation import ACCOUNT, Installation

RULE = "Too hot in here"
WAITS = 5  # seconds for which it has to be hot


class Alarm:
    def __init__(self, installation: Installation, mail_server: MailServer, receiver: Receiver) -> None:
        self._installation, self._mail_server, self._receiver = installation, mail_server, receiver
        project = "alarm"
        hot = {"metric": "temperature", "is": ">", "value": 80}
        with installation.client() as client:
            registrar = Registrar(client, project)
            self.devices = [registrar.register(f"{project}-{number}", "mqtt") for number in range(2)]
            registrar.post("members", project=project, user=ACCOUNT["username"], role="operator")
            registrar.post("webhooks", project=project, name="hook", url=receiver.url)
            levels = [{"severity": "high", "when": hot, "for": WAITS}]
            registrar.post("alert-rules", name=RULE, project=project, levels=levels, is_enabled=True, untried=True)

    def send(self, device: Secret, temperature: float) -> None:
        mqtt.single(
            f"app/device/{device.device_id}/telemetry",
            json.dumps({"telemetry": {"temperature": temperature}}),
            qos=1,
            hostname="127.0.0.1",
            port=self._installation.broker.port,
            auth={"username": device.username or "", "password": device.secret},
        )

    def kill(self, *names: str) -> None:
        for name in names:
            self._installation.processes[name].stop(signal.SIGKILL)

    def start(self) -> None:
        self._installation.start_worker()
        self._installation.start_beat()

    def states(self, condition: str) -> int:
        """How many devices the rule has such a thing in mind of."""
        return self._count(
            f"alerts_rulestate state JOIN alerts_alertrule rule ON rule.id = rule_id WHERE name = '{RULE}'", condition
        )

    def alerts(self, condition: str) -> int:
        return self._count(f"alerts_alert WHERE rule_name = '{RULE}'", condition)

    def hurry(self) -> None:
        """As if the time had passed in which mails are gathered, and after which a claim is nobody's any more."""
        self._installation.query(
            """
            UPDATE alerts_notification SET due_at = least(due_at, now()),
                claimed_at = CASE WHEN claimed_at < now() - interval '15 seconds' THEN NULL ELSE claimed_at END
            WHERE status = 'queued' RETURNING 1
            """
        )

    def expire_claims(self) -> None:
        self._installation.query("UPDATE alerts_notification SET claimed_at = NULL RETURNING 1")

    def all_told(self, notifications: int) -> bool:
        self.hurry()
        told = f"alerts_notification told JOIN alerts_alert alert ON alert.id = alert_id WHERE rule_name = '{RULE}'"
        sent = self._count(told, "told.status = 'sent'")
        return sent == notifications and self._count(told, "told.status <> 'sent'") == 0

    def timelines(self) -> list[list[str]]:
        """What happened to each alert."""
        return [
            kinds
            for (kinds,) in self._installation.query(
                """
                SELECT array_agg(kind::text ORDER BY event.id) FROM alerts_alertevent event
                JOIN alerts_alert alert ON alert.id = alert_id WHERE rule_name = %s GROUP BY alert.id
                """,
                RULE,
            )
        ]

    def delivered(self) -> list[tuple[str, str]]:
        """What the webhook was told, device and event, but for what it knows to be the same again."""
        told: dict[str, Any] = {delivery.number: delivery.content for delivery in list(self._receiver.deliveries)}
        about = [content for content in told.values() if content["alert"]["rule"] == RULE]
        return sorted((content["alert"]["device"], content["event"]) for content in about)

    def mailed(self) -> list[tuple[str, str]]:
        """What is in the mails, but for those that mail programs know to be the same again."""
        mails = {mail["Message-ID"]: mail for mail in list(self._mail_server.mails)}
        parts = [part for mail in mails.values() for part in mail.walk() if part.get_content_type() == "text/plain"]
        texts = [str(part.get_payload(decode=True)) for part in parts]
        events = {"Opened": "opened", "Resolved": "resolved"}
        return sorted(
            (device.device_id, event)
            for text in texts
            for device in self.devices
            for word, event in events.items()
            for _ in range(text.count(f"{word}: {device.device_id}"))
        )

    def _count(self, rows: str, condition: str) -> int:
        [(count,)] = self._installation.query(f"SELECT count(*) FROM {rows} AND {condition}")
        return int(count)
