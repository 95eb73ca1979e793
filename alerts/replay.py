"""A rule played over what a device has sent: the same evaluator, with the past for a clock."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import merge
from math import inf

from django.db.models import QuerySet

from alerts.conditions import DESIRED, PRESENCE, Value
from alerts.evaluator import BLANK, CompiledRule, Observation, Outcome, State, due, observe, tick
from devices.models import Device, PresenceSpan, ValueType
from telemetry.models import Metric, Reading


def replay(
    rule: CompiledRule, observations: Iterable[Observation], until: float, *, fresh_for: float = inf
) -> Iterator[Outcome]:
    """Every outcome, in the order of time, up to `until` (epoch seconds): of observations, and of the time between."""
    state = BLANK
    for observation in observations:
        for outcome in _pass_time(rule, state, observation.time, fresh_for):
            state = outcome.state
            yield outcome
        outcome = observe(rule, state, observation, fresh_for=fresh_for)
        state = outcome.state
        yield outcome
    yield from _pass_time(rule, state, until, fresh_for)


def past_observations(device: Device, rule: CompiledRule, start: datetime, end: datetime) -> Iterator[Observation]:
    """What the device sent of the rule's keys, oldest first. A rule that hears anything at all hears everything."""
    metrics: QuerySet[Metric] = Metric.objects.filter(device=device)
    if "" not in rule.keys:
        metrics = metrics.filter(key__in=[key for key in rule.keys if not key.startswith("$")])
    sources = [_of_metric(metric, start, end) for metric in metrics]
    if PRESENCE in rule.keys:
        sources.append(_of_presence(device, start, end))
    return merge(*sources, key=lambda observation: observation.time)


def warm_up(rule: CompiledRule) -> timedelta:
    """How long before a moment it takes to know what the rule thinks at that moment."""
    windows = max((spec.seconds for spec in rule.windows), default=0.0)
    waits = max(max(level.for_seconds, level.clear_for_seconds) for level in rule.levels)
    silences = max((silence.seconds for level in rule.levels for silence in level.when.silences), default=0.0)
    return timedelta(seconds=windows + waits + silences)


def can_be_replayed(rule: CompiledRule) -> bool:
    """What was desired of devices is not played back."""
    return not any(key.startswith(DESIRED) for key in rule.keys)


def _pass_time(rule: CompiledRule, state: State, until: float, fresh_for: float) -> Iterator[Outcome]:
    while (moment := due(rule, state, fresh_for=fresh_for)) is not None and moment < until:
        outcome = tick(rule, state, {}, moment, fresh_for=fresh_for)
        state = outcome.state
        yield outcome


def _of_presence(device: Device, start: datetime, end: datetime) -> Iterator[Observation]:
    spans = PresenceSpan.objects.filter(device=device)
    before = spans.filter(since__lt=start).order_by("-since").first()
    if before is not None:
        yield Observation(PRESENCE, start.timestamp(), before.presence)
    for span in spans.filter(since__gte=start, since__lt=end).order_by("since"):
        yield Observation(PRESENCE, span.since.timestamp(), span.presence)


def _of_metric(metric: Metric, start: datetime, end: datetime) -> Iterator[Observation]:
    rows = (
        Reading.objects.filter(metric=metric, time__gte=start, time__lt=end)
        .order_by("time")
        .values_list("time", "value", "text")
        .iterator(chunk_size=5000)
    )
    for time, value, text in rows:
        yield Observation(metric.key, time.timestamp(), _typed(metric.value_type, value, text))


def _typed(value_type: str, value: float | None, text: str | None) -> Value:
    if value is None:
        return text or ""
    return bool(value) if value_type == ValueType.BOOLEAN else value
