"""The last minutes or hours of a metric, small enough to be kept with a rule's state. Pure.

A window is at most SLICES slices of equal width, oldest first; what a slice holds is exact, and what leaves the window
leaves it a slice at a time: an aggregate is over the window's length, give or take a sixtieth.
"""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

SLICES = 60
# An aggregate says something once the window has been watched for this part of its length.
WATCHED = 0.8

AGGREGATES = ("avg", "min", "max", "sum", "count", "delta", "rate", "hours_to")


class Slice(NamedTuple):
    """What was measured in one slice. Times are epoch seconds."""

    number: int  # of the slice: its begin divided by its width
    readings: int
    sum: float
    min: float
    max: float
    first: float
    first_time: float
    last: float
    last_time: float


Window = tuple[Slice, ...]


def add(window: Window, seconds: float, time: float, value: float) -> Window:
    """The window of this length with one more value; without what is too old when seen from its newest."""
    width = seconds / SLICES
    number = int(time // width)
    newest = max(number, window[-1].number if window else number)
    if number <= newest - SLICES:
        return window
    if window and number == window[-1].number and window[0].number > newest - SLICES:
        return (*window[:-1], _joined(window[-1], time, value))
    kept = [piece for piece in window if piece.number > newest - SLICES]
    at = next((position for position, piece in enumerate(kept) if piece.number >= number), len(kept))
    if at < len(kept) and kept[at].number == number:
        kept[at] = _joined(kept[at], time, value)
    else:
        kept.insert(at, Slice(number, 1, value, value, value, value, time, value, time))
    return tuple(kept)


def aggregate(window: Window, how: str, now: float, seconds: float, target: float = 0.0) -> float | None:
    """One of AGGREGATES over the last `seconds` before `now`; None while too little was watched.

    rate is the change from the first to the last value, an hour. hours_to is the time until the least-squares line
    through the slices' means reaches `target`, in hours; infinite if it never does.
    """
    newest = int(now // (seconds / SLICES))
    kept: Sequence[Slice] = window
    if window and not newest - SLICES < window[0].number <= window[-1].number <= newest:
        kept = [piece for piece in window if newest - SLICES < piece.number <= newest]
    if not kept or now - kept[0].first_time < WATCHED * seconds - seconds / SLICES:
        return None
    first, last = kept[0], kept[-1]
    match how:
        case "count":
            return float(sum(piece.readings for piece in kept))
        case "sum":
            return sum(piece.sum for piece in kept)
        case "avg":
            return sum(piece.sum for piece in kept) / sum(piece.readings for piece in kept)
        case "min":
            return min(piece.min for piece in kept)
        case "max":
            return max(piece.max for piece in kept)
        case "delta":
            return last.last - first.first
        case "rate":
            passed = last.last_time - first.first_time
            return (last.last - first.first) / passed * 3600 if passed > 0 else None
        case "hours_to":
            return _hours_to(kept, target)
    raise ValueError(f"{how!r} is not an aggregate.")


def _joined(piece: Slice, time: float, value: float) -> Slice:
    first, first_time = (value, time) if time < piece.first_time else (piece.first, piece.first_time)
    last, last_time = (value, time) if time >= piece.last_time else (piece.last, piece.last_time)
    return Slice(
        piece.number,
        piece.readings + 1,
        piece.sum + value,
        min(piece.min, value),
        max(piece.max, value),
        first,
        first_time,
        last,
        last_time,
    )


def _hours_to(pieces: Sequence[Slice], target: float) -> float | None:
    if len(pieces) < 2:
        return None
    begin, origin = pieces[0].first_time, pieces[0].first
    sum_t = sum_v = sum_tt = sum_tv = 0.0
    for _, readings, total, _, _, _, first_time, _, last_time in pieces:
        time = (first_time + last_time) / 2 - begin
        value = total / readings - origin
        sum_t += time
        sum_v += value
        sum_tt += time * time
        sum_tv += time * value
    spread = len(pieces) * sum_tt - sum_t * sum_t
    if spread <= 0:
        return None
    slope = (len(pieces) * sum_tv - sum_t * sum_v) / spread
    left = target - pieces[-1].last
    if left == 0:
        return 0.0
    return left / slope / 3600 if slope * left > 0 else inf
