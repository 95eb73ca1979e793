"""Who may connect to a broker on another machine: told to Mosquitto's dynamic security plugin over MQTT.

Each live credential is a client of the plugin, each device a role with its topics. Clients without `~` or `=` in their
name and roles that do not begin with `device:` are people's own and left alone, but for the portal's own role.
"""

import json
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import paho.mqtt.client as mqtt
import structlog

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
from devices.mqtt import make_client

log = structlog.get_logger(__name__)

ASK, ANSWERS = "$CONTROL/dynamic-security/v1", "$CONTROL/dynamic-security/v1/response"
PATIENCE = 5.0
AT_ONCE = 50
PORTAL_ROLE = "iotsphere"
OWN_ROLES = "device:"
# Everybody may ask, and is sent what they may read: as with files.
DEFAULTS = {"publishClientSend": False, "publishClientReceive": False, "subscribe": True, "unsubscribe": True}
PORTAL_MAY = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")

Command = dict[str, Any]


class BrokerDoesNotObey(Exception):
    """The broker does not answer, or says why not."""


class User(NamedTuple):
    """Who the broker should let in, and what for."""

    name: str
    role: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    has_password: bool

    @property
    def client(self) -> Command:
        return {"username": self.name, "roles": [{"rolename": self.role}]}

    @property
    def role_with_topics(self) -> Command:
        acls = [("publishClientSend", topic) for topic in self.writes]
        acls += [("publishClientReceive", topic) for topic in self.reads]
        return {
            "rolename": self.role,
            "acls": [{"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in acls],
        }


class Drift(NamedTuple):
    """What the broker knew otherwise than it should and was told again; `lost` are passwords nobody can restore."""

    corrected: int
    lost: list[str]


def admit(credential: Credential, password: str) -> None:
    """Let the device in; BrokerDoesNotObey if it is not let in now."""
    _admit(_of_device(credential), password if credential.kind == CredentialKind.MQTT else "")


def admit_provisioning_key(key: ProvisioningKey, password: str) -> None:
    _admit(_of_key(key), password)


def dismiss(name: str) -> None:
    """Let this user in no more and end its connection. Should the broker not answer, `reconcile` makes it good."""
    try:
        with Control() as control:
            control.tell([{"command": "deleteClient", "username": name}], but="not found")
    except BrokerDoesNotObey as error:
        log.error("the broker still lets a revoked credential in", user=name, error=str(error))


def reconcile() -> Drift:
    """Compare what the broker knows with what it should, and correct it."""
    credentials = Credential.objects.live().for_brokers().select_related("device").order_by("pk")
    keys = ProvisioningKey.objects.live().order_by("pk")
    wanted = [*map(_of_device, credentials), *map(_of_key, keys)]
    with Control() as control:
        control.see_to_own_role()
        defaults = {acl["acltype"]: acl["allow"] for acl in control.ask({"command": "getDefaultACLAccess"})["acls"]}
        roles = {role["rolename"]: role for role in control.every("listRoles", "roles")}
        clients = {client["username"]: client for client in control.every("listClients", "clients")}
        commands = [
            *_default_commands(defaults),
            *_role_commands(wanted, roles),
            *_client_commands(wanted, clients),
            # Last: Mosquitto 2.0 goes on reading a role that was deleted while clients had it.
            *_surplus_role_commands(wanted, roles, clients),
        ]
        control.tell(commands)
    lost = [user.name for user in wanted if user.has_password and user.name not in clients]
    if commands:
        log.warning("the broker was told again what it had forgotten", corrections=len(commands))
    if lost:
        log.error("the broker has lost passwords: revoke them and issue others", users=lost)
    return Drift(len(commands), lost)


def _admit(user: User, password: str) -> None:
    secret = {"password": password} if password else {}
    with Control() as control:
        control.tell([{"command": "createRole", **user.role_with_topics}], but="already exists")
        control.tell([{"command": "createClient", **user.client, **secret}])


def _of_device(credential: Credential) -> User:
    device_id = credential.device.device_id
    own = f"app/device/{device_id}"
    return User(
        long_user_name(credential),
        f"{OWN_ROLES}{device_id}",
        writes=tuple(f"{own}/{topic}" for topic in DEVICES_WRITE),
        reads=tuple(f"{own}/{topic}" for topic in DEVICES_READ),
        has_password=credential.kind == CredentialKind.MQTT,
    )


def _of_key(key: ProvisioningKey) -> User:
    asks, answers = provisioning_topics(key)
    name = provisioning_user(key)
    return User(name, f"{OWN_ROLES}{name}", writes=(asks,), reads=(answers,), has_password=True)


def _default_commands(known: dict[str, bool]) -> list[Command]:
    acls = [{"acltype": kind, "allow": allow} for kind, allow in DEFAULTS.items()]
    return [] if known == DEFAULTS else [{"command": "setDefaultACLAccess", "acls": acls}]


def _role_commands(wanted: Iterable[User], known: dict[str, Any]) -> list[Command]:
    commands = []
    for name, role in {user.role: user.role_with_topics for user in wanted}.items():
        if name not in known:
            commands.append({"command": "createRole", **role})
        elif _topics(known[name]) != _topics(role):
            commands.append({"command": "modifyRole", **role})
    return commands


def _client_commands(wanted: Iterable[User], known: dict[str, Any]) -> list[Command]:
    commands = []
    for user in wanted:
        client = known.get(user.name)
        if client is None:
            if not user.has_password:
                commands.append({"command": "createClient", **user.client})
            continue
        if client.get("roles", []) != user.client["roles"] or client.get("groups"):
            commands.append({"command": "modifyClient", **user.client, "groups": []})
        if client.get("disabled"):
            commands.append({"command": "enableClient", "username": user.name})
    surplus = [name for name in known if _is_ours(name) and name not in {user.name for user in wanted}]
    return [*commands, *({"command": "deleteClient", "username": name} for name in surplus)]


def _surplus_role_commands(wanted: Iterable[User], known: Iterable[str], clients: dict[str, Any]) -> list[Command]:
    held = {role["rolename"] for name, one in clients.items() if not _is_ours(name) for role in one.get("roles", [])}
    needed = held | {user.role for user in wanted}
    surplus = [name for name in known if name.startswith(OWN_ROLES) and name not in needed]
    return [{"command": "deleteRole", "rolename": name} for name in surplus]


def _is_ours(name: str) -> bool:
    return "~" in name or is_certificate(name)


def _topics(role: Command) -> set[tuple[str, str, bool]]:
    return {(acl["acltype"], acl["topic"], acl["allow"]) for acl in role.get("acls", [])}


class Control:
    """A connection to the plugin, as the portal. Every method raises BrokerDoesNotObey."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._answered = threading.Condition()
        self._answers: dict[str, Command] = {}
        self._client, self._broker = make_client(f"iotsphere-control-{uuid4().hex[:12]}")
        self._client.connect_timeout = PATIENCE
        self._client.on_connect = lambda client, *_: client.subscribe(ANSWERS, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_disconnect = lambda *_: self._ready.clear()
        self._client.on_message = self._take

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except OSError as error:
            raise BrokerDoesNotObey(f"The broker does not answer: {error}.") from error
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def tell(self, commands: Sequence[Command], *, but: str = "") -> None:
        """Have it do this; an error that says `but` is as good."""
        for start in range(0, len(commands), AT_ONCE):
            for answer in self._ask(commands[start : start + AT_ONCE]):
                error = answer.get("error", "")
                if error and not (but and but in error.lower()):
                    raise BrokerDoesNotObey(f"{answer.get('command')}: {error}.")

    def ask(self, command: Command) -> Command:
        [answer] = self._ask([command])
        if "error" in answer:
            raise BrokerDoesNotObey(f"{command['command']}: {answer['error']}.")
        return answer.get("data", {})

    def every(self, command: str, name: str) -> list[Command]:
        """All that a list holds, a page at a time."""
        rows: list[Command] = []
        while True:
            page = self.ask({"command": command, "verbose": True, "count": AT_ONCE, "offset": len(rows)})
            rows += page[name]
            if not page[name] or len(rows) >= page["totalCount"]:
                return rows

    def see_to_own_role(self) -> None:
        """The account that the plugin is set up with may control it and listen, but not publish to devices."""
        own = self.ask({"command": "getClient", "username": portal_user()})["client"]
        if {"rolename": PORTAL_ROLE} in own.get("roles", []):
            return
        acls = [{"acltype": kind, "topic": "#", "allow": True} for kind in PORTAL_MAY]
        self.tell([{"command": "createRole", "rolename": PORTAL_ROLE, "acls": acls}], but="already exists")
        with suppress(BrokerDoesNotObey):  # it ends the connections of who is given a role, and this is one of them
            self.tell([{"command": "addClientRole", "username": portal_user(), "rolename": PORTAL_ROLE}])

    def _ask(self, commands: Sequence[Command]) -> list[Command]:
        if not self._ready.wait(PATIENCE):
            raise BrokerDoesNotObey("The broker does not answer, or does not know the portal.")
        tagged = {uuid4().hex: command for command in commands}
        body = {"commands": [{**command, "correlationData": tag} for tag, command in tagged.items()]}
        self._client.publish(ASK, json.dumps(body), 1)
        with self._answered:
            complete = self._answered.wait_for(
                lambda: tagged.keys() <= self._answers.keys() or not self._ready.is_set(), PATIENCE
            )
            if not complete or not tagged.keys() <= self._answers.keys():
                raise BrokerDoesNotObey("The broker's dynamic security plugin does not answer.")
            return [self._answers.pop(tag) for tag in tagged]

    def _take(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        """Answers of others come here too."""
        answers = json.loads(message.payload).get("responses", [])
        with self._answered:
            self._answers |= {answer["correlationData"]: answer for answer in answers if "correlationData" in answer}
            self._answered.notify_all()
