"""What a rule makes of what it is told: `observe()` and `tick()`. Pure: (rule, state, news) → (state, transitions).

A rule has one level for each severity. Each level has a latch:

    off ──when──▶ pending ──for as long, as many readings──▶ on ──clear──▶ clearing ──for as long──▶ off

The rule is at the most severe level whose latch is on. Between `when` and `clear` a latch that is on stays on
(hysteresis). What is unknown moves no latch but takes back a pending one. Time only goes forward: news from before
what was seen last changes windows, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import NamedTuple

from alerts.conditions import Condition, Facts, Figure, Finding, Known, Value, WindowSpec, is_about_silence
from alerts.schedule import Schedule
from alerts.windows import Window, add


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES = tuple(Severity)  # the worst first


class Status(StrEnum):
    NORMAL = "normal"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"  # firing, and nothing fresh says whether it still is so


class Position(StrEnum):
    OFF = "off"
    PENDING = "pending"
    ON = "on"
    CLEARING = "clearing"


class Latch(NamedTuple):
    position: Position = Position.OFF
    since: float = 0.0  # when it got into this position, epoch seconds
    readings: int = 0  # seen in it, while pending


OFF = Latch()


@dataclass(frozen=True, slots=True)
class Level:
    """When a rule is this severe, and when no longer. Without `clear`: as soon as `when` is not so."""

    severity: Severity
    when: Condition
    clear: Condition | None = None
    for_seconds: float = 0.0
    for_readings: int = 1
    clear_for_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule ready to be evaluated; levels, the worst first."""

    pk: int
    revision: int
    levels: tuple[Level, ...]
    schedule: Schedule | None = None
    keys: frozenset[str] = field(init=False)
    windows: frozenset[WindowSpec] = field(init=False)
    remembers: bool = field(init=False)  # whether its state matters while nothing is wrong
    only_waits: bool = field(init=False)  # time alone makes something wrong, whatever comes in

    def __post_init__(self) -> None:
        conditions = [part for level in self.levels for part in (level.when, level.clear) if part is not None]
        object.__setattr__(self, "keys", frozenset().union(*(condition.keys for condition in conditions)))
        object.__setattr__(self, "windows", frozenset().union(*(condition.windows for condition in conditions)))
        object.__setattr__(self, "only_waits", self.schedule is None and all(map(is_about_silence, conditions)))
        waits = self.schedule is not None or any(condition.silences for condition in conditions)
        object.__setattr__(self, "remembers", bool(waits or self.windows or len(self.keys) > 1))


class Observation(NamedTuple):
    """One value of one key at one time, epoch seconds. The key "" stands for anything at all."""

    key: str
    time: float
    value: Value


@dataclass(frozen=True, slots=True)
class State:
    """What a rule remembers of one device."""

    latches: Mapping[Severity, Latch] = field(default_factory=dict)
    values: Mapping[str, Known] = field(default_factory=dict)
    windows: Mapping[WindowSpec, Window] = field(default_factory=dict)
    seen: float = -inf  # the newest moment it was evaluated at
    severity: Severity | None = None  # what it was at then
    status: Status = Status.NORMAL


BLANK = State()


class Kind(StrEnum):
    OPENED = "opened"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    RECOVERING = "recovering"
    RELAPSED = "relapsed"
    LOST_SIGHT = "no_data"
    RESOLVED = "resolved"


class Transition(NamedTuple):
    """Something an alert has to be told. `figures` are those of the level that decided."""

    kind: Kind
    time: float
    severity: Severity
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One evaluation, for people who ask why."""

    time: float
    status: Status
    severity: Severity | None
    findings: tuple[tuple[Severity, Finding, Latch], ...]


class Outcome(NamedTuple):
    state: State
    transitions: tuple[Transition, ...] = ()
    trace: Trace | None = None  # None: it was not asked


def observe(rule: CompiledRule, state: State, news: Observation, *, fresh_for: float = inf) -> Outcome:
    """What one observation changes."""
    values, windows = dict(state.values), dict(state.windows)
    for key in (news.key, ""):
        known = values.get(key)
        if key in rule.keys and (known is None or known.time <= news.time):
            values[key] = Known(news.time, news.value)
    if not isinstance(news.value, str):
        for spec in rule.windows:
            if spec.key == news.key:
                windows[spec] = add(windows.get(spec, ()), spec.seconds, news.time, float(news.value))
    known_state = replace(state, values=values, windows=windows)
    if news.time < state.seen:
        return Outcome(known_state)
    return _evaluate(rule, known_state, news.time, fresh_for, counts=True)


def tick(
    rule: CompiledRule, state: State, latest: Mapping[str, Known], now: float, *, fresh_for: float = inf
) -> Outcome:
    """What the passing of time changes. `latest`: the last values of the rule's keys, as far as they are known."""
    values = dict(state.values)
    for key, known in latest.items():
        if key in rule.keys and (key not in values or values[key].time < known.time):
            values[key] = known
    return _evaluate(rule, replace(state, values=values), max(now, state.seen), fresh_for, counts=False)


