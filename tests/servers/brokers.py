import os
import re
import sys
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from tests.servers.child import Child
from tests.servers.ports import ReservedPort, is_listening
from tests.servers.programs import program
from tests.servers.server import Server

PRODUCTION = Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf"


class Broker(Server):
    """An MQTT broker on a port of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.url = f"mqtt://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._reserved.release()
        super().stop()

    def _launch(self) -> Child:
        self._reserved.release()
        return Child(type(self).__name__, self._command(), self.folder / "broker.log")

    def _answers(self) -> bool:
        return is_listening(self.port)

    @abstractmethod
    def _command(self) -> Sequence[str | Path]: ...


class Mosquitto(Broker):
    """Takes everybody, else as in production (deploy/mosquitto): killed, it may lose what came in its last second.

    `more` are further lines of its configuration.
    """

    def __init__(self, folder: Path, more: Sequence[str] = ()) -> None:
        super().__init__(folder)
        self._more = more

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
            "log_dest topic",
            "log_dest stderr",
            *self._more,
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # or it changes to a user who cannot write in the folder
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text("\n".join(lines) + "\n")
        return [program("mosquitto"), "-c", configuration]


class ShippedMosquitto(Broker):
    """By deploy/mosquitto, but for the places where things lie: it takes those whom the portal has written down."""

    def _command(self) -> Sequence[str | Path]:
        text = PRODUCTION.read_text()
        text = text.replace("listener 1883 ", f"listener {self.port} ")
        text = re.sub(r"/var/lib/(iotsphere/broker|mosquitto)", str(self.folder), text)
        if os.geteuid() == 0:
            text = f"user root\n{text}"
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(text)
        return [program("mosquitto"), "-c", configuration]


class DevelopmentBroker(Broker):
    """The broker inside the portal's own first-run command; takes everybody."""

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
