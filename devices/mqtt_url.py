"""What an MQTT address says. Without Django, for what runs on machines that have no portal."""

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Broker(NamedTuple):
    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None
    ca_file: str | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_url(url: str) -> Broker:
    """`mqtt[s]://[user:password@]host[:port][?ca=/path/to/ca.pem]`; anything else raises ValueError."""
    address = urlsplit(url)
    try:
        port = address.port or DEFAULT_PORTS[address.scheme]
    except (KeyError, ValueError):
        port = 0
    if address.scheme not in DEFAULT_PORTS or not address.hostname or not port:
        # Without the address: it may hold a password.
        raise ValueError("MQTT_URL must read mqtt://[user:password@]host[:1883] or mqtts://….")
    return Broker(
        host=address.hostname,
        port=port,
        tls=address.scheme == "mqtts",
        username=None if address.username is None else unquote(address.username),
        password=None if address.password is None else unquote(address.password),
        ca_file=parse_qs(address.query).get("ca", [None])[0],
    )
