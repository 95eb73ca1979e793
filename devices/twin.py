"""Twins of devices: what people want of them, and what they say of themselves."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from devices.audit import record
from devices.models import Device, Twin, TwinChange, TwinSide
from devices.permissions import AnyUser
from devices.schemas import MOST_BYTES, complaints, unstorable
from devices.signals import twin_changed
from devices.twin_states import changes, delta, merged, pending
from devices.wake import wake_outbox


class Stale(Exception):
    """The twin has moved on from the version that somebody goes by."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The version is {version} by now. Look at it again, then decide.")
        self.version = version


class NoSettings(Exception):
    """The device's type accepts none."""


def twin_of(device: Device) -> Twin:
    """The device's twin; one that nobody has written yet is empty and not in the database."""
    return Twin.objects.filter(device=device).first() or Twin(device=device)


@transaction.atomic
def desire(device: Device, patch: Mapping[str, Any], by: "AnyUser | None", *, version: int | None = None) -> Twin:
    """Change what is desired by a merge patch (null takes a key back), and tell the device.

    With `version`, only if that is what the twin is at: raises Stale otherwise. Raises NoSettings, and ValidationError
    for what the type's schema does not accept. What is desired already changes nothing.
    """
    schema = device.device_type.settings_schema if device.device_type else {}
    if not schema:
        raise NoSettings(f"{device} accepts no settings: its type has no schema of them.")
    if detail := unstorable(patch):
        raise ValidationError(detail)
    twin = _locked(device)
    if version is not None and version != twin.version:
        raise Stale(twin.version)
    desired = merged(twin.desired, patch)
    # What is not set is not required to be there: settings are desired one by one.
    if wrong := complaints({name: rule for name, rule in schema.items() if name != "required"}, desired):
        raise ValidationError(wrong)
    diff = changes(twin.desired, desired)
    if not diff:
        return twin
    now = timezone.now()
    twin.desired, twin.version, twin.desired_at, twin.due_at = desired, twin.version + 1, now, now
    _compare(twin, wanted=diff, now=now)
    _keep(twin, TwinSide.DESIRED, diff, by, now)
    record(by, "twin.desired", device, project=device.project, version=twin.version, diff=diff)
    wake_outbox()
    return twin


@transaction.atomic
def report(device: Device, patch: Mapping[str, Any], *, version: int | None = None, at: datetime | None = None) -> Twin:
    """Take what the device says of itself, as a merge patch. `version` is the newest desired one that it has seen.

    Raises Stale for a report that a newer one has overtaken, ValidationError for what cannot be kept.
    """
    if detail := unstorable(patch):
        raise ValidationError(detail)
    twin = _locked(device)
    if version is not None:
        if version > twin.version:
            raise ValidationError({"version": f"Nothing newer than {twin.version} has been desired."})
        if version < twin.reported_version:
            raise Stale(twin.reported_version)
    reported = merged(twin.reported, patch)
    if unstorable(reported):
        raise ValidationError(f"All that a device reports may have {MOST_BYTES} bytes.")
    diff = changes(twin.reported, reported)
    now = at or timezone.now()
    twin.reported, twin.reported_at = reported, now
    twin.reported_version = twin.reported_version if version is None else version
    was_in_step = twin.pending_since is None
    _compare(twin, wanted={}, now=now)
    if was_in_step and twin.pending_since is not None:
        # It has forgotten, or somebody stood before it: it is told once more.
        twin.due_at = now
        wake_outbox()
    _keep(twin, TwinSide.REPORTED, diff, None, now)
    return twin


def read_report(body: object) -> tuple[dict[str, Any], int | None]:
    """The state and the version of a report as devices send it, bytes or decoded."""
    if isinstance(body, bytes):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ValidationError(f"A report must be JSON: {error}.") from error
    if not isinstance(body, dict) or not isinstance(body.get("state"), dict):
        raise ValidationError('A report is an object such as {"version": 3, "state": {"mode": "eco"}}.')
    version = body.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 0):
        raise ValidationError({"version": "A whole number, or nothing."})
    return body["state"], version


def _locked(device: Device) -> Twin:
    Twin.objects.get_or_create(device=device)
    return Twin.objects.select_for_update(of=("self",)).select_related("device").get(device=device)


def _compare(twin: Twin, *, wanted: Mapping[str, Any], now: datetime) -> None:
    twin.pending = pending(twin.pending, wanted, delta(twin.desired, twin.reported), now)
    since = [datetime.fromisoformat(moment) for moment in twin.pending.values()]
    twin.pending_since = min(since, default=None)


def _keep(twin: Twin, side: TwinSide, diff: dict[str, Any], by: "AnyUser | None", now: datetime) -> None:
    twin.save()
    if diff:
        version = twin.version if side == TwinSide.DESIRED else twin.reported_version
        TwinChange.objects.create(
            twin=twin, side=side, version=version, at=now, by_id=None if by is None else by.pk, diff=diff
        )
    transaction.on_commit(partial(twin_changed.send, Twin, pk=twin.pk), robust=True)
