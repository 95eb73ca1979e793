"""What went wrong in the demo's past, so that its charts have something to tell."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from iotsphere.simulator.household import Interval


@dataclass(frozen=True, slots=True)
class Incidents:
    """Intervals by device ID."""

    faults: dict[str, list[Interval]] = field(default_factory=dict)
    """The heating element's cut-out had tripped."""
    away: dict[str, list[Interval]] = field(default_factory=dict)
    """The household was on holiday."""
    silences: dict[str, list[Interval]] = field(default_factory=dict)
    """Nothing arrived."""


def incidents_before(now: datetime, zone: ZoneInfo) -> Incidents:
    """A fault day, a holiday and a night without Wi-Fi in the thirty days before `now`."""

    def between(days_ago: int, start: str, days_later: int, end: str) -> Interval:
        day = now.astimezone(zone).date() - timedelta(days=days_ago)
        times = (f"{day} {start}", f"{day + timedelta(days=days_later)} {end}")
        first, last = (datetime.fromisoformat(time).replace(tzinfo=zone).timestamp() for time in times)
        return first, last

    return Incidents(
        faults={"WH_DEMO_02": [between(9, "05:40", 0, "16:25")]},
        away={"WH_DEMO_02": [between(18, "10:00", 4, "17:30")]},
        silences={"ESP32_SIM_02": [between(6, "22:10", 1, "07:25")]},
    )
