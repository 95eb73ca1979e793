"""What people want of devices, said over their live socket: the same verbs, and the same rights, as everywhere."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from devices.commands import LONGEST_EXPIRY, Skipped, SkipReason, send
from devices.models import Device
from devices.permissions import AnyUser, Permission, may
from devices.twin import NoSettings, Stale, desire
from telemetry.live.frames import BadRequest, Frame, Refused, id_of
from telemetry.live.state import MOST_DEVICES, storable

CODES = {
    SkipReason.NOT_FOUND: "not_found",
    SkipReason.NOT_ALLOWED: "forbidden",
    SkipReason.BAD_PARAMS: "bad_request",
}


def command(user: AnyUser, frame: Frame) -> Frame:
    """Send a command to one device or several; what the client is told. Raises Refused if nobody is sent it."""
    order_id = id_of(frame)
    name, params, device_ids = frame.get("name"), frame.get("params", {}), frame.get("devices", [frame.get("device")])
    if not isinstance(name, str) or not isinstance(params, dict):
        raise BadRequest('Give a "name", a text, and "params", an object.')
    if not isinstance(device_ids, list) or not all(isinstance(device_id, str) for device_id in device_ids):
        raise BadRequest('Give "device", a device ID, or "devices", a list of them.')
    if len(device_ids) > MOST_DEVICES:
        raise Refused("limit", f"A frame may name {MOST_DEVICES} devices: use several.")
    ids = list(dict.fromkeys(device_ids))
    visible = Device.objects.visible_to(user).select_related("project")
    found = {device.device_id: device for device in visible.filter(device_id__in=map(storable, ids))}
    missing = [Skipped(device_id, SkipReason.NOT_FOUND) for device_id in ids if device_id not in found]
    commands, others = send(user, storable(name), params, found.values(), expires_in=_expires_in(frame))
    skipped = [*missing, *others]
    if not commands:
        raise _refusal(skipped)
    return {
        "type": "ack",
        "id": order_id,
        "commands": {each.device.device_id: str(each.pk) for each in commands},
        "skipped": {each.device_id: each.sentence for each in skipped},
    }


def desired(user: AnyUser, frame: Frame) -> Frame:
    """Change what is desired of a device; what the client is told. Raises Refused if that cannot be done."""
    order_id = id_of(frame)
    device_id, state, version = frame.get("device"), frame.get("state"), frame.get("version")
    if not isinstance(device_id, str) or not isinstance(state, dict):
        raise BadRequest('Give a "device", its ID, and a "state", an object.')
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise BadRequest('"version" must be the number of the version that you have seen, or be left out.')
    visible = Device.objects.visible_to(user).select_related("project", "device_type")
    device = visible.filter(device_id=storable(device_id)).first()
    if device is None:
        raise Refused("not_found", f"There is no device that you can see with the ID {device_id}.")
    if not may(user, Permission.EDIT_TWIN, device.project):
        raise Refused("forbidden", f"You may not {Permission.EDIT_TWIN.label} in {device.project}.")
    try:
        twin = desire(device, state, user, version=version)
    except Stale as error:
        raise Refused("stale", str(error)) from error
    except NoSettings as error:
        raise Refused("conflict", str(error)) from error
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from error
    return {"type": "ack", "id": order_id, "version": twin.version}


def _expires_in(frame: Frame) -> timedelta | None:
    seconds: Any = frame.get("expires_in")
    if seconds is None:
        return None
    if not isinstance(seconds, int) or not 0 < seconds <= LONGEST_EXPIRY.total_seconds():
        raise BadRequest('"expires_in" must be a whole number of seconds.')
    return timedelta(seconds=seconds)


def _refusal(skipped: list[Skipped]) -> Refused:
    reasons = {each.reason for each in skipped}
    code = CODES.get(reasons.pop(), "conflict") if len(reasons) == 1 else "conflict"
    detail = " ".join(f"{each.device_id}: {each.sentence}" for each in skipped[:5])
    return BadRequest(detail) if code == "bad_request" else Refused(code, detail or "No devices are named.")
