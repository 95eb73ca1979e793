"""Mosquitto's password file and access list, as devices.broker_files writes them, read as Mosquitto reads them."""

from dataclasses import dataclass, field
from typing import Self

from devices.mqtt_password import mqtt_password_matches

Rule = tuple[str, str]
"""read, write or readwrite, and a topic filter."""


@dataclass(frozen=True, slots=True)
class Access:
    passwords: dict[str, str] = field(default_factory=dict)
    # By user; "" stands for clients without a user name.
    topics: dict[str, list[Rule]] = field(default_factory=dict)
    # For every user, who is %u in it.
    patterns: list[Rule] = field(default_factory=list)

    @classmethod
    def parse(cls, passwords: str, access: str) -> Self:
        parsed, user = cls(dict(line.split(":", 1) for line in passwords.splitlines() if ":" in line)), ""
        for line in access.splitlines():
            match line.split(maxsplit=1):
                case ["user", name]:
                    user = name
                case ["topic", rule]:
                    parsed.topics.setdefault(user, []).append(_rule(rule))
                case ["pattern", rule]:
                    parsed.patterns.append(_rule(rule))
        return parsed

    def knows(self, user: str, password: str) -> bool:
        return user in self.passwords and mqtt_password_matches(password, self.passwords[user])

    def allows(self, user: str, action: str, topic: str) -> bool:
        """Whether `user` ("" for none) may `read` or `write` the topic."""
        own = [(kind, pattern.replace("%u", user)) for kind, pattern in self.patterns] if user else []
        return any(action in kind and matches(topic, filter_) for kind, filter_ in self.topics.get(user, []) + own)


def matches(topic: str, filter_: str) -> bool:
    """Whether an MQTT topic filter covers the topic."""
    if topic.startswith("$") and filter_[:1] in {"#", "+"}:
        return False
    return _levels_match(topic.split("/"), filter_.split("/"))


def _levels_match(topic: list[str], filter_: list[str]) -> bool:
    for position, level in enumerate(filter_):
        if level == "#":
            return True
        if position >= len(topic) or level not in {"+", topic[position]}:
            return False
    return len(topic) == len(filter_)


def _rule(text: str) -> Rule:
    kind, _, topic = text.partition(" ")
    return kind, topic
