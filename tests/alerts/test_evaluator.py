"""What a rule makes of readings: levels, waiting, hysteresis, windows, schedules. No database."""

from typing import Any

import pytest

from alerts.evaluator import BLANK, CompiledRule, Kind, Observation, State, Status, due, observe, tick
from alerts.rules import compile_rule, sentence

pytestmark = pytest.mark.once

HOT: dict[str, Any] = {"metric": "temperature", "is": ">", "value": 80}


def rule(*levels: dict[str, Any], schedule: Any = None) -> CompiledRule:
    return compile_rule(1, 1, [{"severity": "high", **level} for level in levels], schedule, "Europe/Vienna")


def play(compiled: CompiledRule, *values: tuple[float, Any], state: State = BLANK, key: str = "temperature") -> Any:
    """The state after (time, value) pairs, and the kinds of what happened."""
    kinds: list[Kind] = []
    for time, value in values:
        outcome = observe(compiled, state, Observation(key, time, value))
        state = outcome.state
        kinds += [transition.kind for transition in outcome.transitions]
    return state, kinds


def test_a_value_beyond_the_limit_opens() -> None:
    assert play(rule({"when": HOT}), (0, 79), (1, 81))[1] == [Kind.OPENED]


def test_a_value_at_the_limit_does_not() -> None:
    assert play(rule({"when": HOT}), (0, 80))[1] == []


def test_what_is_over_resolves() -> None:
    assert play(rule({"when": HOT}), (0, 81), (1, 79))[1] == [Kind.OPENED, Kind.RESOLVED]


def test_it_waits_as_long_as_it_is_told() -> None:
    compiled = rule({"when": HOT, "for": 60})
    assert play(compiled, (0, 81), (59, 81))[1] == []
    assert play(compiled, (0, 81), (60, 81))[1] == [Kind.OPENED]


def test_a_dip_begins_the_wait_anew() -> None:
    assert play(rule({"when": HOT, "for": 60}), (0, 81), (30, 79), (60, 81), (100, 81))[1] == []


def test_it_waits_for_as_many_readings() -> None:
    assert play(rule({"when": HOT, "readings": 3}), (0, 81), (1, 82), (2, 83))[1] == [Kind.OPENED]
    assert play(rule({"when": HOT, "readings": 3}), (0, 81), (1, 82))[1] == []


def test_time_alone_ends_the_wait() -> None:
    compiled = rule({"when": HOT, "for": 60})
    state, _ = play(compiled, (0, 81))
    assert due(compiled, state) == 60
    assert [transition.kind for transition in tick(compiled, state, {}, 60).transitions] == [Kind.OPENED]


def test_a_value_that_is_no_longer_fresh_takes_the_wait_back() -> None:
    compiled = rule({"when": HOT, "for": 600})
    state, _ = play(compiled, (0, 81))
    outcome = tick(compiled, state, {}, 600, fresh_for=90)
    assert (outcome.transitions, outcome.state.status) == ((), Status.NORMAL)


def test_inside_its_band_it_stays_as_it_is() -> None:
    compiled = rule({"when": HOT, "clear": {"metric": "temperature", "is": "<", "value": 70}})
    assert play(compiled, (0, 81), (1, 75), (2, 81), (3, 71))[1] == [Kind.OPENED]
    assert play(compiled, (0, 81), (1, 69))[1] == [Kind.OPENED, Kind.RESOLVED]


def test_it_recovers_before_it_resolves() -> None:
    kinds = play(rule({"when": HOT, "clear_for": 60}), (0, 81), (10, 79), (69, 79), (70, 79))[1]
    assert kinds == [Kind.OPENED, Kind.RECOVERING, Kind.RESOLVED]


def test_it_may_fall_back_while_it_recovers() -> None:
    kinds = play(rule({"when": HOT, "clear_for": 60}), (0, 81), (10, 79), (20, 81))[1]
    assert kinds == [Kind.OPENED, Kind.RECOVERING, Kind.RELAPSED]


def test_it_gets_worse_and_better_by_levels() -> None:
    worse = {"severity": "critical", "when": {"metric": "temperature", "is": ">", "value": 95}}
    kinds = play(rule({"when": HOT}, worse), (0, 81), (1, 96), (2, 90), (3, 70))[1]
    assert kinds == [Kind.OPENED, Kind.ESCALATED, Kind.DEESCALATED, Kind.RESOLVED]


