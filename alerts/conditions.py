"""What a rule asks of a device: a condition, read from JSON and answered with true, false or unknown. Pure.

A condition is one of

    {"metric": "cpu", "is": ">", "value": 85}                                  its last value
    {"metric": "cpu", "agg": "avg", "over": 600, "is": ">", "value": 85}       an aggregate over a window, seconds
    {"metric": "temperature", "is": "outside", "low": 5, "high": 70}           a range; the bounds are inside
    {"metric": "temperature", "is": "<", "than": "target_temperature", "plus": -5}      another metric
    {"metric": "temperature", "is": "<", "than_desired": "target_temperature", "plus": -5}   what the twin desires
    {"no_data_for": 600, "metric": "temperature"}                              without a metric: nothing at all
    {"presence": "offline"}
    {"all": [condition, …]} or {"any": [condition, …]}

Aggregates: avg, min, max, sum, count, delta (last minus first), rate (change an hour), and hours_to, which asks
when a straight line through the window reaches "target".
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple, TypeAlias

from alerts.windows import AGGREGATES, Window, aggregate

Value = float | bool | str

PRESENCE = "$presence"
DESIRED = "$desired."
MAX_DEPTH = 3
MAX_LEAVES = 10
MAX_WINDOW = 30 * 86_400
MOST = 1e300

COMPARE: dict[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq, "!=": ne}
WORDS = {
    ">": "above", ">=": "at or above", "<": "below", "<=": "at or below", "=": "", "!=": "not", "outside": "outside",
}  # fmt: skip
PRESENCES = ("online", "stale", "offline")


class InvalidCondition(ValueError):
    """Why a condition cannot be understood, in a sentence for who wrote it, and where in its JSON it is."""

    path: tuple[str | int, ...] = ()

    @property
    def pointer(self) -> str:
        """As RFC 6901 writes it: /0/when/all/1."""
        return "".join(f"/{step}" for step in self.path)


@contextmanager
def within(*steps: str | int) -> Iterator[None]:
    """What cannot be understood in here is there."""
    try:
        yield
    except InvalidCondition as error:
        error.path = (*steps, *error.path)
        raise


class Known(NamedTuple):
    """The last value of a key and when it was so, epoch seconds."""

    time: float
    value: Value


class WindowSpec(NamedTuple):
    key: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a device at a moment."""

    now: float
    values: Mapping[str, Known]
    windows: Mapping[WindowSpec, Window] = field(default_factory=dict)
    fresh_for: float = inf  # seconds after which a last value says nothing about now
    # Aggregates that were asked for: levels of a rule, and their ends, mostly ask for the same.
    aggregates: dict[tuple[WindowSpec, str, float], float | None] = field(default_factory=dict)


class Finding(NamedTuple):
    """What a condition came to: its truth (None: unknown) and the figures that decided."""

    truth: bool | None
    figures: tuple["Figure", ...]


class Figure(NamedTuple):
    """One comparison: the key that was measured, what of it, what it came to, and the limit it was held against."""

    key: str
    what: str
    value: Value | None
    limit: Value | None


@dataclass(frozen=True, slots=True)
class Compare:
    """A metric's last value, or an aggregate of it, against a limit."""

    key: str
    operator: str
    limit: Value | tuple[float, float] | None = None
    other: str = ""  # the key that the limit comes from
    plus: float = 0.0
    agg: str = ""
    window: WindowSpec | None = None
    target: float = 0.0
    keys: frozenset[str] = field(init=False)
    windows: frozenset[WindowSpec] = field(init=False)
    silences: tuple["NoData", ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(filter(None, (self.key, self.other))))
        object.__setattr__(self, "windows", frozenset([self.window] if self.window else ()))

    def find(self, facts: Facts) -> Finding:
        value = self._measured(facts)
        limit = self._limit(facts)
        return Finding(self._holds(value, limit), (Figure(self.key, self._what(), value, _shown_limit(limit)),))

    def _measured(self, facts: Facts) -> Value | None:
        if self.window is not None:
            return self._aggregate(self.window, facts)
        return _fresh(facts, self.key)

    def _aggregate(self, spec: WindowSpec, facts: Facts) -> float | None:
        asked = spec, self.agg, self.target
        if asked not in facts.aggregates:
            window = facts.windows.get(spec)
            facts.aggregates[asked] = (
                None if window is None else aggregate(window, self.agg, facts.now, spec.seconds, self.target)
            )
        return facts.aggregates[asked]

    def _limit(self, facts: Facts) -> Value | tuple[float, float] | None:
        if not self.other:
            return self.limit
        # What is desired holds until something else is; what was measured, only while it is fresh.
        known = facts.values.get(self.other)
        base = (known and known.value) if self.other.startswith(DESIRED) else _fresh(facts, self.other)
        return None if base is None or isinstance(base, str) else base + self.plus

    def _holds(self, value: Value | None, limit: Value | tuple[float, float] | None) -> bool | None:
        if value is None or limit is None:
            return None
        if isinstance(limit, tuple):
            return None if isinstance(value, str) else not limit[0] <= value <= limit[1]
        if isinstance(value, str) != isinstance(limit, str):
            return None
        return COMPARE[self.operator](value, limit)

    def _what(self) -> str:
        if self.window is None:
            return self.key
        what = f"{self.agg} {self.key}"
        if self.agg == "hours_to":
            what = f"hours until {self.key} is {_number(self.target)}"
        return f"{what} over {span(self.window.seconds)}"

    def sentence(self) -> str:
        if isinstance(self.limit, tuple):
            return f"{self._what()} is outside {_number(self.limit[0])} to {_number(self.limit[1])}"
        if self.other:
            name = self.other.removeprefix(DESIRED)
            name = f"the desired {name}" if self.other.startswith(DESIRED) else name
            offset = f" {'+' if self.plus > 0 else '−'} {_number(abs(self.plus))}" if self.plus else ""
            return " ".join(filter(None, (self._what(), "is", WORDS[self.operator], name))) + offset
        return " ".join(filter(None, (self._what(), "is", WORDS[self.operator], _shown(self.limit))))


