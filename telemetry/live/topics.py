"""What people can subscribe to: devices, and what other apps add (settings.LIVE_TOPICS)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from telemetry.live.events import Entry, News
from telemetry.live.feed import Route, Subject
from telemetry.live.frames import BadRequest, Frame, Refused
from telemetry.live.state import MOST_DEVICES, DevicesWish, Wish


@dataclass(frozen=True, slots=True)
class Topic:
    """What there is to tell, by ID, under a name: that of what clients ask for, of what they are told, and of the news
    in the stream.
    """

    name: str
    read: Callable[[Any], Wish]  # what a client asks for; raises Refused
    routes: Callable[[str, Mapping[str, Any]], Iterable[Route]]  # whom the news of one ID is for


def wish_of(frame: Frame) -> Wish:
    """What a client wants to subscribe to. Raises Refused."""
    asked = [name for name in ("project", *topics()) if frame.get(name) is not None]
    if asked == ["project"] and isinstance(frame["project"], str):
        return DevicesWish(project=frame["project"])
    if len(asked) != 1 or asked == ["project"]:
        others = ", ".join(f'"{name}"' for name in topics() if name != DEVICES.name)
        raise BadRequest(f'Give either "devices", a list of device IDs, or "project", a slug, or one of {others}.')
    return topics()[asked[0]].read(frame[asked[0]])


def concerning(subject: Subject, topic: str, news: News) -> News:
    """The part of `news` that is about `subject`."""
    routes = topics()[topic].routes
    return {key: each for key, each in news.items() if not subject.isdisjoint(routes(key, each))}


def news_of(entry: Entry, topic: str) -> News:
    """What an entry of the stream tells of a topic."""
    return cast(News, entry.get(topic, {}))


@cache
def topics() -> dict[str, Topic]:
    """All there are, by name."""
    others: list[Topic] = [import_string(path) for path in settings.LIVE_TOPICS]
    return {topic.name: topic for topic in (DEVICES, *others)}


def _read_devices(said: Any) -> DevicesWish:
    if not isinstance(said, list) or not said or not all(isinstance(device_id, str) for device_id in said):
        raise BadRequest('"devices" must be a list of device IDs.')
    if len(said) > MOST_DEVICES:
        raise Refused("limit", f"A subscription may name {MOST_DEVICES} devices: use several.")
    return DevicesWish(device_ids=frozenset(said))


def _routes_of_device(device_id: str, change: Mapping[str, Any]) -> tuple[Route, ...]:
    return change["project"], (change["project"], device_id)


DEVICES = Topic("devices", _read_devices, _routes_of_device)
