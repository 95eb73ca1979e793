from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.twin_states import changes, delta, merged, pending, same

pytestmark = pytest.mark.once

NOON = datetime(2025, 12, 19, 12, tzinfo=UTC)
values = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "eco", "off"]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)
states = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(states, states)
def test_a_device_that_reports_the_delta_is_in_step(desired: dict[str, Any], reported: dict[str, Any]) -> None:
    assert delta(desired, {**reported, **desired}) == {}
    assert delta(desired, merged(reported, desired)) == {}


@given(states, states)
def test_the_delta_is_part_of_what_is_desired(desired: dict[str, Any], reported: dict[str, Any]) -> None:
    assert delta(desired, reported).keys() <= desired.keys()
    assert (delta(desired, reported) == {}) == all(
        delta({key: wanted}, reported) == {} for key, wanted in desired.items()
    )


@given(states, states)
def test_merging_twice_is_merging_once(state: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merged(state, patch)
    assert same(merged(once, patch), once)


@given(states, states)
def test_without_changes_two_states_are_the_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert (changes(before, after) == {}) == same(before, after)


def test_null_takes_a_key_away() -> None:
    assert merged({"mode": "eco", "led": True}, {"mode": None}) == {"led": True}


def test_a_nested_key_is_merged_on_its_own() -> None:
    assert merged({"wifi": {"name": "a", "channel": 1}}, {"wifi": {"channel": 6}}) == {
        "wifi": {"name": "a", "channel": 6}
    }


def test_one_is_not_true_but_it_is_one_point_zero() -> None:
    assert delta({"led": True}, {"led": 1}) == {"led": True}
    assert delta({"target": 55}, {"target": 55.0}) == {}


def test_what_a_device_reports_besides_is_no_difference() -> None:
    assert delta({"mode": "eco"}, {"mode": "eco", "firmware": "2.1"}) == {}


def test_a_difference_says_from_what_to_what() -> None:
    assert changes({"mode": "eco", "led": True}, {"mode": "off"}) == {
        "led": {"from": True, "to": None},
        "mode": {"from": "eco", "to": "off"},
    }


def test_what_still_waits_keeps_its_time() -> None:
    later = NOON + timedelta(hours=1)
    before = {"mode": NOON.isoformat()}
    assert pending(before, {"led": ...}, {"mode": "off", "led": True}, later) == {
        "mode": NOON.isoformat(),
        "led": later.isoformat(),
    }


def test_what_is_wanted_anew_waits_from_then() -> None:
    later = NOON + timedelta(hours=1)
    assert pending({"mode": NOON.isoformat()}, {"mode": ...}, {"mode": "off"}, later) == {"mode": later.isoformat()}
