"""The brokers that the console may connect to: settings.MQTT_CONSOLE_BROKERS, and the portal's own."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from devices.addresses import Network, look_up
from devices.models import Project
from devices.mqtt import parse_url
from devices.mqtt_url import Broker, read_url
from devices.permissions import AnyUser, Permission

OWN = "Portal"


@dataclass(frozen=True, slots=True)
class ListedBroker:
    name: str
    broker: Broker
    is_own: bool = False
    # Whose broker it is, by the project's slug; empty: that of everybody who may use the console.
    project: str = ""
    networks: tuple[Network, ...] = ()

    def look_up(self) -> str:
        """The address to connect to. Raises AddressRefused; may take as long as the resolver does."""
        if self.is_own:
            return self.broker.host  # the portal is connected to it anyway
        return look_up(self.broker.host, self.broker.port, self.networks)


def listed_brokers() -> list[ListedBroker]:
    """The portal's own, then the others. Raises ValueError for an entry that cannot be read."""
    own = ListedBroker(OWN, parse_url(settings.MQTT_URL), is_own=True)
    return [own, *map(read_entry, settings.MQTT_CONSOLE_BROKERS)]


def brokers_for(user: AnyUser) -> list[ListedBroker]:
    """Those `user` may connect to; none for whom the console is not."""
    projects = set(Project.objects.where_user_may(user, Permission.WATCH_MQTT).values_list("slug", flat=True))
    if not projects and not getattr(user, "is_superuser", False):
        return []
    return [listed for listed in listed_brokers() if not listed.project or listed.project in projects]


def read_entry(entry: str) -> ListedBroker:
    """`Name=mqtt[s]://[user:password@]host[:port][?ca=…&project=<slug>&network=<CIDR>]`.

    A host given as an address is meant; one given by name has to lead to the public network, or to a `network` of the
    entry (there may be several).
    """
    name, _, url = entry.partition("=")
    name = name.strip()
    if not name or name == OWN or not url:
        raise ValueError(f"An entry reads Name=mqtt://…, and the name is not {OWN!r}.")
    broker = read_url(url)
    query = parse_qs(urlsplit(url).query)
    networks = [ip_network(network) for network in query.get("network", [])]
    try:
        networks.append(ip_network(ip_address(broker.host)))
    except ValueError:
        pass  # a name
    return ListedBroker(name, broker, project=query.get("project", [""])[0], networks=tuple(networks))
