"""Commands to devices: send, take back, hand over, and note what is known of them.

Rows of devices_command are the outbox: whatever is to be done about a command next is done when `due_at` has come
(devices.outbox), by whichever worker sees it first. So a process that dies takes no command with it, and a command that
is sent twice is the same one to the device, which knows it by its id.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, TextChoices
from django.utils import timezone
from structlog.contextvars import get_contextvars

from devices.audit import record
from devices.command_states import DELIVERED, ENDINGS, QUEUED, REPLIES, SENT, UNDELIVERED, CommandStatus, moves
from devices.firmware.links import link
from devices.models import Command, CommandStep, CommandType, Device, Lifecycle, Project, Way, Witness
from devices.models.command import UPDATE_FIRMWARE
from devices.permissions import AnyUser, Permission
from devices.schemas import complaints, unstorable
from devices.signals import commands_changed
from devices.wake import wake_outbox

log = structlog.get_logger(__name__)

MOST_OPEN = 100  # commands of one device
MOST_HANDED_OVER = 20
LONGEST_REASON = 500
LONGEST_EXPIRY = timedelta(days=90)
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(minutes=1)


class SkipReason(TextChoices):
    """Why a device is not sent a command."""

    NOT_FOUND = "not_found", "There is no such device that you can see"
    NOT_ALLOWED = "not_allowed", "You may not send commands in its project"
    OUT_OF_SERVICE = "out_of_service", "It is not in service"
    NO_SUCH_COMMAND = "no_such_command", "Its type takes no such command"
    BAD_PARAMS = "bad_params", "The parameters do not fit"
    TOO_MANY = "too_many", f"{MOST_OPEN} commands wait for it already"


@dataclass(frozen=True, slots=True)
class Skipped:
    device_id: str
    reason: SkipReason
    details: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return " ".join([f"{self.reason.label}{':' if self.details else '.'}", *self.details])


@dataclass(frozen=True, slots=True)
class Plan:
    """To whom a command would go, as what, and who would be left out."""

    targets: list[tuple[Device, CommandType]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a device says of a command."""

    status: CommandStatus
    result: Any = None
    reason: str = ""


def plan(by: "AnyUser | None", name: str, params: Mapping[str, Any], devices: Iterable[Device]) -> Plan:
    """What `send` would do; nothing happens. `by` None is the portal itself, which may do everything."""
    devices = list(devices)
    projects = Project.objects.all() if by is None else Project.objects.where_user_may(by, Permission.SEND_COMMANDS)
    allowed = set(projects.filter(pk__in={device.project_id for device in devices}).values_list("pk", flat=True))
    of_types = CommandType.objects.filter(name=name, device_type__in={device.device_type_id for device in devices})
    types = {command_type.device_type_id: command_type for command_type in of_types}
    wrong = {pk: tuple(complaints(command_type.params_schema, params)) for pk, command_type in types.items()}
    waiting = Counter(dict(_open_counts(devices)))
    made = Plan()
    for device in devices:
        command_type = types.get(device.device_type_id or 0)
        if device.project_id not in allowed:
            made.skipped.append(Skipped(device.device_id, SkipReason.NOT_ALLOWED))
        elif device.lifecycle != Lifecycle.ACTIVE:
            made.skipped.append(Skipped(device.device_id, SkipReason.OUT_OF_SERVICE))
        elif command_type is None:
            made.skipped.append(Skipped(device.device_id, SkipReason.NO_SUCH_COMMAND))
        elif details := wrong[command_type.device_type_id]:
            made.skipped.append(Skipped(device.device_id, SkipReason.BAD_PARAMS, details))
        elif waiting[device.pk] >= MOST_OPEN:
            made.skipped.append(Skipped(device.device_id, SkipReason.TOO_MANY))
        else:
            made.targets.append((device, command_type))
    return made


@transaction.atomic
def send(
    by: "AnyUser | None",
    name: str,
    params: Mapping[str, Any],
    devices: Iterable[Device],
    *,
    expires_in: timedelta | None = None,
) -> tuple[list[Command], list[Skipped]]:
    """Queue the command for each device that can be sent it. Who is offline gets it on its return, until it expires."""
    made = plan(by, name, params, devices)
    return queue(by, made.targets, params, expires_in=expires_in), made.skipped


