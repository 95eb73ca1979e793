"""How values are written for people: in the language that is active, with its numbers and dates."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Protocol, TypeVar

from django.utils.formats import date_format
from django.utils.translation import gettext

from devices.ages import length_in_words
from reports.documents import Precise, Tone, Value
from telemetry.values import MISSING, value_in_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Choice(Protocol):
    @property
    def label(self) -> "str | _StrPromise": ...


C = TypeVar("C", bound=Choice)


def in_words(value: Value, zone: tzinfo, precision: int | None = None, unit: str = "") -> str:
    """`1,234.5`, `2025-12-19 13:05`, `3 h 20 min`, `–`; the unit is not written, but 100 of `%` is whole."""
    if isinstance(value, datetime):
        return time_in_words(value, zone)
    if isinstance(value, timedelta):
        return length_in_words(value)
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Precise):
        precision = value.precision
    if unit == "%" and precision is not None:
        value = _not_quite(value, precision)
    return value_in_words(value, precision)


def word(label: "str | _StrPromise") -> str:
    """What a choice of another app is called."""
    return gettext(str(label))


def by_word(tones: Mapping[C, Tone]) -> dict[str, Tone]:
    """By what choices are called."""
    return {word(choice.label): tone for choice, tone in tones.items()}


def _not_quite(percent: float, precision: int) -> float:
    """What is not whole is never written as 100 %."""
    return 100 - 10**-precision if percent < 100 <= round(percent, precision) else percent


def time_in_words(time: datetime, zone: tzinfo) -> str:
    return date_format(time.astimezone(zone), "SHORT_DATETIME_FORMAT")


def range_in_words(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Days where it begins and ends at midnight; `2025-12-01 to 2025-12-07`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    form = "SHORT_DATETIME_FORMAT"
    if first.time() == last.time() == first.time().min:
        last -= timedelta(days=1)
        form = "SHORT_DATE_FORMAT"
        if first.date() == last.date():
            return date_format(first, form)
    return gettext("%(first)s to %(last)s") % {"first": date_format(first, form), "last": date_format(last, form)}
