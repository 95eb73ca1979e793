"""The life of an update on one device, pure: what moves it, and how the device's own words are read.

    queued ── downloading ── downloaded ── verified ── updating ── updated      the device's word
      │            └──────────────┴────────────┴──────────┴── failed            its word, or none in time
      └── failed | cancelled                                                    it was never told, or not in time

An update moves forward only and may leave steps out: a device need not tell of each of them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import TextChoices

from devices.command_states import CommandStatus

LONGEST_TEXT = 200


class UpdateStatus(TextChoices):
    QUEUED = "queued", "Queued"
    DOWNLOADING = "downloading", "Downloading"
    DOWNLOADED = "downloaded", "Downloaded"
    VERIFIED = "verified", "Verified"
    UPDATING = "updating", "Updating"
    UPDATED = "updated", "Updated"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


ENDINGS = (UpdateStatus.UPDATED, UpdateStatus.FAILED, UpdateStatus.CANCELLED)
OPEN = tuple(status for status in UpdateStatus if status not in ENDINGS)
_RANK = {status: rank for rank, status in enumerate([*OPEN, UpdateStatus.UPDATED])}
_OF_COMMANDS: Mapping[str, UpdateStatus] = {
    # The device has done what it was told; that the new version runs, it says when it does.
    CommandStatus.SUCCEEDED: UpdateStatus.UPDATING,
    CommandStatus.FAILED: UpdateStatus.FAILED,
    CommandStatus.REJECTED: UpdateStatus.FAILED,
    CommandStatus.TIMED_OUT: UpdateStatus.FAILED,
    CommandStatus.EXPIRED: UpdateStatus.FAILED,
    CommandStatus.CANCELLED: UpdateStatus.CANCELLED,
}


class Evidence(NamedTuple):
    """What is known of an update, and from it how far the present step is."""

    status: UpdateStatus
    detail: str = ""
    percent: int | None = None


class Reported(NamedTuple):
    """What a device says of its firmware, as far as it can be understood."""

    version: str = ""
    state: str = ""
    percent: int | None = None
    error: str = ""


def moves(status: str, evidence: str) -> bool:
    """Whether evidence moves an update that is in `status`."""
    if status in ENDINGS:
        return False
    if evidence == UpdateStatus.CANCELLED:
        return status == UpdateStatus.QUEUED
    return evidence == UpdateStatus.FAILED or _RANK[UpdateStatus(evidence)] > _RANK[UpdateStatus(status)]


def read_reported(reported: object) -> Reported:
    """The part `firmware` of what a device reports."""
    if not isinstance(reported, Mapping):
        return Reported()
    percent = reported.get("percent")
    is_share = isinstance(percent, int | float) and not isinstance(percent, bool) and 0 <= percent <= 100
    return Reported(
        version=_text(reported.get("version")),
        state=_text(reported.get("state")),
        percent=int(percent) if is_share and percent is not None else None,
        error=_text(reported.get("error")),
    )


def evidence_of(said: Reported, version: str) -> Evidence | None:
    """What a device's word means for its update to `version`; None if it means nothing."""
    if said.state == UpdateStatus.FAILED:
        return Evidence(UpdateStatus.FAILED, said.error or "The device does not say why.")
    if said.state in ("", UpdateStatus.UPDATED) and said.version == version:
        return Evidence(UpdateStatus.UPDATED)
    if said.state == UpdateStatus.UPDATED:
        return Evidence(UpdateStatus.FAILED, f"The device says it is updated, but runs {said.version or 'no version'}.")
    if said.state in OPEN and said.state != UpdateStatus.QUEUED:
        return Evidence(UpdateStatus(said.state), percent=said.percent)
    return None


def evidence_of_command(status: str, reason: str) -> Evidence | None:
    """What the end of the command means for the update that it asked for."""
    meaning = _OF_COMMANDS.get(status)
    return None if meaning is None else Evidence(meaning, reason)


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
