"""Ask the rules: about readings as they are stored, about presence as it changes, and when time has passed.

All of it happens in the transaction that stores what is asked about, so neither a reading nor its alert exists without
the other. What a rule remembers of a device is locked while it is asked, in the order of keys: workers that are told
about the same device take turns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from alerts import rulebook
from alerts.conditions import DESIRED, PRESENCE, Facts, Known, Value
from alerts.evaluator import (
    CompiledRule,
    Kind,
    Observation,
    Outcome,
    State,
    Status,
    Transition,
    due,
    observe,
    tick,
)
from alerts.lifecycle import Change, apply
from alerts.models import AlertRule, RuleState
from alerts.root_cause import LOOK_AGAIN
from alerts.rulebook import Subject
from alerts.states import dump, is_worth_keeping, load
from devices.models import Device, Twin
from devices.presence import PresenceChange
from telemetry.ingest import StoredReading
from telemetry.models import Metric

# What is older than this when it comes in raises nothing.
LATE = timedelta(minutes=5)
SWEEP_CHUNK = 500


class _Pair(NamedTuple):
    rule: CompiledRule
    subject: Subject

    @property
    def key(self) -> tuple[int, int]:
        return self.rule.pk, self.subject.pk


def evaluate_readings(readings: Sequence[StoredReading]) -> None:
    """An entry of settings.INGEST_EVALUATORS."""
    news: dict[int, list[Observation]] = defaultdict(list)
    for reading in readings:
        if reading.received_at - reading.time <= LATE:
            news[reading.device_pk].append(Observation(reading.key, reading.time.timestamp(), reading.value))
    _tell(news, max((reading.received_at for reading in readings), default=datetime.now(UTC)))


def evaluate_presence(changes: Iterable[PresenceChange], at: datetime) -> None:
    """Presence has just changed, in the transaction at hand."""
    moment = at.timestamp()
    _tell({change.pk: [Observation(PRESENCE, moment, str(change.presence))] for change in changes}, at)


def prime(rule: AlertRule, now: datetime) -> None:
    """Let the next sweep ask a rule about all its devices: what is wrong already needs no reading to say so."""
    RuleState.objects.filter(rule=rule).update(due_at=now)
    RuleState.objects.bulk_create(
        (
            RuleState(rule=rule, device_id=pk, revision=rule.revision, status=Status.NORMAL, due_at=now)
            for pk in rule.devices().values_list("pk", flat=True)
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


def sweep(now: datetime) -> int:
    """Ask the rules that time has come for; how many there were. Workers may sweep side by side."""
    swept, last = 0, 0
    while pks := _sweep_some(now, last):
        swept, last = swept + len(pks), pks[-1]
    return swept


def _tell(news: Mapping[int, list[Observation]], at: datetime) -> None:
    subjects = rulebook.subjects(news.keys())
    told: dict[_Pair, list[Observation]] = {}
    for device_pk, subject in subjects.items():
        observations = sorted(news[device_pk], key=lambda observation: observation.time)
        for rule in subject.rules:
            if "" in rule.keys or any(observation.key in rule.keys for observation in observations):
                told[_Pair(rule, subject)] = observations
    if not told:
        return
    _add_desired(told)
    states = RuleState.objects.filter(device_id__in={pair.subject.pk for pair in told})
    will_be_asked = Q(status=Status.NORMAL, due_at__isnull=False) & ~Q(data="")
    known = {
        (rule, device): waits
        for rule, device, waits in states.annotate(waits=will_be_asked).values_list("rule_id", "device_id", "waits")
    }
    # What only waits, and will be asked when its time has come, learns then of all that has come.
    matters = [
        pair
        for pair, observations in told.items()
        if (not (pair.rule.only_waits and known[pair.key]) if pair.key in known else _is_noteworthy(pair, observations))
    ]
    if not matters:
        return
    with transaction.atomic():
        rows = _lock(matters, known)
        outcomes = []
        for pair in matters:
            row = rows.get(pair.key)
            if row is not None:
                outcomes.append((pair, row, _asked(pair, load(row.data), told[pair])))
        _keep(outcomes, at)


def _add_desired(told: dict[_Pair, list[Observation]]) -> None:
    """Rules that compare with what is desired of devices are told that first."""
    asking = [pair for pair in told if any(key.startswith(DESIRED) for key in pair.rule.keys)]
    desired = _desired({pair.subject.pk for pair in asking})
    for pair in asking:
        at = min(observation.time for observation in told[pair])
        wanted = desired.get(pair.subject.pk, {})
        told[pair] = [*(Observation(key, at, value) for key, value in wanted.items()), *told[pair]]


def _desired(devices: Collection[int]) -> dict[int, dict[str, Value]]:
    twins = Twin.objects.filter(device__in=devices).values_list("device_id", "desired") if devices else ()
    return {
        pk: {DESIRED + key: value for key, value in desired.items() if isinstance(value, float | int | str)}
        for pk, desired in twins
    }


def _is_noteworthy(pair: _Pair, observations: Sequence[Observation]) -> bool:
    """Whether a rule that remembers nothing of the device has something to remember now. Fast: it is asked always."""
    rule = pair.rule
    if rule.remembers:
        return True
    for observation in observations:
        if observation.key in rule.keys:
            facts = Facts(observation.time, {observation.key: Known(observation.time, observation.value)})
            if any(level.when.find(facts).truth for level in rule.levels):
                return True
    return False


def _lock(pairs: Collection[_Pair], known: Collection[tuple[int, int]]) -> dict[tuple[int, int], RuleState]:
    new = sorted({pair.key: pair for pair in pairs if pair.key not in known}.items())
    RuleState.objects.bulk_create(
        (
            RuleState(rule_id=rule_pk, device_id=device_pk, revision=pair.rule.revision, status=Status.NORMAL)
            for (rule_pk, device_pk), pair in new
        ),
        ignore_conflicts=True,
    )
    wanted = Q(rule_id__in={pair.rule.pk for pair in pairs}, device_id__in={pair.subject.pk for pair in pairs})
    rows = RuleState.objects.filter(wanted).order_by("pk").select_for_update(no_key=True)
    return {(row.rule_id, row.device_id): row for row in rows}


def _asked(pair: _Pair, state: State, observations: Sequence[Observation]) -> Outcome:
    transitions: list[Transition] = []
    outcome = Outcome(state)
    for observation in observations:
        if observation.key in pair.rule.keys or "" in pair.rule.keys:
            outcome = observe(pair.rule, outcome.state, observation, fresh_for=pair.subject.fresh_for)
            transitions += outcome.transitions
    return outcome._replace(transitions=tuple(transitions))


def _sweep_some(now: datetime, after: int) -> list[int]:
    with transaction.atomic():
        due_rows = (
            RuleState.objects.filter(due_at__lte=now, pk__gt=after)
            .order_by("pk")
            .select_for_update(no_key=True, skip_locked=True, of=("self",))[:SWEEP_CHUNK]
        )
        rows = list(due_rows)
        subjects = rulebook.subjects({row.device_id for row in rows})
        latest = _latest(subjects, now)
        outcomes, gone = [], []
        for row in rows:
            subject = subjects.get(row.device_id)
            rule = next((rule for rule in subject.rules if rule.pk == row.rule_id), None) if subject else None
            if subject is None or rule is None:
                gone.append(row.pk)
                continue
            outcome = tick(rule, load(row.data), latest[row.device_id], now.timestamp(), fresh_for=subject.fresh_for)
            outcomes.append((_Pair(rule, subject), row, outcome))
        RuleState.objects.filter(pk__in=gone).delete()
        _keep(outcomes, now)
        return [row.pk for row in rows]


def _latest(devices: Collection[int], now: datetime) -> dict[int, dict[str, Known]]:
    """What the rules' keys are now."""
    presences = Device.objects.filter(pk__in=devices).order_by().values_list("pk", "presence")
    latest = {pk: {PRESENCE: Known(now.timestamp(), presence)} for pk, presence in presences}
    for pk, wanted in _desired(devices).items():
        latest[pk] |= {key: Known(now.timestamp(), value) for key, value in wanted.items()}
    for metric in Metric.objects.filter(device_id__in=devices, last_time__isnull=False).order_by():
        value = metric.latest
        if metric.last_time is not None and value is not None:
            known = Known(metric.last_time.timestamp(), value)
            of_device = latest[metric.device_id]
            of_device[metric.key] = known
            if "" not in of_device or of_device[""].time < known.time:
                of_device[""] = known
    return latest


