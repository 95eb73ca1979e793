"""A simulated device updates itself, from a server that has its file."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from iotsphere.simulator.firmware import Firmware
from tests.waiting import wait_until

CONTENT = b"firmware" * 10_000


class OneFile(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/2.0.0" else 404)
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/2.0.0" else b"")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), OneFile)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Heard:
    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        self.said: list[tuple[Any, ...]] = []

    def update(self, url: str, **more: Any) -> "Heard":
        firmware = Firmware(lambda state: self.reports.append(state["firmware"]), "1.0.0", 0.0, **more)
        params = {"url": url, "version": "2.0.0", "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
        firmware.begin(params, lambda *what, **why: self.said.append((*what, why)))
        wait_until(lambda: self.said)
        return self

    @property
    def states(self) -> list[str]:
        return list(dict.fromkeys(report["state"] for report in self.reports))


def test_it_says_each_step_and_then_runs_the_new_version(server: str) -> None:
    heard = Heard().update(f"{server}/2.0.0")
    assert heard.states == ["downloading", "downloaded", "verified", "updating", "updated"]
    assert [report["percent"] for report in heard.reports if report["state"] == "downloading"][-1] == 100
    assert {report["version"] for report in heard.reports[:-1]} == {"1.0.0"}
    assert heard.reports[-1]["version"] == "2.0.0"
    assert heard.said == [("succeeded", {"version": "2.0.0"}, {})]


def test_what_arrives_damaged_is_not_run(server: str) -> None:
    heard = Heard().update(f"{server}/2.0.0", is_spoilt=True)
    assert heard.states == ["downloading", "downloaded", "failed"]
    assert heard.reports[-1]["version"] == "1.0.0"
    assert "SHA-256" in heard.said[0][1]["reason"]


def test_what_cannot_be_downloaded_fails(server: str) -> None:
    heard = Heard().update(f"{server}/3.0.0")
    assert heard.states == ["downloading", "failed"]
    assert "404" in heard.reports[-1]["error"]