@transaction.atomic
def queue(
    by: "AnyUser | None",
    targets: Iterable[tuple[Device, CommandType]],
    params: Mapping[str, Any],
    *,
    expires_in: timedelta | None = None,
) -> list[Command]:
    """Queue a command for each device, in their order. Whether they may be sent it has been asked before."""
    now = timezone.now()
    trace_id = str(get_contextvars().get("request_id") or "")[:64]
    commands = [
        Command(
            device=device,
            name=command_type.name,
            label=command_type.label,
            params=dict(params),
            created_at=now,
            created_by_id=None if by is None else by.pk,
            changed_at=now,
            timeout=command_type.timeout,
            expires_at=now + (expires_in or command_type.expires_after),
            due_at=now,
            trace_id=trace_id,
        )
        for device, command_type in targets
    ]
    Command.objects.bulk_create(commands)
    witness, who = (Witness.PORTAL, "") if by is None else (Witness.PERSON, by.get_username())
    CommandStep.objects.bulk_create(
        CommandStep(command=command, status=QUEUED, at=now, witness=witness, detail=who) for command in commands
    )
    for command in commands:
        device = command.device
        record(
            by,
            "command.sent",
            device,
            project=device.project,
            command=str(command.pk),
            name=command.name,
            params=command.params,
        )
    if commands:
        _tell(commands)
        wake_outbox()
    return commands


def cancel(command: Command, by: "AnyUser | None") -> Command | None:
    """Take a command back that nobody has been told of yet. None if it is too late for that."""
    with transaction.atomic():
        locked = _lock(command.pk)
        if locked is None or locked.status != QUEUED or _is_claimed(locked, timezone.now()):
            return None
        witness, who = (Witness.PORTAL, "") if by is None else (Witness.PERSON, by.get_username())
        _note(locked, CommandStatus.CANCELLED, witness, detail=who)
        record(by, "command.cancelled", locked.device, project=locked.device.project, command=str(locked.pk))
    return locked


def hand_over(device: Device, way: Way) -> list[Command]:
    """The commands that the device has not said it received, oldest first. With this they are sent.

    For devices that fetch what they are to do; from now on the portal waits until they do.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = device.commands.select_for_update(of=("self",)).filter(status__in=UNDELIVERED)
        commands = [
            command for command in waiting.order_by("created_at", "pk")[:MOST_HANDED_OVER] if not _is_over(command, now)
        ]
        for command in commands:
            command.attempts += 1
            note_sent(command, Witness.PORTAL, f"Fetched by {way.name}.", now)
        if device.reached_by != way:
            Device.objects.filter(pk=device.pk).update(reached_by=way)
    return commands


def message(command: Command, now: datetime) -> dict[str, Any]:
    """What the device is told. It must not begin with it after `expires`."""
    expires = min(command.expires_at, command.answer_due_at or now + command.timeout)
    return {
        "id": str(command.pk),
        "name": command.name,
        "params": command.params | _secrets(command),
        "expires": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **({"trace_id": command.trace_id} if command.trace_id else {}),
    }


def note_sent(command: Command, witness: Witness, detail: str, now: datetime) -> None:
    """Note, on a row that is locked, that the command is on its way, once more perhaps."""
    command.claimed_until = None
    _note(command, SENT, witness, at=now, detail=detail)
    if command.status == SENT and command.answer_due_at is not None:
        command.due_at = min(command.answer_due_at, now + retry_after(command.attempts))
    command.save(update_fields=["claimed_until", "attempts", "due_at"])


def retry_after(attempts: int) -> timedelta:
    """How long to wait for the device's word after so many attempts: twice as long each time."""
    return min(FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 10), LONGEST_RETRY)


def note_over(command: Command, now: datetime) -> bool:
    """Note, on a row that is locked, that its time is over, if it is."""
    if not _is_over(command, now):
        return False
    if command.status == QUEUED:
        _note(command, CommandStatus.EXPIRED, Witness.PORTAL, at=now, detail="The device could not be reached in time.")
    else:
        said = "ended" if command.status == DELIVERED else "received it"
        _note(
            command, CommandStatus.TIMED_OUT, Witness.PORTAL, at=now, detail=f"The device did not say that it {said}."
        )
    return True


