"""What a report says, whatever it is written as (reports.render): nothing here knows of pages or files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Self, TypeAlias

Value: TypeAlias = float | bool | str | datetime | timedelta | None
Row: TypeAlias = Sequence[Value]


class Precise(float):
    """A number among others that have more digits, or fewer: it says itself how many of them count."""

    precision: int | None

    @classmethod
    def of(cls, value: float, precision: int | None) -> Self:
        number = cls(value)
        number.precision = precision
        return number


class Tone(StrEnum):
    """What a figure or a state means to people. Writers choose colours by it; the words say it too."""

    NONE = ""
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"


class Form(StrEnum):
    """How the values of a column are to be read."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    SPAN = "span"
    STATE = "state"  # one of a few words, which may have a tone


class Drawn(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    TARGET = "target"  # what a line is meant to be at: it holds until the next point
    BARS = "bars"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that counts. `name` is stable, `label` is for people."""

    name: str
    label: str
    value: Value
    unit: str = ""
    precision: int | None = None
    tone: Tone = Tone.NONE
    note: str = ""
    words: str = ""  # the value with its unit, where a page writes it in a way of its own


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a part of a section, and stands in the contents under it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    tone: Tone = Tone.NONE


@dataclass(frozen=True, slots=True)
class Missing:
    """Says which data was not there; the document repeats it where it says what it stands on."""

    text: str


@dataclass(frozen=True, slots=True)
class Figures:
    figures: Sequence[Figure]


Point: TypeAlias = tuple[datetime, float | None, float | None, float | None]  # time, value, lowest, highest


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    label: str
    points: Sequence[Point]
    drawn: Drawn = Drawn.LINE
    tone: Tone = Tone.NONE


@dataclass(frozen=True, slots=True)
class Limit:
    """A line across a chart."""

    value: float
    label: str
    tone: Tone = Tone.BAD


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over time, on one axis. `step`: how long a bar, or the stretch that a point stands for, is."""

    title: str
    unit: str
    start: datetime
    end: datetime
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    step: timedelta | None = None
    precision: int | None = None
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Amounts by name, the one beside the other; `groups` names what stands side by side in each place."""

    title: str
    unit: str
    names: Sequence[str]
    groups: Sequence[tuple[str, Sequence[float]]]
    tones: Sequence[Tone] = ()  # of the groups


@dataclass(frozen=True, slots=True)
class Stretch:
    state: str
    tone: Tone
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Strips:
    """One strip of time for each name, in the colours of what was the matter."""

    title: str
    start: datetime
    end: datetime
    rows: Sequence[tuple[str, Sequence[Stretch]]]
    states: Sequence[tuple[str, Tone]]


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is stable: files name their columns by it. `label` is for people."""

    name: str
    label: str
    form: Form = Form.TEXT
    unit: str = ""
    precision: int | None = None
    share: float = 1.0  # of the width of a page, beside the others'


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` may be given as a function that makes them anew each time: then they need not be in memory at once."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Row] | Callable[[], Iterable[Row]] = ()
    tones: dict[str, Tone] = field(default_factory=dict)  # of words in columns of states
    empty: str = ""  # what is said in place of no rows

    def __iter__(self) -> Iterator[Row]:
        rows = self.rows
        return iter(rows() if callable(rows) else rows)


Block: TypeAlias = Heading | Text | Missing | Figures | Chart | Bars | Strips | Table


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A report. Times are aware; `zone` says on whose clocks they are written."""

    kind: str
    title: str
    subtitle: str
    start: datetime
    end: datetime
    zone: tzinfo
    generated_at: datetime
    generated_for: str
    sections: Sequence[Section]
    project: str = ""
    organisation: str = ""
    logo: bytes | None = None  # PNG or JPEG

    @property
    def missing(self) -> list[str]:
        """Which data was not there, section by section."""
        return [
            f"{section.title}: {block.text}"
            for section in self.sections
            for block in section.blocks
            if isinstance(block, Missing)
        ]
