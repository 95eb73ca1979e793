"""Whom the portal tells: a mail server, and the receiver of a webhook, both on loopback. They keep what they get."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.ports import ReservedPort

PATIENCE = 60.0


class MailServer:
    def __init__(self) -> None:
        self.mails: list[Message] = []
        port = ReservedPort().release()
        self.url = f"smtp://127.0.0.1:{port}"
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (theirs)
        content = envelope.content or b""
        self.mails.append(message_from_bytes(content if isinstance(content, bytes) else content.encode()))
        return "250 OK"

    def stop(self) -> None:
        self._controller.stop()


@dataclass(frozen=True, slots=True)
class Delivery:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def number(self) -> str:
        """The same when it is sent again."""
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers with `status`, while `answering` is set."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.status = 204
        self.answering = Event()
        self.answering.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append(Delivery(self.path, dict(self.headers), body))
                receiver.answering.wait(PATIENCE)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """What is delivered is looked at, not written about."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()
