"""The loopback ports the portal listens on."""

import errno
import socket
from contextlib import closing

from iotsphere.supervisor.refusal import Refusal

IPV4, IPV6 = "127.0.0.1", "::1"


def loopback_addresses() -> list[str]:
    """Both meanings of `localhost`, where this machine has both: programs try them in either order."""
    return [IPV4, IPV6] if _can_bind(IPV6, 0) else [IPV4]


def refuse_taken_port(port: int, variable: str) -> None:
    """Raise Refusal unless `port` can be listened on; `variable` is the setting to change."""
    try:
        for address in loopback_addresses():
            _bind(address, port)
    except PermissionError:
        raise Refusal(
            f"Only an administrator may listen on port {port}: choose one above 1023, such as {variable}={port + 8000}."
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refusal(
            f"Port {port} is taken by another program: stop that one, or choose another port, "
            f"such as {variable}={_free_port_after(port)}."
        ) from None


def free_port() -> int:
    with closing(socket.create_server((IPV4, 0))) as server:
        return int(server.getsockname()[1])


def _free_port_after(port: int) -> int:
    return next(
        (
            candidate
            for candidate in range(port + 1, 65536)
            if all(_can_bind(address, candidate) for address in loopback_addresses())
        ),
        free_port(),
    )


def _can_bind(address: str, port: int) -> bool:
    try:
        _bind(address, port)
    except OSError:
        return False
    return True


def _bind(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # create_server sets SO_REUSEADDR, as the real servers do: connections of a stopped portal do not hold the port.
    socket.create_server((address, port), family=family).close()