@dataclass(frozen=True, slots=True)
class NoData:
    """Nothing came for so many seconds: of one metric, or of the whole device. Unknown before anything ever came."""

    seconds: float
    key: str = ""
    keys: frozenset[str] = field(init=False)
    windows: frozenset[WindowSpec] = frozenset()
    silences: tuple["NoData", ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset([self.key]))
        object.__setattr__(self, "silences", (self,))

    def last(self, values: Mapping[str, Known]) -> float | None:
        known = values.get(self.key)
        return known.time if known else None

    def find(self, facts: Facts) -> Finding:
        last = self.last(facts.values)
        silent = None if last is None else facts.now - last
        what = f"seconds without {self.key or 'data'}"
        figure = Figure(self.key, what, silent, self.seconds)
        return Finding(None if silent is None else silent >= self.seconds, (figure,))

    def sentence(self) -> str:
        return f"{self.key or 'nothing'} has {'not ' if self.key else ''}come for {span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class IsPresent:
    """The device's presence is this word."""

    word: str
    keys: frozenset[str] = frozenset([PRESENCE])
    windows: frozenset[WindowSpec] = frozenset()
    silences: tuple[NoData, ...] = ()

    def find(self, facts: Facts) -> Finding:
        known = facts.values.get(PRESENCE)
        figure = Figure(PRESENCE, "presence", known and known.value, self.word)
        return Finding(known.value == self.word if known else None, (figure,))

    def sentence(self) -> str:
        return f"the device is {self.word}"


@dataclass(frozen=True, slots=True)
class Several:
    """Conditions joined by and (`every`) or by or. What is unknown decides only where nothing known does."""

    parts: tuple["Condition", ...]
    every: bool
    keys: frozenset[str] = field(init=False)
    windows: frozenset[WindowSpec] = field(init=False)
    silences: tuple[NoData, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset().union(*(part.keys for part in self.parts)))
        object.__setattr__(self, "windows", frozenset().union(*(part.windows for part in self.parts)))
        object.__setattr__(self, "silences", tuple(silence for part in self.parts for silence in part.silences))

    def find(self, facts: Facts) -> Finding:
        findings = [part.find(facts) for part in self.parts]
        truths = [finding.truth for finding in findings]
        decisive = not self.every
        truth = decisive if decisive in truths else None if None in truths else not decisive
        return Finding(truth, tuple(figure for finding in findings for figure in finding.figures))

    def sentence(self) -> str:
        word = " and " if self.every else " or "
        return word.join(
            f"({part.sentence()})" if isinstance(part, Several) else part.sentence() for part in self.parts
        )


Condition: TypeAlias = Compare | NoData | IsPresent | Several


def read_condition(said: Any) -> Condition:
    """The condition that JSON says. Raises InvalidCondition."""
    condition = _read(said, 1)
    if _leaves(condition) > MAX_LEAVES:
        raise InvalidCondition(f"A condition may make {MAX_LEAVES} comparisons at most.")
    return condition


def is_about_silence(condition: Condition) -> bool:
    """And about nothing else: what comes in can end it, and never begin it."""
    if isinstance(condition, Several):
        return all(map(is_about_silence, condition.parts))
    return isinstance(condition, NoData)


