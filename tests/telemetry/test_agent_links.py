import gzip
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from telemetry.agent.links import HttpLink, Later, MqttLink, default_device_id, make_link
from telemetry.device_link import DEVICE_ID

pytestmark = pytest.mark.once

KEY = "iot_0123456789abcdef_" + "k" * 32
MESSAGES = [json.dumps({"telemetry": {"n": n}, "timestamp": f"2025-12-19T12:0{n}:00Z"}) for n in range(4)]
GOING_ON = threading.Event()
ANSWER: dict[str, Any] = {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0, "rejected": [], "unlisted": 0}


class Portal:
    """A server that answers as it is told, to see what the agent makes of answers that a real portal rarely gives."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.status, self.answer_headers, self.answer = 202, {}, json.dumps(ANSWER)  # type: ignore[var-annotated]
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                portal.bodies.append(json.loads(gzip.decompress(body)))
                portal.headers.append(dict(self.headers))
                portal.paths.append(self.path)
                self.send_response(portal.reply(portal.bodies[-1]))
                for name, value in portal.answer_headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(portal.answer.encode())

            do_GET = do_POST  # noqa: N815 (asked for by that name)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, body: Any) -> int:
        return self.status


@contextmanager
def serving(portal: Portal) -> Iterator[Portal]:
    threading.Thread(target=portal.server.serve_forever, args=(0.01,), daemon=True).start()
    yield portal
    portal.server.shutdown()
    portal.server.server_close()


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serving(Portal()) as portal:
        yield portal


def deliver(portal: Portal, messages: list[str] = MESSAGES) -> int:
    return HttpLink(portal.url, KEY).deliver(messages, GOING_ON)


def test_http_sends_one_list_in_order_with_the_key(portal: Portal) -> None:
    assert deliver(portal) == 4
    assert portal.bodies == [[json.loads(message) for message in MESSAGES]]
    assert portal.paths == ["/api/v1/telemetry"]
    assert portal.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("path", ["/", "/iot", "/iot/", "/iot/api/v1/telemetry"])
def test_a_portal_may_live_under_a_path(portal: Portal, path: str) -> None:
    HttpLink(portal.url + path, KEY).deliver(MESSAGES, GOING_ON)
    assert portal.paths == [("" if path == "/" else "/iot") + "/api/v1/telemetry"]


def test_items_the_portal_rejects_are_settled_and_logged(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    item = {"index": 2, "key": "n", "reason": "wrong_type", "detail": "The value is of another type", "count": 1}
    portal.answer = json.dumps({**ANSWER, "rejected": [item]})
    assert deliver(portal) == 4
    assert caplog.messages == ["the portal rejects n of 2025-12-19T12:02:00Z: The value is of another type"]


def test_many_rejected_items_are_few_lines(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    items = [{"index": n, "key": "n", "detail": "No"} for n in range(100)]
    portal.answer = json.dumps({**ANSWER, "rejected": items})
    deliver(portal)
    assert caplog.messages[-1] == "the portal rejects 95 more items of this list"
    assert len(caplog.messages) == 6


@pytest.mark.parametrize(
    "answer", ["", "[]", "nonsense", '{"rejected": null}', '{"rejected": "x"}', '{"rejected": [{}, 1]}']
)
def test_what_stands_beside_a_202_does_not_matter(portal: Portal, answer: str) -> None:
    portal.answer = answer
    assert deliver(portal) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 408, 429, 500, 502, 503])
def test_what_may_be_taken_later_is_kept(portal: Portal, status: int) -> None:
    portal.status = status
    with pytest.raises(Later, match=f"answers {status}"):
        deliver(portal)


@pytest.mark.parametrize("status", [200, 204])
def test_another_kind_of_server_is_told_apart(portal: Portal, status: int) -> None:
    portal.status = status
    with pytest.raises(Later, match="is no IoTSphere portal"):
        deliver(portal)


def test_a_redirect_is_not_followed_but_named(portal: Portal) -> None:
    portal.status, portal.answer_headers = 301, {"Location": "https://elsewhere.example"}
    with pytest.raises(Later, match=r"use the address itself \(https://elsewhere\.example\)"):
        deliver(portal)
    assert len(portal.paths) == 1


def test_a_problem_says_what_to_do(portal: Portal) -> None:
    portal.status, portal.answer = 401, json.dumps({"detail": "Send a live API key."})
    with pytest.raises(Later, match=r"answers 401 .*: Send a live API key\."):
        deliver(portal)


@pytest.mark.parametrize(("said", "wait"), [("7", 7.0), ("86400", 300.0), ("soon", None), (None, None)])
def test_the_portal_says_how_long_to_wait(portal: Portal, said: str | None, wait: float | None) -> None:
    portal.status, portal.answer_headers = 503, {} if said is None else {"Retry-After": said}
    with pytest.raises(Later) as later:
        deliver(portal)
    assert later.value.wait == wait


def test_nobody_there_is_no_reason_to_give_up() -> None:
    with pytest.raises(Later, match=r"nobody answers at http://127\.0\.0\.1:1: .*refused"):
        HttpLink("http://127.0.0.1:1", KEY).deliver(MESSAGES, GOING_ON)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_of_a_refused_list_only_the_culprit_is_dropped(status: int, caplog: pytest.LogCaptureFixture) -> None:
    class Picky(Portal):
        def reply(self, body: Any) -> int:
            return status if any(message["telemetry"]["n"] == 2 for message in body) else 202

    taken = []
    with serving(Picky()) as portal:
        waiting = MESSAGES[:]
        while waiting:
            waiting = waiting[deliver(portal, waiting) :]
        taken = [m["telemetry"]["n"] for body in portal.bodies if portal.reply(body) == 202 for m in body]
    assert taken == [0, 1, 3]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert '"n": 2' in caplog.text


@pytest.mark.parametrize("key", [None, "", "password", "iot_short", KEY + "\n"])
def test_http_needs_an_api_key(key: str | None) -> None:
    with pytest.raises(ValueError, match="must be an API key"):
        make_link("https://portal.example", key)


@pytest.mark.parametrize("url", ["http://", "https://:443", "https://host:x", "https://user:pw@host"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must read https://host"):
        make_link(url, KEY)


def test_an_unreadable_certificate_authority_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"certificate authority .*nowhere\.pem cannot be read"):
        make_link(f"https://portal.example?ca={tmp_path}/nowhere.pem", KEY)


@pytest.mark.parametrize("url", ["", "portal.example", "ftp://portal.example", "localhost:1883"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://"):
        make_link(url, KEY)


def test_a_key_on_an_unencrypted_way_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    make_link("http://portal.example", KEY)
    assert "unencrypted" in caplog.text


def test_a_key_on_loopback_is_not(caplog: pytest.LogCaptureFixture) -> None:
    make_link("http://localhost:8000", KEY)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("url", "given", "device_id"),
    [
        ("mqtt://broker", None, default_device_id()),
        ("mqtt://broker", "db-1", "db-1"),
        ("mqtts://db-1@broker", None, "db-1"),
        ("mqtts://db-1~0123456789abcdef:pw@broker", None, "db-1"),
    ],
)
def test_by_mqtt_the_user_name_says_which_device_it_is(url: str, given: str | None, device_id: str) -> None:
    link = make_link(url, "password", given)
    assert isinstance(link, MqttLink)
    assert link.name == f"{device_id} at the broker {'broker:8883' if 'mqtts' in url else 'broker:1883'}"


def test_sending_as_another_device_than_the_user_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    make_link("mqtts://db-1@broker", None, "db-2")
    assert "lets the user db-1 send as db-1 only, not as db-2" in caplog.text


@pytest.mark.parametrize(
    ("hostname", "device_id"),
    [
        ("db-1.example.com", "server-db-1.example.com"),
        ("böse kiste", "server-b-se-kiste"),
        ("///", "server"),
        ("x" * 80, "server-" + "x" * 57),
    ],
)
def test_any_hostname_gives_a_device_id(hostname: str, device_id: str) -> None:
    assert default_device_id(hostname) == device_id
    assert DEVICE_ID.fullmatch(device_id)
