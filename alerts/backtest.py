"""Play a rule over the last days: how often it would have fired, how long, and on which devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from alerts.evaluator import SEVERITIES, Kind, Severity, Transition
from alerts.models import Backtest
from alerts.models.backtest import BacktestStatus
from alerts.replay import can_be_replayed, past_observations, replay, warm_up
from devices.models import Device
from devices.presence import offline_after

MAX_EPISODES = 2000


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that would have been: from when to when (None: it still would be), and how bad at worst."""

    start: float
    end: float | None
    severity: Severity


class CannotBePlayed(Exception):
    """Why not, in a sentence."""


def run(backtest: Backtest, now: datetime) -> None:
    """Play it and write what came of it, with its progress on the way."""
    row = Backtest.objects.filter(pk=backtest.pk)
    row.update(status=BacktestStatus.RUNNING, revision=backtest.rule.revision, progress=0)
    try:
        found = _play(backtest, now)
    except Exception as error:
        row.update(status=BacktestStatus.FAILED, problem=str(error)[:300], finished_at=timezone.now())
        if not isinstance(error, CannotBePlayed):
            raise
        return
    row.update(status=BacktestStatus.DONE, progress=100, finished_at=timezone.now(), **found)


def episodes_of(transitions: Iterable[Transition], start: float) -> list[Episode]:
    """The alerts that transitions make, as far as they reach behind `start`, epoch seconds. Pure."""
    episodes: list[Episode] = []
    opened: Transition | None = None
    worst = Severity.LOW
    for transition in transitions:
        if transition.kind == Kind.OPENED:
            opened, worst = transition, transition.severity
        elif transition.kind == Kind.ESCALATED:
            worst = min(worst, transition.severity, key=SEVERITIES.index)
        elif transition.kind == Kind.RESOLVED and opened is not None:
            episodes.append(Episode(opened.time, transition.time, worst))
            opened = None
    if opened is not None:
        episodes.append(Episode(opened.time, None, worst))
    return [episode for episode in episodes if episode.end is None or episode.end > start]


def episodes_of_device(backtest: Backtest, device: Device, start: datetime, end: datetime) -> list[Episode]:
    rule = backtest.rule.compiled(str(device.project.time_zone))
    outcomes = replay(
        rule,
        past_observations(device, rule, start - warm_up(rule), end),
        end.timestamp(),
        fresh_for=offline_after(device.expected_interval).total_seconds(),
    )
    transitions = (transition for outcome in outcomes for transition in outcome.transitions)
    return episodes_of(transitions, start.timestamp())


def _play(backtest: Backtest, now: datetime) -> dict[str, Any]:
    if not can_be_replayed(backtest.rule.compiled()):
        raise CannotBePlayed("What was desired of devices is not kept for this: the rule cannot be tried on the past.")
    start = now - timedelta(days=backtest.days)
    devices = backtest.rule.devices().select_related("project", "device_type")
    count = devices.count()
    found: list[dict[str, Any]] = []
    fires, seconds, concerned = 0, 0.0, 0
    for number, device in enumerate(devices.iterator(chunk_size=500), 1):
        episodes = episodes_of_device(backtest, device, start, now)
        fires += len(episodes)
        concerned += bool(episodes)
        for episode in episodes:
            begun, ended = max(episode.start, start.timestamp()), episode.end or now.timestamp()
            seconds += ended - begun
            if len(found) < MAX_EPISODES:
                found.append(
                    {
                        "device": device.device_id,
                        "severity": episode.severity,
                        "from": datetime.fromtimestamp(begun, UTC).isoformat(),
                        "to": None if episode.end is None else datetime.fromtimestamp(episode.end, UTC).isoformat(),
                    }
                )
        Backtest.objects.filter(pk=backtest.pk).update(progress=min(99, 100 * number // count))
    return {"episodes": found, "fires": fires, "seconds": seconds, "devices": concerned, "devices_played": count}
