"""The agent's way to the portal: over the broker, or straight over HTTP with an API key."""

import gzip
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from http.client import HTTPException
from typing import IO, Any, Protocol
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from devices.mqtt_url import read_url
from telemetry.device_link import DeviceLink

logger = logging.getLogger(__name__)

PATH = "/api/v1/telemetry"
TIMEOUT = 30.0
LONGEST_WAIT = 300.0
MAX_LOGGED = 5
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What no other body could change: the key, the address, the portal's state.
NOT_THE_BODY = {401, 403, 404, 405, 408, 429}

is_api_key = re.compile(r"iot_[0-9a-f]{16}_[A-Za-z0-9_-]{20,100}").fullmatch


class Later(Exception):
    """Nothing was taken, and the same again may be taken later: why, and in how many seconds if that was said."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Link(Protocol):
    name: str  # who sends where

    def open(self) -> None: ...

    def deliver(self, messages: Sequence[str], stop: threading.Event) -> int:
        """How many of the messages, from the first on, are settled: acknowledged, or refused for good and logged.

        0 when `stop` was set before there was an answer. Raises Later.
        """

    def close(self) -> None: ...


def make_link(url: str, key: str | None = None, device_id: str | None = None) -> Link:
    """The link that an address asks for: `mqtt[s]://…` or `http[s]://…`. ValueError says what is wrong with it.

    `key` is the API key, or by MQTT the password at the broker. By MQTT the device sends as `device_id`; without it, as
    the address's user name or, failing that, under a name made of this machine's.
    """
    if urlsplit(url).scheme in {"http", "https"}:
        return HttpLink(url, key)
    return MqttLink(url, device_id or _user(url) or default_device_id(), key)


def default_device_id(hostname: str | None = None) -> str:
    """`server-<hostname>`, with everything a device ID must not hold replaced by dashes."""
    host = re.sub(r"[^A-Za-z0-9_.-]+", "-", hostname or socket.gethostname()).strip("-.")
    return f"server-{host}"[:64].rstrip("-.") if host else "server"


def _user(url: str) -> str:
    """The device that a user name at the portal's broker belongs to: `<device ID>` or `<device ID>~<credential>`."""
    return (read_url(url).username or "").partition("~")[0]


class MqttLink:
    """One list in flight at a time, acknowledged by the broker, which keeps it for the portal."""

    def __init__(self, url: str, device_id: str, password: str | None = None) -> None:
        self._link = DeviceLink(url, device_id, password=password)
        self.name = f"{device_id} at the broker {read_url(url)}"
        user = _user(url)
        if user and user != device_id:
            logger.warning("The portal's broker lets the user %s send as %s only, not as %s", user, user, device_id)

    def open(self) -> None:
        self._link.open()

    def deliver(self, messages: Sequence[str], stop: threading.Event) -> int:
        body = f"[{','.join(messages)}]"
        return len(messages) if self._link.deliver(body, stop) else 0

    def close(self) -> None:
        self._link.close()


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the key to another address, and the body would get lost."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        return None


class HttpLink:
    """POST of a list, settled by 202. What the portal refuses as a whole is halved until the culprit is alone."""

    def __init__(self, url: str, key: str | None) -> None:
        """`http[s]://host[:port][/path][?ca=/path/to/ca.pem]`, the portal's own address."""
        address = urlsplit(url)
        try:
            valid = bool(address.hostname) and address.port != 0
        except ValueError:
            valid = False
        if not valid or address.username is not None:
            raise ValueError("The portal's address must read https://host[:port], without user name or password.")
        if not key or not is_api_key(key):
            raise ValueError("Over HTTP the key must be an API key of the device: iot_…, as the portal showed it.")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            logger.warning("http:// sends the API key unencrypted: anybody on the way can read it. Use https://")
        self._portal = f"{address.scheme}://{address.netloc}"
        self.name = f"the device of the key at {self._portal}"
        self._address = f"{self._portal}{address.path.rstrip('/').removesuffix(PATH)}{PATH}"
        self._key = key
        ca_file = parse_qs(address.query).get("ca", [None])[0]
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise ValueError(f"The certificate authority {ca_file} cannot be read: {error}.") from error
        self._opener = build_opener(_NoRedirects, HTTPSHandler(context=context))

    def open(self) -> None:
        """Nothing to do: each request stands alone."""

    def close(self) -> None:
        """Nothing to do."""

    def deliver(self, messages: Sequence[str], stop: threading.Event) -> int:
        try:
            receipt = self._post(f"[{','.join(messages)}]".encode())
        except HTTPError as error:
            with error:
                return self._refused(error, messages, stop)
        except (OSError, HTTPException) as error:
            raise Later(f"nobody answers at {self._portal}: {getattr(error, 'reason', None) or error!r}") from error
        _log_rejected(receipt, messages)
        return len(messages)

    def _post(self, body: bytes) -> Any:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": "iotsphere-agent",
        }
        request = Request(self._address, gzip.compress(body, 6), headers)  # noqa: S310 (http or https, see make_link)
        with self._opener.open(request, timeout=TIMEOUT) as answer:
            if answer.status != 202:
                raise Later(f"{self._address} is no IoTSphere portal: it answers {answer.status}")
            return _json(answer)

    def _refused(self, error: HTTPError, messages: Sequence[str], stop: threading.Event) -> int:
        said = _json(error)
        detail = said.get("detail") if isinstance(said, dict) else None
        reason = f"{self._address} answers {error.code} {error.reason}" + (f": {detail}" if detail else "")
        if 300 <= error.code < 400:
            reason += f"; redirects are not followed, use the address itself ({error.headers.get('Location')})"
        if not 400 <= error.code < 500 or error.code in NOT_THE_BODY:
            raise Later(reason, _seconds(error.headers.get("Retry-After")))
        if len(messages) > 1:
            return self.deliver(messages[: len(messages) // 2], stop)
        logger.error("a reading is dropped, the portal does not take it: %s: %.200s", reason, messages[0])
        return 1


def _seconds(text: str | None) -> float | None:
    return min(float(text), LONGEST_WAIT) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


def _json(answer: Any) -> Any:
    try:
        return json.loads(answer.read(1_000_000))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None  # a proxy's page, or an answer cut short: the status has said what counts


def _log_rejected(receipt: Any, messages: Sequence[str]) -> None:
    listed = receipt.get("rejected") if isinstance(receipt, dict) else None
    rejected = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    times = [json.loads(message).get("timestamp") for message in messages] if rejected else []
    for item in rejected[:MAX_LOGGED]:
        index, what = item.get("index"), item.get("key") or "a reading"
        time = times[index] if isinstance(index, int) and 0 <= index < len(times) else "unknown time"
        logger.warning("the portal rejects %s of %s: %s", what, time, item.get("detail"))
    if len(rejected) > MAX_LOGGED:
        logger.warning("the portal rejects %d more items of this list", len(rejected) - MAX_LOGGED)
