"""What a console may ask for, checked, and what it is sent."""

import base64
import binascii
from typing import Any

from devices.console.inbox import Message
from devices.console.publication import Publication
from telemetry.live.frames import BadRequest, Frame

MOST_TOPIC_BYTES = 1024
QOS = (0, 1, 2)


def broker_of(frame: Frame) -> str:
    name = frame.get("broker")
    if not isinstance(name, str):
        raise BadRequest('"broker" must be the name of one of the brokers that "ready" lists.')
    return name


def filter_of(frame: Frame) -> str:
    """A topic, with wildcards or without."""
    topic = _topic_of(frame)
    levels = topic.split("/")
    if any("+" in level and level != "+" for level in levels) or any("#" in level for level in levels[:-1]):
        raise BadRequest("“+” stands for one whole level of a topic, and “#” for all further levels, at the end.")
    if "#" in levels[-1] and levels[-1] != "#":
        raise BadRequest("“#” stands for all further levels: it comes after a slash, or alone.")
    if topic.startswith("$share/"):
        # A member of the group would take messages away from whoever the subscription was made for.
        raise BadRequest("The console does not take part in shared subscriptions: subscribe to the topic itself.")
    return topic


def qos_of(frame: Frame) -> int:
    qos = frame.get("qos", 0)
    if isinstance(qos, bool) or qos not in QOS:
        raise BadRequest('"qos" must be 0, 1 or 2.')
    return int(qos)


def publication_of(frame: Frame) -> Publication:
    topic = _topic_of(frame)
    if "+" in topic or "#" in topic:
        raise BadRequest("A message is published to one topic: without “+” and “#”.")
    if topic.startswith("$"):
        raise BadRequest("Topics that begin with “$” are the broker's own.")
    retain = frame.get("retain", False)
    if not isinstance(retain, bool):
        raise BadRequest('"retain" must be true or false.')
    return Publication(topic, _payload_of(frame), qos_of(frame), retain)


def message_frame(number: int, messages: list[Message], dropped: int) -> Frame:
    return {"type": "mqtt_message", "number": number, "dropped": dropped, "messages": [*map(_shown, messages)]}


def _topic_of(frame: Frame) -> str:
    topic = frame.get("topic")
    if not isinstance(topic, str) or not topic or "\0" in topic or len(topic.encode()) > MOST_TOPIC_BYTES:
        raise BadRequest(f'"topic" must be a text of 1 to {MOST_TOPIC_BYTES} bytes.')
    return topic


def _payload_of(frame: Frame) -> bytes:
    payload, encoding = frame.get("payload", ""), frame.get("encoding", "utf-8")
    if not isinstance(payload, str) or encoding not in {"utf-8", "base64"}:
        raise BadRequest('"payload" must be a text; with "encoding": "base64" it stands for bytes.')
    if encoding == "utf-8":
        return payload.encode()
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error:
        raise BadRequest('"payload" is not base64.') from None


def _shown(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "topic": message.topic,
        "qos": message.qos,
        "retain": message.retain,
        "received_at": message.received_at.isoformat().replace("+00:00", "Z"),
        "size": message.size,
    }
    is_cut = message.size > len(message.payload)
    try:
        # A cut may have gone through the middle of a character.
        text = message.payload.decode(errors="ignore" if is_cut else "strict")
    except UnicodeDecodeError:
        return {**shown, "payload": base64.b64encode(message.payload).decode(), "encoding": "base64", "cut": is_cut}
    return {**shown, "payload": text, "encoding": "utf-8", "cut": is_cut}
