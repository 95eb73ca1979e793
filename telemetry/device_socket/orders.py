"""What a device is told to do by way of its socket, and what it says of that."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.commands import hand_over, message, read_reply, reply
from devices.models import Device, Way
from devices.twin import Stale, read_report, report, twin_of
from telemetry.device_socket.link import Link
from telemetry.live.frames import BadRequest, Frame, Refused


def what_waits(link: Link, told: int) -> tuple[list[Frame], int]:
    """Frames for the device: its commands, and what is desired unless it was `told` that version; and which that is."""
    device = Device.objects.get(pk=link.device_pk)
    twin = twin_of(device)
    frames: list[Frame] = []
    if twin.version > told:
        frames.append({"type": "desired", "version": twin.version, "state": twin.desired})
    now = timezone.now()
    frames += [{"type": "command", **message(command, now)} for command in hand_over(device, Way.WEBSOCKET)]
    return frames, twin.version


def take_reply(link: Link, frame: Frame) -> Frame:
    """Note a reply to a command; the answer says how the command stands. Raises Refused."""
    said = _read(read_reply, frame)
    command = reply(_device(link), str(frame.get("command")), said)
    if command is None:
        raise Refused("not_found", "There is no such command for this device.")
    return {"type": "ack", "id": frame.get("id"), "command": str(command.pk), "status": command.status}


def take_report(link: Link, frame: Frame) -> Frame:
    """Take what the device says of itself. Raises Refused."""
    state, version = _read(read_report, frame)
    try:
        twin = report(_device(link), state, version=version)
    except Stale as error:
        raise Refused("stale", f"Version {error.version} has been reported before.") from error
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from error
    return {"type": "ack", "id": frame.get("id"), "version": twin.version}


def _device(link: Link) -> Device:
    return Device.objects.select_related("project").get(pk=link.device_pk)


def _read(read: Any, frame: Frame) -> Any:
    try:
        return read(frame)
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from error