def span(seconds: float) -> str:
    """Seconds in words: 90 s, 10 min, 8 h, 7 d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _read(said: Any, depth: int) -> Condition:
    if not isinstance(said, dict) or not said:
        raise InvalidCondition('A condition is an object, such as {"metric": "temperature", "is": ">", "value": 80}.')
    if depth > MAX_DEPTH:
        raise InvalidCondition(f"Conditions may be nested {MAX_DEPTH} deep at most.")
    for word, every in (("all", True), ("any", False)):
        if word in said:
            parts = said[word]
            _only(said, word)
            if not isinstance(parts, list) or not parts:
                raise InvalidCondition(f'"{word}" is a list of conditions, one at least.')
            return Several(tuple(_read_part(word, number, part, depth) for number, part in enumerate(parts)), every)
    if "no_data_for" in said:
        _only(said, "no_data_for", "metric")
        key = _text(said, "metric") if "metric" in said else ""
        return NoData(_positive(said, "no_data_for"), key)
    if "presence" in said:
        _only(said, "presence")
        if said["presence"] not in PRESENCES:
            raise InvalidCondition(f'"presence" is one of {", ".join(PRESENCES)}.')
        return IsPresent(said["presence"])
    if "metric" in said:
        return _read_compare(said)
    raise InvalidCondition('A condition has "metric", "no_data_for", "presence", "all" or "any".')


def _read_part(word: str, number: int, said: Any, depth: int) -> Condition:
    with within(word, number):
        return _read(said, depth + 1)


def _read_compare(said: Mapping[str, Any]) -> Compare:
    key, operator = _text(said, "metric"), said.get("is")
    if operator == "outside":
        _only(said, "metric", "is", "low", "high", "agg", "over", "target")
        low, high = _number_of(said, "low"), _number_of(said, "high")
        if low > high:
            raise InvalidCondition('"low" must not be above "high".')
        return Compare(key, "outside", (low, high), **_windowed(said, key))
    if not isinstance(operator, str) or operator not in COMPARE:
        raise InvalidCondition(f'"is" is one of {", ".join(COMPARE)} or outside.')
    _only(said, "metric", "is", "value", "than", "than_desired", "plus", "agg", "over", "target")
    limits = [name for name in ("value", "than", "than_desired") if name in said]
    if len(limits) != 1:
        raise InvalidCondition('A comparison has one of "value", "than" and "than_desired".')
    if limits == ["value"]:
        limit = said["value"]
        if isinstance(limit, str):
            if operator not in {"=", "!="} or "agg" in said:
                raise InvalidCondition("A text can be equal or not, and nothing else.")
            if len(limit) > 255 or not limit.isprintable():
                raise InvalidCondition('"value" is a short text.')
        else:
            limit = limit if isinstance(limit, bool) else _number_of(said, "value")
        if "plus" in said:
            raise InvalidCondition('"plus" goes with "than": add it to the value instead.')
        return Compare(key, operator, limit, **_windowed(said, key))
    other = _text(said, limits[0])
    plus = _number_of(said, "plus") if "plus" in said else 0.0
    if limits == ["than_desired"]:
        other = DESIRED + other
    elif other == key and "agg" not in said and not plus:
        raise InvalidCondition("A metric compared with itself says nothing.")
    return Compare(key, operator, other=other, plus=plus, **_windowed(said, key))


def _windowed(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    if "agg" not in said:
        if "over" in said or "target" in said:
            raise InvalidCondition(f'"over" needs "agg": one of {", ".join(AGGREGATES)}.')
        return {}
    if said["agg"] not in AGGREGATES:
        raise InvalidCondition(f'"agg" is one of {", ".join(AGGREGATES)}.')
    seconds = _positive(said, "over")
    if seconds > MAX_WINDOW:
        raise InvalidCondition(f"A window is at most {span(MAX_WINDOW)} long.")
    if (said["agg"] == "hours_to") != ("target" in said):
        raise InvalidCondition('"target" goes with "hours_to": the value that is to be reached.')
    target = _number_of(said, "target") if "target" in said else 0.0
    return {"agg": said["agg"], "window": WindowSpec(key, seconds), "target": target}


def _only(said: Mapping[str, Any], *names: str) -> None:
    if strange := sorted(said.keys() - set(names)):
        raise InvalidCondition(f'"{strange[0]}" does not belong beside {", ".join(names)}.')


def _text(said: Mapping[str, Any], name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= 64 or text.startswith("$") or not text.isprintable():
        raise InvalidCondition(f'"{name}" is the key of a metric.')
    return text


def _number_of(said: Mapping[str, Any], name: str) -> float:
    number = said.get(name)
    if isinstance(number, bool) or not isinstance(number, int | float) or not -MOST <= number <= MOST:
        raise InvalidCondition(f'"{name}" is a number.')
    return float(number)


def _positive(said: Mapping[str, Any], name: str) -> float:
    number = _number_of(said, name)
    if not 0 < number <= 366 * 86_400:
        raise InvalidCondition(f'"{name}" is a number of seconds above 0 and below a year.')
    return number


def _leaves(condition: Condition) -> int:
    return sum(map(_leaves, condition.parts)) if isinstance(condition, Several) else 1


def _fresh(facts: Facts, key: str) -> Value | None:
    known = facts.values.get(key)
    return known.value if known is not None and facts.now - known.time <= facts.fresh_for else None


def _shown_limit(limit: Value | tuple[float, float] | None) -> Value | None:
    return f"{_number(limit[0])} to {_number(limit[1])}" if isinstance(limit, tuple) else limit


def _shown(limit: Any) -> str:
    if isinstance(limit, bool):
        return "yes" if limit else "no"
    return limit if isinstance(limit, str) else _number(limit)


def _number(value: float) -> str:
    return f"{value:.10g}" if abs(value) != inf else "never"
