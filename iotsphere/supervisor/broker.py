"""The embedded MQTT broker: Mosquitto where it is installed, else the development broker."""

import asyncio
import os
import re
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from iotsphere.supervisor.home import Home
from iotsphere.supervisor.options import Options, search_path
from iotsphere.supervisor.ports import IPV4, loopback_addresses
from iotsphere.supervisor.process import Program

PORTAL_USER = "iotsphere"
DEVELOPMENT_BROKER = "iotsphere.supervisor.development_broker"
# Mosquitto tells the portal of each connection, and in the same breath its output.
COMES_AND_GOES = re.compile(r"\d+: (?:New c|Client )")


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """On loopback. Who may do what is in its folder, in files that devices.broker_files keeps up to date."""

    program: Program
    port: int
    password: str
    folder: Path

    @property
    def url(self) -> str:
        """As the portal itself connects."""
        return f"mqtt://{PORTAL_USER}:{self.password}@{IPV4}:{self.port}"

    async def answers(self) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(IPV4, self.port)
            writer.close()
            return True
        return False


def embedded_broker(home: Home, options: Options) -> EmbeddedBroker:
    """Write its configuration and say how to start it."""
    mosquitto = None if options.bundled else shutil.which("mosquitto", path=search_path())
    folder = home.folder("mosquitto")
    if mosquitto:
        configuration = folder / "mosquitto.conf"
        configuration.write_text(mosquitto_configuration(folder, options))
        command: tuple[str, ...] = (mosquitto, "-c", str(configuration))
    else:
        command = (sys.executable, "-m", DEVELOPMENT_BROKER, str(options.mqtt_port), str(folder))
        if options.demo:
            command += ("--anonymous",)
    program = Program("broker", command, on_orphaned=signal.SIGTERM, hides=COMES_AND_GOES)
    return EmbeddedBroker(program, options.mqtt_port, home.secret("secrets/mqtt"), folder)


def mosquitto_configuration(folder: Path, options: Options) -> str:
    """What is acknowledged survives a crash, and a consumer that was away finds all that came meanwhile.

    It takes larger messages than the portal does, so that these are counted and shown instead of refused unseen.
    """
    listeners = "\n".join(f"listener {options.mqtt_port} {address}" for address in loopback_addresses())
    # Started by root, Mosquitto would become another user, who cannot write here and is not told of our death.
    user = "user root\n" if os.geteuid() == 0 else ""
    return f"""\
{user}allow_anonymous {"true" if options.demo else "false"}
password_file {folder / "passwords"}
acl_file {folder / "acl"}
pid_file {folder / "broker.pid"}
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
max_inflight_messages 6000
max_queued_messages 1000000
max_queued_bytes 268435456
max_packet_size 2097152
persistent_client_expiration 14d
set_tcp_nodelay true
log_dest topic
log_dest stdout
log_type error
log_type warning
log_type notice
{listeners}
"""
