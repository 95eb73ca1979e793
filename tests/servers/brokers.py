import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.servers.child import Child
from tests.servers.ports import ReservedPort, is_listening
from tests.servers.programs import program


class Broker(ABC):
    """An MQTT broker that takes everybody, on a port of its own: started on first need, and again after `kill()`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._child: Child | None = None

    def start(self) -> Self:
        if self._child is None or not self._child.is_running:
            self.folder.mkdir(exist_ok=True)
            self._reserved.release()
            self._child = Child(type(self).__name__, self._command(), self.folder / "broker.log")
            self._child.wait_until(lambda: is_listening(self.port))
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._reserved.release()
        if self._child is not None:
            self._child.stop(how)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    @abstractmethod
    def _command(self) -> Sequence[str | Path]: ...


class Mosquitto(Broker):
    """As in production (deploy/mosquitto): it keeps its messages; killed, it may lose those of its last second."""

    def _command(self) -> Sequence[str | Path]:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "autosave_on_changes false",
            "max_inflight_messages 10000",
            "max_queued_messages 0",
            "max_queued_bytes 268435456",
            "max_packet_size 2097152",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # or it changes to a user who cannot write in the folder
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text("\n".join(lines) + "\n")
        return [program("mosquitto"), "-c", configuration]


class DevelopmentBroker(Broker):
    """The broker inside the portal's own first-run command."""

    def _command(self) -> Sequence[str | Path]:
        (self.folder / "passwords").touch()
        (self.folder / "acl").write_text("topic readwrite #\n")
        return [
            sys.executable,
            "-m",
            "iotsphere.supervisor.development_broker",
            str(self.port),
            self.folder,
            "--anonymous",
        ]