def test_firing_without_fresh_values_is_no_data() -> None:
    compiled = rule({"when": HOT})
    state, _ = play(compiled, (0, 81))
    assert due(compiled, state, fresh_for=90) == 90
    outcome = tick(compiled, state, {}, 91, fresh_for=90)
    assert [transition.kind for transition in outcome.transitions] == [Kind.LOST_SIGHT]


def test_an_average_needs_most_of_its_window() -> None:
    busy = {"metric": "cpu", "agg": "avg", "over": 600, "is": ">", "value": 85}
    readings = [(60.0 * minute, 97) for minute in range(10)]
    assert play(rule({"when": busy}), *readings[:5], key="cpu")[1] == []
    assert play(rule({"when": busy}), *readings, key="cpu")[1] == [Kind.OPENED]


def test_one_spike_is_no_average() -> None:
    busy = {"metric": "cpu", "agg": "avg", "over": 600, "is": ">", "value": 85}
    readings = [(60.0 * minute, 100 if minute == 9 else 20) for minute in range(12)]
    assert play(rule({"when": busy}), *readings, key="cpu")[1] == []


def test_a_rate_is_a_change_an_hour() -> None:
    filling = {"metric": "disk", "agg": "rate", "over": 3600, "is": ">", "value": 5}
    assert play(rule({"when": filling}), *((600.0 * n, n) for n in range(7)), key="disk")[1] == [Kind.OPENED]
    assert play(rule({"when": filling}), *((600.0 * n, n / 2) for n in range(7)), key="disk")[1] == []


def test_hours_to_full_come_from_a_straight_line() -> None:
    full = {"metric": "disk", "agg": "hours_to", "over": 3600, "target": 100, "is": "<", "value": 8}
    assert play(rule({"when": full}), *((600.0 * n, 70 + n) for n in range(7)), key="disk")[1] == [Kind.OPENED]
    assert play(rule({"when": full}), *((600.0 * n, 30 + n) for n in range(7)), key="disk")[1] == []


def test_a_metric_is_compared_with_another() -> None:
    cold = rule({"when": {"metric": "temperature", "is": "<", "than": "target", "plus": -5}})
    state, _ = play(cold, (0, 60), key="target")
    assert play(cold, (1, 56), state=state)[1] == []
    assert play(cold, (1, 54), state=state)[1] == [Kind.OPENED]


def test_silence_is_noticed_by_time() -> None:
    silent = rule({"when": {"no_data_for": 300}})
    state, _ = play(silent, (0, 1))
    assert due(silent, state) == 300
    assert [transition.kind for transition in tick(silent, state, {}, 300).transitions] == [Kind.OPENED]


def test_any_value_ends_it() -> None:
    silent = rule({"when": {"no_data_for": 300}})
    state = tick(silent, play(silent, (0, 1))[0], {}, 300).state
    assert play(silent, (400, 1), state=state)[1] == [Kind.RESOLVED]


@pytest.mark.parametrize(("one", "other", "opens"), [(True, None, False), (False, None, False), (True, True, True)])
def test_and_is_known_when_all_is_known_or_one_is_false(one: bool, other: bool | None, opens: bool) -> None:
    both = rule(
        {"when": {"all": [{"metric": "a", "is": "=", "value": True}, {"metric": "b", "is": "=", "value": True}]}}
    )
    state, kinds = play(both, (0, one), key="a")
    if other is not None:
        kinds += play(both, (1, other), state=state, key="b")[1]
    assert bool(kinds) == opens


def test_outside_its_hours_it_raises_nothing() -> None:
    noon = 1_766_142_000.0  # Friday, 2025-12-19 12:00 in Vienna
    compiled = rule({"when": HOT}, schedule={"days": ["sat"], "from": "08:00", "to": "18:00"})
    state, kinds = play(compiled, (noon, 81))
    assert kinds == []
    assert due(compiled, state) == noon + 20 * 3600


def test_news_from_before_changes_nothing() -> None:
    assert play(rule({"when": HOT}), (10, 79), (5, 99))[1] == []


def test_a_rule_says_what_it_does() -> None:
    compiled = rule({"when": HOT, "for": 600, "clear": {"metric": "temperature", "is": "<", "value": 70}})
    assert sentence(compiled) == "High when temperature is above 80 for 10 min until temperature is below 70."