def _put_off(row: RuleState, outcome: Outcome, at: datetime) -> tuple[Transition, ...]:
    """What is withheld, and has waited long enough to be decided about anew."""
    state, trace = outcome.state, outcome.trace
    if row.withheld_since is None or row.held_by_id is not None or state.severity is None or trace is None:
        return ()
    if row.due_at is not None and row.due_at > at:
        return ()
    figures = next(finding.figures for severity, finding, _ in trace.findings if severity == state.severity)
    return (Transition(Kind.OPENED, state.latches[state.severity].since, state.severity, figures),)


def _keep(outcomes: Sequence[tuple[_Pair, RuleState, Outcome]], at: datetime) -> None:
    """Write what the rules remember now, and tell the alerts."""
    changes = []
    for pair, row, outcome in outcomes:
        transitions = outcome.transitions or _put_off(row, outcome, at)
        if transitions:
            changes.append(Change(pair.rule, pair.subject, row, transitions))
    if changes:
        apply(changes, at)
    kept, gone = [], []
    for pair, row, outcome in outcomes:
        if not is_worth_keeping(pair.rule, outcome.state):
            gone.append(row.pk)
            continue
        row.revision, row.status = pair.rule.revision, outcome.state.status
        row.data = dump(pair.rule, outcome.state)
        row.due_at = _due_at(pair, row, outcome.state, at)
        kept.append(row)
    # Not bulk_update(): for thousands of rows its statement takes seconds to be put together.
    remembered = ["revision", "status", "data", "due_at", "withheld_since", "held_by"]
    RuleState.objects.bulk_create(kept, update_conflicts=True, unique_fields=["pk"], update_fields=remembered)
    if gone:
        RuleState.objects.filter(pk__in=gone).delete()


def _due_at(pair: _Pair, row: RuleState, state: State, at: datetime) -> datetime | None:
    moments = []
    if row.withheld_since is not None and row.held_by_id is None:
        waiting = row.due_at if row.due_at is not None and row.due_at > at else at + LOOK_AGAIN
        moments.append(waiting)
    if (moment := due(pair.rule, state, fresh_for=pair.subject.fresh_for)) is not None:
        # Rounded up: asked a microsecond early, it would not be due yet.
        moments.append(datetime.fromtimestamp(ceil(moment * 1000) / 1000, UTC))
    return min(moments, default=None)
