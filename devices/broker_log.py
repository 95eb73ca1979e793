"""What the broker's log says of who has come in: devices that use a password or a certificate are seen nowhere else.

Mosquitto hands its log out as messages (`log_dest topic`) to those who may read it: the portal. The portal's
development broker does so too.
"""

import re
from datetime import datetime
from typing import NamedTuple

TOPIC = "$SYS/broker/log/N"

# What a client calls itself may look like a part of the line; its user name, which was proven, comes last.
_says_who_came = re.compile(r"(?:\S+: )?New client connected from (\S+):\d+ as .* \(.*u'([^']+)'\)\.").fullmatch


class Arrival(NamedTuple):
    user: str
    address: str
    at: datetime


def read(line: bytes, at: datetime) -> Arrival | None:
    """Who came in, if that is what this line of the log tells."""
    told = _says_who_came(line.decode(errors="replace"))
    return Arrival(told[2], told[1], at) if told else None


def line_about(user: str, client_id: str, address: str, port: int) -> str:
    """The line as Mosquitto writes it."""
    return f"New client connected from {address}:{port} as {client_id} (p2, c1, k60, u'{user}')."
