"""What holds for every body there is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.decode import MAX_MESSAGES, Decoded, decode

pytestmark = pytest.mark.once

# The first draw builds tables of all characters, and the machine may be busy.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 12, 19, 13, tzinfo=UTC)

keys = st.from_regex(r"[A-Za-z0-9_\-]{1,16}", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=255)
numbers = st.floats(allow_nan=False, allow_infinity=False)
good_values = st.dictionaries(keys, numbers | st.booleans() | texts, min_size=1, max_size=20)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=300)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(), max_size=70), inner, max_size=5)
    ),
    max_leaves=20,
)
# Messages that are nearly right are worth more than what any generator makes of nothing.
messages = st.fixed_dictionaries(
    {"telemetry": st.dictionaries(keys | st.text(max_size=5), anything, max_size=8) | anything},
    optional={"timestamp": anything | st.datetimes().map(str), "device_id": anything},
)
bodies = (
    st.binary()
    | anything.map(lambda content: json.dumps(content).encode())
    | messages.map(lambda content: json.dumps(content).encode())
    | st.lists(messages | anything, max_size=5).map(lambda content: json.dumps(content).encode())
)


def decoded(body: bytes, oldest: datetime = LONG_AGO) -> Decoded:
    return decode(body, received_at=NOW, oldest=oldest)


@patiently
@given(bodies)
def test_nothing_makes_it_raise_and_something_becomes_of_everything(body: bytes) -> None:
    assert decoded(body, NOW - timedelta(days=30)).received >= 1


@patiently
@given(bodies)
def test_what_is_taken_can_be_stored_anywhere(body: bytes) -> None:
    for message in decoded(body).messages:
        assert message.time.utcoffset() == timedelta(0)
        for key, value in message.values.items():
            assert key.isascii()
            assert 1 <= len(key) <= 64
            if isinstance(value, str):
                assert "\0" not in value.encode().decode()
                assert len(value) <= 255
            else:
                assert abs(value) < float("inf")


@patiently
@given(bodies)
def test_what_is_said_about_the_rejected_can_be_stored_anywhere(body: bytes) -> None:
    for item in decoded(body).all_rejected():
        assert item.count >= 1
        assert len(item.key) <= 64
        assert len(item.detail) <= 255
        assert (item.key + item.detail).isprintable()
        (item.key + item.detail).encode()


@patiently
@given(st.lists(messages | anything, min_size=1, max_size=8))
def test_each_message_of_a_list_is_taken_or_rejected(content: list[Any]) -> None:
    result = decoded(json.dumps(content).encode())
    places = [message.index for message in result.messages] + [item.index for item in result.rejected]
    assert sorted(places) == list(range(len(content)))


@patiently
@given(good_values, st.datetimes(datetime(2000, 1, 1), datetime(2025, 12, 19, 13)))  # noqa: DTZ001 (no zone is UTC)
def test_good_values_come_out_as_they_went_in(values: dict[str, Any], time: datetime) -> None:
    [message] = decoded(json.dumps({"telemetry": values, "timestamp": time.isoformat()}).encode()).messages
    assert message.values == values
    assert message.time == time.replace(tzinfo=UTC)
    assert not message.rejected


@patiently
@given(st.dictionaries(keys, leaves | st.lists(leaves, max_size=3), min_size=1, max_size=8))
def test_flat_telemetry_has_as_many_items_as_keys(telemetry: dict[str, Any]) -> None:
    assert decoded(json.dumps({"telemetry": telemetry}).encode()).received == len(telemetry)


@patiently
@given(st.integers(1, 3 * MAX_MESSAGES))
def test_every_message_of_a_long_list_is_counted(length: int) -> None:
    assert decoded(b"[" + b",".join([b'{"telemetry":{"a":1}}'] * length) + b"]").received == length
