"""Whether a device is there: told by its messages, by what the broker says of its connection, and by silence."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any, Literal, NamedTuple

from django.db import connection, transaction

from devices.arrays import array
from devices.models import Device, Presence, Way
from devices.models.device import DEFAULT_EXPECTED_INTERVAL, DeviceQuerySet
from devices.signals import devices_connected, presence_changed

OFFLINE_AT_LEAST = timedelta(seconds=90)
SWEEP_CHUNK = 1000
# Silence that is noticed so much too late was noticed by nobody: the portal itself was away.
BLIND_AFTER = timedelta(minutes=5)

Word = Literal["online", "offline"]


def stale_after(interval: timedelta) -> timedelta:
    """The silence after which a device that sends every `interval` is late: half the time to offline."""
    return offline_after(interval) / 2


def offline_after(interval: timedelta) -> timedelta:
    return max(3 * interval, OFFLINE_AT_LEAST)


def presence_after(last_sign: datetime | None, interval: timedelta, now: datetime) -> tuple[Presence, datetime | None]:
    """What the silence since the last sign of life says, and when it will say something else (None: never)."""
    if last_sign is None:
        return Presence.UNKNOWN, None
    if now < (due_at := last_sign + stale_after(interval)):
        return Presence.ONLINE, due_at
    if now < (due_at := last_sign + offline_after(interval)):
        return Presence.STALE, due_at
    return Presence.OFFLINE, None


class Status(NamedTuple):
    """What a device's status topic says: the device itself when it connects, the broker when it is gone.

    A retained message only repeats what was said some time ago: it counts while nothing else is known. A device may
    have several connections, as when it comes anew before the old one is known to be broken: `since` is when it was
    last heard by way of the one that ended, which means nothing if it has connected after that.
    """

    device_id: str
    word: Word
    at: datetime
    is_retained: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A device whose presence is now another."""

    pk: int
    device_id: str
    project_id: int
    presence: Presence
    last_message: datetime | None


def note_messages(times: Mapping[int, datetime]) -> list[PresenceChange]:
    """Note that devices (by primary key) have sent, and when the newest message of each was received.

    Any number of devices in three statements, for ingest's transaction: their rows stay locked until it ends.
    """
    others = times.keys() - _note_of_those_online(times)
    if not others:
        return []
    return _update(Device.objects.filter(pk__in=others), lambda row: row.heard(times[row.pk]))


NOTE_OF_THOSE_ONLINE = """
    WITH heard AS (
        SELECT * FROM unnest(%s::int8[], %s::timestamptz[]) AS heard (id, at)
    ), locked AS (
        SELECT device.id FROM devices_device device JOIN heard USING (id) ORDER BY device.id FOR NO KEY UPDATE OF device
    )
    UPDATE devices_device SET last_message = heard.at FROM heard JOIN locked USING (id)
    WHERE devices_device.id = heard.id AND last_message < heard.at
        AND (presence = 'online' AND presence_due_at IS NOT NULL OR heard.at < last_disconnect)
    RETURNING devices_device.id
"""


def _note_of_those_online(times: Mapping[int, datetime]) -> set[int]:
    """Spare nearly all devices the way through _Row.heard, which would change their last message alone; which ones.

    The others are locked too.
    """
    if connection.vendor != "postgresql" or not times:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(NOTE_OF_THOSE_ONLINE, [array(times), array(times.values())])
        return {pk for (pk,) in cursor.fetchall()}


def note_statuses(statuses: Iterable[Status], way: Way = Way.MQTT) -> list[PresenceChange]:
    """Note what is said of devices' connections, in this order. Of unknown devices: nothing."""
    by_device: dict[str, list[Status]] = defaultdict(list)
    for status in statuses:
        by_device[status.device_id].append(status)
    devices = Device.objects.filter(device_id__in=list(by_device))
    return _update(devices, lambda row: reduce(_Row.told, by_device[row.device_id], row), way)


def sweep(now: datetime) -> list[PresenceChange]:
    """Turn the devices whose silence has lasted long enough stale, then offline. Workers may sweep side by side."""
    changes: list[PresenceChange] = []
    while due := list(
        Device.objects.filter(presence_due_at__lte=now)
        .order_by("presence_due_at")
        .values_list("pk", flat=True)[:SWEEP_CHUNK]
    ):
        changes += _update(Device.objects.filter(pk__in=due, presence_due_at__lte=now), lambda row: row.silent(now))
    return changes


