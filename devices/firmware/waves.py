"""In which order the devices of a campaign have their turn, and when too many of them fail: pure.

A plan is a list such as `["1", "10%", "rest"]`: one device first, then a tenth of all, then the others.
"""

import re
from collections.abc import Iterable, Sequence
from math import ceil

REST = "rest"
MOST_WAVES = 20
EXAMPLE = "1, 10%, rest"

_is_wave = re.compile(r"[1-9][0-9]{0,5}|(100|[1-9][0-9]?)%|rest").fullmatch


def read_waves(text: str) -> list[str]:
    """A plan as people write it; ValueError says what is wrong with it."""
    return checked_waves(word.replace(" ", "").lower() for word in text.split(",") if word.strip())


def checked_waves(words: Iterable[str]) -> list[str]:
    """A plan with its `rest` at the end; ValueError says what is wrong with it."""
    waves = list(words)
    if wrong := next((wave for wave in waves if not _is_wave(wave)), None):
        raise ValueError(f"{wrong[:20]!r} is no wave: write numbers of devices, percents, or rest, as in {EXAMPLE}.")
    if REST in waves[:-1]:
        raise ValueError("After the rest nobody is left: it is the last wave.")
    if len(waves) > MOST_WAVES:
        raise ValueError(f"A campaign has {MOST_WAVES} waves at most.")
    return waves if waves and waves[-1] == REST else [*waves, REST]


def sizes(waves: Sequence[str], devices: int) -> list[int]:
    """How many of so many devices each wave has; waves that nobody is left for are none."""
    left, result = devices, []
    for wave in waves:
        size = min(left, left if wave == REST else ceil(devices * int(wave[:-1]) / 100) if "%" in wave else int(wave))
        if size:
            result.append(size)
        left -= size
    return result


def is_too_bad(failed: int, begun: int, most_failed: int | None, most_percent: int | None) -> bool:
    """Whether more of the devices that have had their turn failed than may."""
    too_many = most_failed is not None and failed > most_failed
    return too_many or (most_percent is not None and begun > 0 and failed * 100 > most_percent * begun)
