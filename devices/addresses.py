"""Where the portal may connect to on somebody's behalf: not into its own network, whatever a name leads to."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# Global to look at, but they carry an IPv4 address that need not be: NAT64, 6to4, Teredo.
TUNNELS = tuple(ip_network(network) for network in ("64:ff9b::/96", "2002::/16", "2001::/32"))


class AddressRefused(Exception):
    """A host the portal does not connect to. The text says why."""


class LeadsNowhere(AddressRefused):
    """Nobody knows the name, at the moment."""


def look_up(host: str, port: int, allowed: Sequence[Network] = ()) -> str:
    """One address of `host`, to be connected to as it is: asked again, the name could lead elsewhere.

    Every address of the host has to be a public one or in an `allowed` network. It asks the network's resolver, and
    may take that long.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LeadsNowhere(f"{host} leads nowhere: {error}.") from error
    addresses = [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]
    for address in addresses:
        if not may_connect(address, allowed):
            raise AddressRefused(f"{host} leads to {address}, which is not on the public network.")
    return addresses[0]


def may_connect(address: str, allowed: Sequence[Network] = ()) -> bool:
    parsed = _itself(ip_address(address))
    if any(parsed in network for network in allowed):
        return True
    return parsed.is_global and not parsed.is_multicast and not any(parsed in tunnel for tunnel in TUNNELS)


def address_or_none(text: str) -> str | None:
    """An IP address as the database takes it; None for what is none, as the peer of a unix socket."""
    try:
        return str(ip_address(text.partition("%")[0]))  # without a zone such as %eth0
    except ValueError:
        return None


def _itself(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address