class _Row(NamedTuple):
    """What presence is made of, and how it changes. The methods are pure."""

    pk: int
    device_id: str
    project_id: int
    interval: timedelta | None
    presence: str
    due_at: datetime | None
    last_connect: datetime | None
    last_disconnect: datetime | None
    last_message: datetime | None
    since: datetime | None = None  # when the presence became what it is, if it did now
    blind_since: datetime | None = None  # from when to then nobody knows

    def heard(self, at: datetime) -> "_Row":
        """After a message. One that is overtaken by a newer one changes nothing."""
        if self.last_message is not None and at <= self.last_message:
            return self
        row = self._replace(last_message=at)
        return row if row.gone_since(at) else row.there(at)

    def told(self, status: Status) -> "_Row":
        """After a status message."""
        if status.is_retained and self.presence != Presence.UNKNOWN:
            return self
        if status.word == "online":
            return self if self.gone_since(status.at) else self.there(status.at)._replace(last_connect=status.at)
        if self.last_sign is not None and status.at < self.last_sign:
            return self
        if status.since is not None and self.last_connect is not None and status.since < self.last_connect:
            return self
        return self._replace(presence=Presence.OFFLINE, due_at=None, last_disconnect=status.at, since=status.at)

    def silent(self, now: datetime) -> "_Row":
        """After silence up to `now`."""
        interval = self.interval or DEFAULT_EXPECTED_INTERVAL
        presence, due_at = presence_after(self.last_sign, interval, now)
        gone = presence == Presence.OFFLINE and self.presence != Presence.OFFLINE
        turned = self.last_sign and self.last_sign + (offline_after(interval) if gone else stale_after(interval))
        is_late = turned is not None and now - turned > BLIND_AFTER
        return self._replace(
            presence=presence,
            due_at=due_at,
            last_disconnect=self.last_sign if gone else self.last_disconnect,
            since=now if is_late else turned,
            blind_since=turned if is_late else None,
        )

    @property
    def last_sign(self) -> datetime | None:
        return max(filter(None, (self.last_message, self.last_connect)), default=None)

    def gone_since(self, at: datetime) -> bool:
        return self.last_disconnect is not None and at < self.last_disconnect

    def there(self, at: datetime) -> "_Row":
        if self.presence == Presence.ONLINE and self.due_at is not None:
            # The sweep finds out by itself that it has to wait longer. Moving due_at, which is indexed, with every
            # message would cost each of them an entry in the index.
            return self
        came_back = self.presence != Presence.STALE
        return self._replace(
            presence=Presence.ONLINE,
            due_at=at + stale_after(self.interval or DEFAULT_EXPECTED_INTERVAL),
            last_connect=at if came_back else self.last_connect,
            since=at,
        )


def _update(devices: DeviceQuerySet, change: Callable[[_Row], _Row], way: Way | None = None) -> list[PresenceChange]:
    # Locked in the order of their keys, so that two processes wait for each other but never in a circle. On SQLite a
    # transaction that will write is alone from its beginning.
    with transaction.atomic():
        rows = [
            _Row(*values)
            for values in devices.select_for_update(of=("self",), no_key=True)
            .order_by("pk")
            .values_list(
                "pk",
                "device_id",
                "project_id",
                "device_type__expected_interval",
                "presence",
                "presence_due_at",
                "last_connect",
                "last_disconnect",
                "last_message",
            )
        ]
        changed = [(row, after) for row in rows if (after := change(row)) != row]
        _write([after for _, after in changed])
        _record([after for before, after in changed if after.presence != before.presence])
        if connected := [after.pk for before, after in changed if after.last_connect != before.last_connect]:
            devices_connected.send(Device, pks=connected, way=way)
        changes = [
            PresenceChange(after.pk, after.device_id, after.project_id, Presence(after.presence), after.last_message)
            for before, after in changed
            if after.presence != before.presence
        ]
        if changes:
            presence_changed.send(Device, changes=changes)
    return changes


RECORD_ALL = """
    INSERT INTO devices_presencespan (device_id, presence, since)
    SELECT * FROM unnest(%s::int8[], %s::text[], %s::timestamptz[])
"""
RECORD_ONE = "INSERT INTO devices_presencespan (device_id, presence, since) VALUES (%s, %s, %s)"


def _record(rows: Sequence[_Row]) -> None:
    """Note what begins for these devices, and before it what nobody knows."""
    adapt = connection.ops.adapt_datetimefield_value
    values = [
        (row.pk, str(presence), adapt(since))
        for row in rows
        for presence, since in ((Presence.UNKNOWN, row.blind_since), (row.presence, row.since))
        if since is not None
    ]
    _execute(RECORD_ALL, RECORD_ONE, values)


UPDATE_ALL = """
    UPDATE devices_device SET presence = new.presence, presence_due_at = new.presence_due_at,
        last_connect = new.last_connect, last_disconnect = new.last_disconnect, last_message = new.last_message
    FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::int8[])
        AS new(presence, presence_due_at, last_connect, last_disconnect, last_message, id)
    WHERE devices_device.id = new.id
"""
UPDATE_ONE = """
    UPDATE devices_device SET presence = %s, presence_due_at = %s, last_connect = %s, last_disconnect = %s,
        last_message = %s
    WHERE id = %s
"""


def _write(rows: Sequence[_Row]) -> None:
    adapt = connection.ops.adapt_datetimefield_value
    values = [
        (
            str(row.presence),
            adapt(row.due_at),
            adapt(row.last_connect),
            adapt(row.last_disconnect),
            adapt(row.last_message),
            row.pk,
        )
        for row in rows
    ]
    _execute(UPDATE_ALL, UPDATE_ONE, values)


def _execute(every: str, each: str, values: Sequence[tuple[Any, ...]]) -> None:
    """One statement: on PostgreSQL it takes the columns as arrays."""
    if not values:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(every, [array(column) for column in zip(*values, strict=True)])
        else:
            cursor.executemany(each, values)
