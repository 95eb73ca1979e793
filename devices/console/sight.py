"""Which topics somebody may watch. On the portal's own broker those of their projects' devices."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from devices import topics
from devices.console.brokers import ListedBroker
from devices.models import Device
from devices.permissions import AnyUser, Permission

BELIEVED_FOR = 10.0  # seconds: by then a device may have moved to another project
MOST_KNOWN = 50_000


class Verdict(NamedTuple):
    may: bool
    until: float


class Sight:
    """What one person may watch on one broker, remembered for a while.

    `verdict()` may be asked in another thread than `look_up()` is called in.
    """

    def __init__(self, user: AnyUser, listed: ListedBroker) -> None:
        self._user = user
        self._everywhere = not listed.is_own or bool(getattr(user, "is_superuser", False))
        self._known: dict[str, Verdict] = {}

    def verdict(self, topic: str) -> bool | None:
        """Whether they may; None while it is not known. Never asks the database."""
        if self._everywhere:
            return True
        device_id = topics.device_of(topic)
        if device_id is None:
            return False
        known = self._known.get(device_id)
        return known.may if known is not None and known.until > time.monotonic() else None

    def can_bring(self, topic_filter: str) -> bool:
        """Whether a subscription could bring anything that they may watch. It may ask the database."""
        if self._everywhere:
            return True
        levels = topic_filter.split("/")
        for level, expected in zip(levels, ("app", "device"), strict=False):
            if level == "#":
                return True
            if level not in {"+", expected}:
                return False
        if levels[2:3] == ["#"]:
            return True
        if len(levels) < 4 or levels[2] == "+":
            return len(levels) >= 4
        of_that_device = f"app/device/{levels[2]}/…"
        self.look_up([of_that_device])
        return bool(self.verdict(of_that_device))

    def look_up(self, found: Iterable[str]) -> None:
        """Find out about these topics: one query."""
        device_ids = {device_id for topic in found if (device_id := topics.device_of(topic)) is not None}
        allowed = Device.objects.where_user_may(self._user, Permission.WATCH_MQTT).filter(device_id__in=device_ids)
        may = set(allowed.order_by().values_list("device_id", flat=True))
        until = time.monotonic() + BELIEVED_FOR
        if len(self._known) > MOST_KNOWN:
            self._known = {}
        self._known.update({device_id: Verdict(device_id in may, until) for device_id in device_ids})
