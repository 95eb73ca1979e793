"""A POST on somebody's behalf, to public addresses alone."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from alerts.notify.undelivered import Gone, Undelivered
from devices.addresses import AddressRefused, LeadsNowhere, look_up

TIMEOUT = 10.0
MAX_ANSWER = 200
GONE = {404, 410}


def post(url: str, body: bytes, headers: Mapping[str, str]) -> str:
    """POST to the address that the name leads to now, whatever it leads to a moment later. Follows no redirect.

    What was answered; raises Undelivered for anything but 2xx, Gone for what says that there is nobody.
    """
    parts, port = _read(url)
    host = parts.hostname or ""
    try:
        address = look_up(host, port, settings.WEBHOOK_PRIVATE_NETWORKS)
    except AddressRefused as error:
        raise Undelivered(str(error)) from error
    connection = (_PinnedTLS if parts.scheme == "https" else _Pinned)(address, host, port)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read(MAX_ANSWER).decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise (Gone if answer.status in GONE else Undelivered)(f"{answer.status} {answer.reason} {text}".strip())
    return f"{answer.status} {answer.reason}"


def check_address(url: str) -> None:
    """Raise Undelivered for what can never be posted to, or leads into the portal's own network now."""
    parts, port = _read(url)
    try:
        look_up(parts.hostname or "", port, settings.WEBHOOK_PRIVATE_NETWORKS)
    except LeadsNowhere:
        return  # it may lead somewhere by the time something is sent
    except AddressRefused as error:
        raise Undelivered(str(error)) from error


def _read(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Undelivered(f"The address cannot be read: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Undelivered("The address is not http or https.")
    return parts, port


class _Pinned(http.client.HTTPConnection):
    """Speaks to one address, in the name of a host."""

    def __init__(self, address: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), TIMEOUT)


class _PinnedTLS(_Pinned):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
