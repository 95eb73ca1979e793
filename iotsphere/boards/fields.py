"""What a widget's settings consist of: pure. One declaration draws the form (static/js/boards/form.js) and reads it."""

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from devices.models.device import DEVICE_ID_PATTERN
from devices.models.device_type import METRIC_KEY_PATTERN
from devices.schemas import unstorable

MOST_SERIES = 6
MOST_COLUMNS = 6
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}")


class Unfit(Exception):
    """A value that a setting cannot have; the text says what it can."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    hint: str = ""
    required: bool = False
    default: Any = None

    kind: ClassVar[str]

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def described(self) -> dict[str, Any]:
        """For the script that draws the form."""
        return {
            "kind": self.kind,
            "name": self.name,
            "label": self.label,
            "hint": self.hint,
            "required": self.required,
            "default": self.default,
        }


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise Unfit("A text.")
    if len(value) > most:
        raise Unfit(f"At most {most} characters.")
    if "\0" in value or not _is_unicode(value):
        raise Unfit("It holds characters that cannot be kept.")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _word(value: Any, pattern: re.Pattern[str] | str, complaint: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise Unfit(complaint)
    return value


@dataclass(frozen=True, slots=True)
class Text(Field):
    most: int = 100
    long: bool = False
    kind = "text"

    def read(self, value: Any) -> str:
        return _text(value, self.most)

    def described(self) -> dict[str, Any]:
        return {**Field.described(self), "most": self.most, "long": self.long}


@dataclass(frozen=True, slots=True)
class Number(Field):
    low: float | None = None
    high: float | None = None
    whole: bool = False
    kind = "number"

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Unfit("A number.")
        if self.whole and value != int(value):
            raise Unfit("A whole number.")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Unfit(f"From {self.low} to {self.high}.")
        if abs(value) > 1e15:
            raise Unfit("It is too large.")
        return int(value) if self.whole else value

    def described(self) -> dict[str, Any]:
        return {**Field.described(self), "low": self.low, "high": self.high, "whole": self.whole}


@dataclass(frozen=True, slots=True)
class Choice(Field):
    choices: tuple[tuple[str, str], ...] = ()
    kind = "choice"

    def read(self, value: Any) -> str:
        if value not in [known for known, _ in self.choices]:
            raise Unfit(f"One of {', '.join(known for known, _ in self.choices)}.")
        return value

    def described(self) -> dict[str, Any]:
        return {**Field.described(self), "choices": self.choices}


@dataclass(frozen=True, slots=True)
class DeviceRef(Field):
    kind = "device"

    def read(self, value: Any) -> str:
        return _word(value, DEVICE_ID_PATTERN, "A device ID.")


@dataclass(frozen=True, slots=True)
class ProjectRef(Field):
    kind = "project"

    def read(self, value: Any) -> str:
        return _word(value, SLUG, "The slug of a project.")


@dataclass(frozen=True, slots=True)
class TypeSlug(Field):
    kind = "type"

    def read(self, value: Any) -> str:
        return _word(value, SLUG, "The slug of a device type.")


@dataclass(frozen=True, slots=True)
class MetricKey(Field):
    """A metric of the device that the widget names."""

    kind = "metric"

    def read(self, value: Any) -> str:
        return _word(value, METRIC_KEY_PATTERN, "The key of a metric: letters, digits, dots, dashes, underscores.")


@dataclass(frozen=True, slots=True)
class MetricKeys(Field):
    kind = "keys"

    def read(self, value: Any) -> list[str]:
        if not isinstance(value, list) or len(value) > MOST_COLUMNS:
            raise Unfit(f"A list of at most {MOST_COLUMNS} keys of metrics.")
        return list(dict.fromkeys(MetricKey("", "").read(key) for key in value))


@dataclass(frozen=True, slots=True)
class Series(Field):
    """What a chart draws: metrics, each of a device."""

    kind = "series"

    def read(self, value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list) or not 0 < len(value) <= MOST_SERIES:
            raise Unfit(f'One to {MOST_SERIES} of {{"device": …, "metric": …}}.')
        return [self._one(line) for line in value]

    def _one(self, line: Any) -> dict[str, str]:
        if not isinstance(line, dict) or set(line) != {"device", "metric"}:
            raise Unfit('Each is {"device": …, "metric": …}.')
        return {
            "device": DeviceRef("", "").read(line["device"]),
            "metric": MetricKey("", "").read(line["metric"]),
        }

    def described(self) -> dict[str, Any]:
        return {**Field.described(self), "most": MOST_SERIES}


@dataclass(frozen=True, slots=True)
class SettingKey(Field):
    """A setting of the device: one that is switched, or one that is a number."""

    of: str = "switch"
    kind = "setting"

    def read(self, value: Any) -> str:
        return _text(value, 64)

    def described(self) -> dict[str, Any]:
        return {**Field.described(self), "of": self.of}


@dataclass(frozen=True, slots=True)
class Scalar(Field):
    """A value of the setting that the widget names."""

    kind = "scalar"

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            return _text(value, 100)
        return value if isinstance(value, bool) else Number("", "").read(value)


@dataclass(frozen=True, slots=True)
class CommandName(Field):
    kind = "command"

    def read(self, value: Any) -> str:
        return _text(value, 64)


@dataclass(frozen=True, slots=True)
class Params(Field):
    """The parameters of the command that the widget names."""

    kind = "params"

    def read(self, value: Any) -> dict[str, Any]:
        if detail := unstorable(value):
            raise Unfit(detail)
        return value
