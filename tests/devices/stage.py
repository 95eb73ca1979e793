"""A Mosquitto as it is configured for production (deploy/mosquitto), the portal on it, and devices that come."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command

from devices import broker
from devices.authority import authority, key_pem
from devices.broker_users import user_name
from devices.credentials import issue
from devices.models import Credential, CredentialKind, Device
from devices.revocation import revocation_list
from iotsphere.supervisor.options import PROJECT_FOLDER
from iotsphere.supervisor.ports import free_port
from tests.certificates import MAKER, new_key, signed_by_maker
from tests.servers.child import Child
from tests.servers.ports import is_listening
from tests.servers.programs import program
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

SHIPPED = PROJECT_FOLDER / "deploy/mosquitto"
PASSWORD = "secret of the portal"
MAKERS_KEY = new_key()


@dataclass
class Ports:
    portal: int
    password: int
    certificate: int
    foreign: int


@dataclass
class Shown:
    """A credential, and what a device needs to present it."""

    credential: Credential
    options: dict[str, Any]


class Stage:
    """A broker, the portal's client on it, and whoever else comes."""

    def __init__(self, ports: Ports, folder: Path) -> None:
        self.ports, self.folder = ports, folder
        self.clients: list[BrokerClient] = []
        self.portal = self.client(ports.portal, "iotsphere", PASSWORD, client_id="portal")
        self.portal.subscribe("#")

    def issue(self, device: Device, kind: str) -> Shown:
        if kind == CredentialKind.MQTT:
            credential, password = issue(device, kind, None)
            return Shown(credential, {"user": user_name(credential), "password": password, "port": self.ports.password})
        credential, key = issue(device, kind, None)
        certificate, key_file = (self.folder / f"{credential.public_id}.{suffix}" for suffix in ("pem", "key"))
        certificate.write_text(credential.certificate)
        key_file.write_text(key)
        return Shown(credential, {"certificate": (certificate, key_file), "port": self.ports.certificate})

    def register(self, device: Device, name: str) -> Shown:
        """A certificate of the device's maker, who calls it `name`."""
        key = new_key()
        certificate, key_file = (self.folder / f"{name}.{suffix}" for suffix in ("pem", "key"))
        certificate.write_text(signed_by_maker(key, name=name, maker=MAKERS_KEY))
        key_file.write_text(key_pem(key))
        credential, _ = issue(device, CredentialKind.X509, None, certificate=certificate.read_text())
        return Shown(credential, {"certificate": (certificate, key_file), "port": self.ports.foreign})

    def connect(self, shown: Shown, **more: Any) -> BrokerClient:
        """A client that the broker takes; it may still be reading of the credential."""
        taken: list[BrokerClient] = []

        def is_taken() -> bool:
            taken.append(self.ask(shown, **more))
            return taken[-1].is_taken

        wait_until(is_taken, what="the broker to take the credential")
        return taken[-1]

    def ask(self, shown: Shown, **more: Any) -> BrokerClient:
        options = {**shown.options, **more}
        return self.client(options.pop("port"), options.pop("user", ""), options.pop("password", ""), **options)

    def heard(self) -> list[str]:
        return self.portal.topics()

    def client(self, *args: Any, **options: Any) -> BrokerClient:
        ca = None if args[0] == self.ports.portal else self.folder / "ca.pem"
        self.clients.append(BrokerClient(*args, ca=ca, reconnects=False, **options))
        return self.clients[-1]


@contextmanager
def staged(folder: Path, settings: Any, access: str) -> Iterator[Stage]:
    """`access` is how the broker is told: "files" or "dynsec"."""
    ports = Ports(free_port(), free_port(), free_port(), free_port())
    settings.BROKER_ACCESS, settings.BROKER_DIR = access, str(folder) if access == "files" else ""
    settings.CA_DIR, settings.DEMO = folder / "authority", False
    settings.MQTT_URL = f"mqtt://iotsphere:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{ports.portal}"
    (folder / "makers.pem").write_text(signed_by_maker(MAKERS_KEY, name=MAKER))
    call_command("broker_certificate", "127.0.0.1", folder=folder, verbosity=0)
    child = start_broker(folder, ports, access)
    stage = Stage(ports, folder)
    try:
        yield stage
    finally:
        for client in stage.clients:
            client.close()
        child.stop()
        print(child.output)


def start_broker(folder: Path, ports: Ports, access: str) -> Child:
    if access == "files":
        broker.follow()
    else:
        init = ["dynsec", "init", str(folder / "dynamic-security.json"), "iotsphere", PASSWORD]
        subprocess.run([program("mosquitto_ctrl"), *init], check=True, capture_output=True)
        (folder / "ca.pem").write_text(authority().pem)
        (folder / "crl.pem").write_text(revocation_list())
    child = Child("mosquitto", [program("mosquitto"), "-c", _configuration(folder, ports, access)], folder / "log")
    child.wait_until(lambda: all(map(is_listening, astuple(ports))))
    if access == "dynsec":
        broker.follow()
    return child


def _configuration(folder: Path, ports: Ports, access: str) -> Path:
    """The shipped one, with folders and ports of this test."""
    text = (SHIPPED / "mosquitto.conf").read_text()
    if access == "dynsec":
        plugin = (SHIPPED / "dynamic-security.conf").read_text()
        text = re.sub(r"(?m)^(password_file|acl_file|pid_file) .*$", "", text) + plugin
        text = re.sub(r"(?m)^listener 8885$", f"listener {free_port()}", text)
    text += (SHIPPED / "devices.conf").read_text() + (SHIPPED / "other-authorities.conf").read_text()
    text = re.sub(r"/var/lib/(iotsphere/broker|mosquitto)|/etc/mosquitto/certs", str(folder), text)
    for shipped, here in zip((1883, 8883, 8884, 8886), astuple(ports), strict=True):
        text = re.sub(rf"(?m)^listener {shipped}\b", f"listener {here}", text)
    file = folder / "mosquitto.conf"
    file.write_text(text if os.geteuid() else f"user root\n{text}")
    return file
