"""Whose credentials were used at the broker, when and from where."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Q

from devices.addresses import address_or_none
from devices.broker_log import Arrival
from devices.broker_users import long_user_name
from devices.models import Credential, CredentialKind


def note_arrivals(arrivals: Sequence[Arrival]) -> None:
    """Each credential whose bearer came in was used then, and from there."""
    last = {arrival.user: arrival for arrival in sorted(arrivals, key=lambda arrival: arrival.at)}
    used = []
    for user, credential in _bearers(last):
        _, address, at = last[user]
        if credential.last_used_at is None or credential.last_used_at < at:
            credential.last_used_at, credential.last_used_address = at, address_or_none(address)
            used.append(credential)
    Credential.objects.bulk_update(used, ["last_used_at", "last_used_address"], batch_size=500)


def _bearers(users: Iterable[str]) -> Iterator[tuple[str, Credential]]:
    """The credentials that these user names stand for, as devices.broker_users gives them."""
    users = set(users)
    known = Credential.objects.live().for_brokers().select_related("device").order_by("pk")
    named = known.filter(
        Q(public_id__in={user.partition("~")[2] for user in users})
        | Q(subject__in=users - {""})
        | Q(device__device_id__in=users, kind=CredentialKind.MQTT)
    )
    taken = set[str]()
    for credential in named:
        plain = credential.device.device_id if credential.kind == CredentialKind.MQTT else ""
        names = {long_user_name(credential), plain} & users - taken
        taken.add(plain)  # it is the eldest's
        yield from ((name, credential) for name in names)