def due(rule: CompiledRule, state: State, *, fresh_for: float = inf) -> float | None:
    """When time alone may change something next, epoch seconds; None: never."""
    moments = []
    for level in rule.levels:
        latch = state.latches.get(level.severity, OFF)
        if latch.position == Position.PENDING:
            moments.append(latch.since + level.for_seconds)
        elif latch.position == Position.CLEARING:
            moments.append(latch.since + level.clear_for_seconds)
        ends = ((silence.last(state.values), silence.seconds) for silence in level.when.silences)
        moments += [last + seconds for last, seconds in ends if last is not None]
    if state.severity is not None and fresh_for != inf:
        moments += [known.time + fresh_for for key, known in state.values.items() if key and not key.startswith("$")]
    if rule.schedule is not None and state.values and not rule.schedule.is_open(state.seen):
        moments.append(rule.schedule.next_opening(state.seen))
    return min((moment for moment in moments if moment > state.seen), default=None)


def _evaluate(rule: CompiledRule, state: State, now: float, fresh_for: float, *, counts: bool) -> Outcome:
    facts = Facts(now, state.values, state.windows, fresh_for)
    is_open = rule.schedule is None or rule.schedule.is_open(now)
    latches: dict[Severity, Latch] = {}
    findings: list[tuple[Severity, Finding, Latch]] = []
    for level in rule.levels:
        finding = level.when.find(facts)
        cleared = _not(finding.truth) if level.clear is None else level.clear.find(facts).truth
        before = state.latches.get(level.severity, OFF)
        latch = _moved(before, level, finding.truth if is_open else _shut(before, finding.truth), cleared, now, counts)
        findings.append((level.severity, finding, latch))
        if latch != OFF:
            latches[level.severity] = latch
    severity = next((level.severity for level in rule.levels if _is_on(latches.get(level.severity, OFF))), None)
    status = _status(severity, latches, findings)
    transitions = _transitions(state, severity, status, findings, now)
    after = replace(state, latches=latches, seen=now, severity=severity, status=status)
    return Outcome(after, transitions, Trace(now, status, severity, tuple(findings)))


def _moved(latch: Latch, level: Level, when: bool | None, cleared: bool | None, now: float, counts: bool) -> Latch:
    match latch.position:
        case Position.OFF | Position.PENDING:
            if not when:
                return OFF
            if latch.position == Position.OFF:
                latch = Latch(Position.PENDING, now, 1)
            elif counts:
                latch = latch._replace(readings=latch.readings + 1)
            ripe = now - latch.since >= level.for_seconds and latch.readings >= level.for_readings
            return Latch(Position.ON, now) if ripe else latch
        case Position.ON | Position.CLEARING:
            if when or cleared is False:
                return latch if latch.position == Position.ON else Latch(Position.ON, now)
            if not cleared:
                return latch
            if latch.position == Position.ON:
                latch = Latch(Position.CLEARING, now)
            return OFF if now - latch.since >= level.clear_for_seconds else latch


def _shut(latch: Latch, truth: bool | None) -> bool | None:
    """Outside its hours a rule raises nothing new; what is raised goes on."""
    return truth if _is_on(latch) else False


def _status(
    severity: Severity | None, latches: Mapping[Severity, Latch], findings: Sequence[tuple[Severity, Finding, Latch]]
) -> Status:
    if severity is None:
        return Status.PENDING if latches else Status.NORMAL
    on = [(finding, latch) for _, finding, latch in findings if _is_on(latch)]
    if all(latch.position == Position.CLEARING for _, latch in on):
        return Status.RECOVERING
    return Status.NO_DATA if all(finding.truth is None for finding, _ in on) else Status.FIRING


def _transitions(
    before: State,
    severity: Severity | None,
    status: Status,
    findings: Sequence[tuple[Severity, Finding, Latch]],
    now: float,
) -> tuple[Transition, ...]:
    figures = {level: finding.figures for level, finding, _ in findings}
    if severity is None:
        if before.severity is None:
            return ()
        return (Transition(Kind.RESOLVED, now, before.severity, figures.get(before.severity, ())),)
    if before.severity is None:
        return (Transition(Kind.OPENED, now, severity, figures[severity]),)
    if severity != before.severity:
        worse = SEVERITIES.index(severity) < SEVERITIES.index(before.severity)
        return (Transition(Kind.ESCALATED if worse else Kind.DEESCALATED, now, severity, figures[severity]),)
    if status == before.status:
        return ()
    kinds = {Status.RECOVERING: Kind.RECOVERING, Status.NO_DATA: Kind.LOST_SIGHT, Status.FIRING: Kind.RELAPSED}
    return (Transition(kinds[status], now, severity, figures[severity]),)


def _is_on(latch: Latch) -> bool:
    return latch.position in {Position.ON, Position.CLEARING}


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
