"""How a simulated device takes commands and settings: at once or slowly, with a refusal, or not at all."""

import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, runtime_checkable

from iotsphere.simulator.firmware import FIRST_VERSION, Firmware

Json = dict[str, Any]
UPDATE_FIRMWARE = "update_firmware"

REMEMBERED = 100


class Unable(Exception):
    """The device refuses a command; the text says why."""


@runtime_checkable
class Obedient(Protocol):
    """A simulated device that can be told what to do."""

    def settings(self) -> Json:
        """What it is set to."""

    def set(self, desired: Json) -> None:
        """Take settings; what it does not know it ignores."""

    def do(self, name: str, params: Mapping[str, Any], moment: float) -> Json:
        """Carry a command out: what it says of the result. Raises Unable."""


class Telling(Protocol):
    """A device's way to say something (telemetry.device_link)."""

    def reply(self, command_id: str, status: str, *, result: Any = None, reason: str = "") -> None: ...

    def report(self, state: Mapping[str, Any], version: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device obeys."""

    delay: float = 0.5
    """Seconds from a command or a setting to its being done."""
    answers: bool = True
    """False: commands and settings reach it and nothing comes back, as from a controller that hangs."""
    spoils_firmware: bool = False
    """What it downloads arrives damaged: its updates fail."""
    refuses: Mapping[str, str] = field(default_factory=dict)
    """Names of commands, and what it says instead of obeying."""


class Hand:
    """What a device does with what it is told. The first three methods may be called in any thread."""

    def __init__(self, device: Obedient, manner: Manner, link: Telling, version: str = FIRST_VERSION) -> None:
        self._device, self._manner, self._link = device, manner, link
        self._firmware = Firmware(link.report, version, manner.delay, is_spoilt=manner.spoils_firmware)
        self._told: queue.SimpleQueue[tuple[float, Json | tuple[int, Json]]] = queue.SimpleQueue()
        self._waiting: list[tuple[float, Json | tuple[int, Json]]] = []
        # By the command's ID: it may come again.
        self._said: dict[str, tuple[str, Any, str]] = {}
        self._version: int | None = None

    def command(self, body: Json) -> None:
        self._told.put((time.monotonic(), body))

    def desired(self, version: int, state: Json) -> None:
        self._told.put((time.monotonic(), (version, state)))

    def introduce(self) -> None:
        """Say what the device is set to, and what runs on it."""
        if self._manner.answers:
            self._link.report({**self._device.settings(), "firmware": self._firmware.reported}, self._version)

    def work(self) -> None:
        """Do what is due."""
        while not self._told.empty():
            came, what = self._told.get()
            if self._manner.answers and not (isinstance(what, dict) and self._is_known(what)):
                self._waiting.append((came + self._manner.delay, what))
        now = time.monotonic()
        due = [what for at, what in self._waiting if at <= now]
        self._waiting = [(at, what) for at, what in self._waiting if at > now]
        for what in due:
            if isinstance(what, dict):
                self._carry_out(what)
            else:
                self._version = what[0]
                self._device.set(what[1])
                self._link.report(self._device.settings(), self._version)

    def _is_known(self, command: Json) -> bool:
        """Whether it came before; then the device says again what it said."""
        command_id = str(command["id"])
        if command_id not in self._said:
            self._say(command_id, "delivered")
            return False
        status, result, reason = self._said[command_id]
        self._link.reply(command_id, status, result=result, reason=reason)
        return True

    def _carry_out(self, command: Json) -> None:
        command_id, name = str(command["id"]), str(command["name"])
        if name in self._manner.refuses:
            self._say(command_id, "rejected", reason=self._manner.refuses[name])
        elif datetime.fromisoformat(command["expires"]) < datetime.now(UTC):
            self._say(command_id, "rejected", reason="It came too late.")
        elif name == UPDATE_FIRMWARE:
            self._firmware.begin(command["params"], partial(self._say, command_id))
        else:
            try:
                self._say(command_id, "succeeded", self._device.do(name, command["params"], time.time()))
            except Unable as error:
                self._say(command_id, "failed", reason=str(error))

    def _say(self, command_id: str, status: str, result: Any = None, reason: str = "") -> None:
        self._said[command_id] = status, result, reason
        for old in list(self._said)[:-REMEMBERED]:
            del self._said[old]
        self._link.reply(command_id, status, result=result, reason=reason)
