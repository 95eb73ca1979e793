"""Who may connect to the broker on this machine, and to which topics: the files that Mosquitto reads.

They lie in settings.BROKER_DIR and follow the live credentials. Mosquitto takes a certificate's user name from the
certificate, which it checks against authority and revocation list; of a connection that is open it asks neither again.
So a certificate that is revoked loses its topics with the access list, and its connection is ended by taking over the
session.
"""

import fcntl
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

import psutil
import structlog
from django.conf import settings
from django.utils.crypto import salted_hmac

from devices.authority import authority
from devices.broker_users import (
    DEVICES_READ,
    DEVICES_WRITE,
    is_certificate,
    long_user_name,
    portal_user,
    provisioning_topics,
    provisioning_user,
)
from devices.models import Credential, CredentialKind, ProvisioningKey
from devices.mqtt import end_session, parse_url
from devices.mqtt_password import hash_mqtt_password
from devices.private_file import write_privately
from devices.revocation import revocation_list

log = structlog.get_logger(__name__)

PASSWORDS, ACCESS, PID = "passwords", "acl", "broker.pid"
AUTHORITY, REVOKED = "ca.pem", "crl.pem"
DEVELOPMENT_BROKER = "iotsphere.supervisor.development_broker"


def write_broker_files() -> bool:
    """Write who may do what as it is now and tell the broker; False if that is what it knows already."""
    if not settings.BROKER_DIR:
        return False
    folder = Path(settings.BROKER_DIR)
    with _locked(folder):  # or a process that read earlier could write later
        credentials = list(Credential.objects.live().for_brokers().select_related("device").order_by("pk"))
        keys = list(ProvisioningKey.objects.live().order_by("pk"))
        bearers = _bearers(folder)
        written = [
            write_privately(
                folder / PASSWORDS,
                "\n".join([*_portal_password(), *_passwords(credentials), *_key_passwords(keys), ""]),
            ),
            write_privately(
                folder / ACCESS, "\n".join([*_portal_access(), *_access(credentials), *_key_access(keys), ""])
            ),
            write_privately(folder / AUTHORITY, authority().pem),
            write_privately(folder / REVOKED, revocation_list()),
        ]
        if any(written):
            _tell_broker(folder)
        gone = bearers - _bearers(folder)
    if gone:
        end_session(*gone)
    return any(written)


def _passwords(credentials: Iterable[Credential]) -> Iterator[str]:
    plain_names = {portal_user()}
    for credential in credentials:
        if credential.kind != CredentialKind.MQTT:
            continue
        yield f"{long_user_name(credential)}:{credential.secret_hash}"
        if (device_id := credential.device.device_id) not in plain_names:
            plain_names.add(device_id)
            yield f"{device_id}:{credential.secret_hash}"


def _access(credentials: Iterable[Credential]) -> Iterator[str]:
    for topic in DEVICES_WRITE:
        yield f"pattern write app/device/%u/{topic}"
    for topic in DEVICES_READ:
        yield f"pattern read app/device/%u/{topic}"
    for credential in credentials:
        yield f"user {long_user_name(credential)}"
        for topic in DEVICES_WRITE:
            yield f"topic write app/device/{credential.device.device_id}/{topic}"
        for topic in DEVICES_READ:
            yield f"topic read app/device/{credential.device.device_id}/{topic}"


def _lines(*parts: Iterable[str]) -> str:
    return "\n".join([*chain(*parts), ""])


def _key_passwords(keys: Iterable[ProvisioningKey]) -> Iterator[str]:
    return (f"{provisioning_user(key)}:{key.password_hash}" for key in keys)


def _key_access(keys: Iterable[ProvisioningKey]) -> Iterator[str]:
    for key in keys:
        asks, answers = provisioning_topics(key)
        yield from (f"user {provisioning_user(key)}", f"topic write {asks}", f"topic read {answers}")


def _bearers(folder: Path) -> set[str]:
    """The certificates, by user name, that the access list names."""
    with suppress(FileNotFoundError):
        lines = (folder / ACCESS).read_text().splitlines()
        users = {line.removeprefix("user ") for line in lines if line.startswith("user ")} - {portal_user()}
        return set(filter(is_certificate, users))
    return set()


def _portal_password() -> Iterator[str]:
    portal = parse_url(settings.MQTT_URL)
    if portal.username and portal.password:
        # Always the same salt, or the file would be new each time.
        salt = salted_hmac("devices.broker_files", portal.password).digest()[:12]
        yield f"{portal.username}:{hash_mqtt_password(portal.password, salt)}"


def _portal_access() -> Iterator[str]:
    if settings.DEMO:
        yield "topic readwrite #"  # before the first user: for clients without a user name
    if user := portal_user():
        yield from (f"user {user}", "topic readwrite #", "topic read $SYS/#")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell_broker(folder: Path) -> None:
    """SIGHUP makes it read the files anew and drop those who are no longer in them."""
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        broker = psutil.Process(int((folder / PID).read_text()))
        # A broker that was killed leaves its number behind, and another program may have it now.
        command = broker.cmdline()
        if Path(command[0]).name == "mosquitto" or DEVELOPMENT_BROKER in command:
            os.kill(broker.pid, signal.SIGHUP)
            log.info("broker told of changed credentials")