def reply(device: Device, command_id: str, said: Reply, at: datetime | None = None) -> Command | None:
    """Note what the device says of a command; None if it is none of its commands.

    What it says twice or too late moves nothing; too late is noted all the same, for somebody may wonder.
    """
    try:
        pk = UUID(command_id)
    except ValueError:
        return None
    with transaction.atomic():
        command = _lock(pk)
        if command is None or command.device_id != device.pk:
            return None
        _note(command, said.status, Witness.DEVICE, at=at, detail=said.reason, result=said.result)
    return command


def read_reply(body: object) -> Reply:
    """A reply as devices send it, bytes or decoded; ValidationError says what is wrong with it."""
    if isinstance(body, bytes):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ValidationError(f"A reply must be JSON: {error}.") from error
    if not isinstance(body, dict):
        raise ValidationError('A reply is an object such as {"status": "succeeded"}.')
    status, result, reason = body.get("status"), body.get("result"), body.get("reason", "")
    if status not in REPLIES:
        raise ValidationError({"status": f"One of {', '.join(REPLIES)}."})
    if reason is None:
        reason = ""
    if not isinstance(reason, str) or unstorable({"reason": reason[:LONGEST_REASON]}):
        raise ValidationError({"reason": "A short text."})
    if result is not None and (detail := unstorable({"result": result})):
        # That it ended is worth more than what it says about it.
        result, reason = None, f"Its result was not kept: {detail} {reason}"
    return Reply(CommandStatus(status), result, reason.strip()[:LONGEST_REASON])


def _secrets(command: Command) -> dict[str, Any]:
    """Parameters that the device alone is told, and that are kept nowhere."""
    return {"url": link(command.pk)} if command.name == UPDATE_FIRMWARE else {}


def _lock(pk: UUID) -> Command | None:
    return (
        Command.objects.select_for_update(of=("self",))
        .select_related("device__project", "created_by")
        .filter(pk=pk)
        .first()
    )


def _note(
    command: Command,
    evidence: CommandStatus,
    witness: Witness,
    *,
    at: datetime | None = None,
    detail: str = "",
    result: Any = None,
) -> None:
    """Take evidence about a locked command: move it if it does, and keep it as a step."""
    at = at or timezone.now()
    path = moves(command.status, evidence)
    if not path:
        if command.status != evidence and not command.steps.filter(status=evidence).exists():
            CommandStep.objects.create(
                command=command, status=evidence, at=at, witness=witness, detail=detail, moved=False
            )
            _tell([command])
        return
    for status in path:
        CommandStep.objects.create(
            command=command, status=status, at=at, witness=witness, detail=detail if status == evidence else ""
        )
    command.status, command.changed_at = path[-1], at
    if command.answer_due_at is None:
        command.answer_due_at = at + command.timeout
    command.due_at = None if command.status in ENDINGS else command.answer_due_at
    if command.status in ENDINGS:
        command.claimed_until = None
        command.result, command.reason = result, detail if witness in {Witness.DEVICE, Witness.PORTAL} else ""
    command.save(update_fields=["status", "changed_at", "answer_due_at", "due_at", "claimed_until", "result", "reason"])
    log.info("command moved", command=str(command.pk), status=command.status, witness=witness, trace=command.trace_id)
    _tell([command])


def _is_over(command: Command, now: datetime) -> bool:
    if command.status == QUEUED:
        return command.expires_at <= now and not _is_claimed(command, now)
    return command.answer_due_at is not None and command.answer_due_at <= now


def _is_claimed(command: Command, now: datetime) -> bool:
    return command.claimed_until is not None and command.claimed_until > now


def _open_counts(devices: Sequence[Device]) -> Any:
    return Command.objects.open().filter(device__in=devices).order_by().values_list("device").annotate(Count("pk"))


def _tell(commands: Sequence[Command]) -> None:
    pks = [command.pk for command in commands]
    transaction.on_commit(partial(commands_changed.send, Command, pks=pks), robust=True)
