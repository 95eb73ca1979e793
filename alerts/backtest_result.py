"""What a backtest came to, for people to look at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from alerts.bars import Bar, bars
from alerts.charts import Stretch, chart_of
from alerts.evaluator import SEVERITIES
from alerts.models import Backtest
from devices.models import Device

DEVICES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Stripe:
    """An episode as a part of the time that was played, in percent."""

    severity: str
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Of:
    """What it came to on one device."""

    device_id: str
    fires: int
    open_for: timedelta
    stripes: tuple[Stripe, ...]


@dataclass(frozen=True, slots=True)
class Result:
    backtest: Backtest
    start: datetime
    end: datetime
    devices: Sequence[Of]  # the noisiest first
    days: Sequence[Bar]

    @classmethod
    def of(cls, backtest: Backtest) -> "Result":
        end = backtest.finished_at or timezone.now()
        start = end - timedelta(days=backtest.days)
        episodes: dict[str, list[Stretch]] = {}
        for episode in backtest.episodes:
            episodes.setdefault(episode["device"], []).append(_stretch(episode))
        devices = [_of(device_id, stretches, start, end) for device_id, stretches in episodes.items()]
        devices.sort(key=lambda device: (-device.fires, -device.open_for, device.device_id))
        begun = (since for stretches in episodes.values() for since, _, _ in stretches)
        return cls(backtest, start, end, devices[:DEVICES_SHOWN], _days(begun, start, end))

    @property
    def noisiest(self) -> str:
        return self.devices[0].device_id if self.devices else ""

    @property
    def open_for(self) -> timedelta:
        return timedelta(seconds=round(self.backtest.seconds))

    @property
    def is_cut(self) -> bool:
        """Only the first ones were kept."""
        return self.backtest.fires > len(self.backtest.episodes)

    @property
    def hidden(self) -> int:
        """Devices that would have had an alert, and are not shown for themselves."""
        return self.backtest.devices - len(self.devices)

    def chart(self, device: Device) -> dict[str, Any] | None:
        stretches = [_stretch(episode) for episode in self.backtest.episodes if episode["device"] == device.device_id]
        rule = self.backtest.rule.compiled(str(device.project.time_zone))
        return chart_of(rule, device, self.start, self.end, stretches)


def _stretch(episode: dict[str, Any]) -> Stretch:
    since, until = episode["from"], episode["to"]
    return datetime.fromisoformat(since), until and datetime.fromisoformat(until), episode["severity"]


def _of(device_id: str, stretches: Sequence[Stretch], start: datetime, end: datetime) -> Of:
    open_for = sum(((until or end) - since for since, until, _ in stretches), timedelta())

    def share(length: timedelta) -> float:
        return round(100 * (length / (end - start)), 3)

    # The worst are drawn last: over the others.
    drawn = sorted(stretches, key=lambda stretch: SEVERITIES.index(stretch[2]), reverse=True)
    stripes = tuple(
        Stripe(severity, share(max(since, start) - start), share((until or end) - since))
        for since, until, severity in drawn
    )
    return Of(device_id, len(stretches), open_for, stripes)


def _days(begun: Iterable[datetime], start: datetime, end: datetime) -> Sequence[Bar]:
    """Of the reader's time zone; the days without any, too."""
    counts = Counter(timezone.localtime(moment).date() for moment in begun)
    first, last = timezone.localtime(start).date(), timezone.localtime(end).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return bars((f"{day:%-d %b}", counts[day]) for day in days)
