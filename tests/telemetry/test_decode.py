"""What becomes of each thing that a body can hold."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telemetry.decode import MAX_BYTES, MAX_KEYS, MAX_MESSAGES, Decoded, Message, decode
from telemetry.reasons import Reason

pytestmark = pytest.mark.once

NOW = datetime(2025, 12, 19, 13, tzinfo=UTC)
OLDEST = NOW - timedelta(days=30)


def decoded(body: bytes | Any) -> Decoded:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(content, received_at=NOW, oldest=OLDEST)


def message(telemetry: str, **fields: Any) -> Message:
    """The one message of a body whose telemetry is given as JSON text."""
    rest = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    [message] = decoded(f'{{"telemetry": {telemetry}{rest}}}'.encode()).messages
    return message


def reasons(message: Message) -> dict[str, Reason]:
    return {item.key: item.reason for item in message.rejected}


def body_reason(body: bytes | Any) -> Reason:
    result = decoded(body)
    assert not result.messages
    [item] = result.rejected
    return item.reason


def time_of(timestamp: Any) -> datetime:
    return message('{"temperature": 1}', timestamp=timestamp).time


def time_reason(timestamp: Any) -> Reason:
    result = message('{"temperature": 1, "humidity": 2}', timestamp=timestamp)
    assert not result.values
    [item] = result.rejected
    assert item.count == 2
    return item.reason


def test_the_documented_message_is_understood() -> None:
    result = decoded(
        b'{"telemetry": {"temperature": 25.5, "humidity": 60.2, "battery": 3.8}, "timestamp": "2025-12-19T12:21:20"}'
    )
    [taken] = result.messages
    assert taken.values == {"temperature": 25.5, "humidity": 60.2, "battery": 3.8}
    assert taken.time == datetime(2025, 12, 19, 12, 21, 20, tzinfo=UTC)
    assert not list(result.all_rejected())


def test_a_list_is_taken_message_by_message() -> None:
    result = decoded([{"telemetry": {"a": 1}}, "nonsense", {"telemetry": {"a": 3}}])
    assert [(taken.index, taken.values) for taken in result.messages] == [(0, {"a": 1.0}), (2, {"a": 3.0})]
    assert [(item.index, item.reason) for item in result.rejected] == [(1, Reason.WRONG_SHAPE)]


def test_a_gateways_message_names_its_device() -> None:
    assert message('{"a": 1}', device_id="child-1").device_id == "child-1"


# --- Values ---


def test_numbers_booleans_and_texts_keep_their_type() -> None:
    values = message('{"n": 1, "f": 1.5, "yes": true, "word": "heating"}').values
    assert [(key, type(value), value) for key, value in values.items()] == [
        ("n", float, 1.0),
        ("f", float, 1.5),
        ("yes", bool, True),
        ("word", str, "heating"),
    ]


def test_nested_objects_are_joined_by_dots() -> None:
    assert message('{"water": {"in": {"temperature": 12}}}').values == {"water.in.temperature": 12.0}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400])
def test_a_number_that_is_not_finite_is_rejected_and_the_rest_kept(literal: str) -> None:
    taken = message(f'{{"bad": {literal}, "good": 1}}')
    assert taken.values == {"good": 1.0}
    assert reasons(taken) == {"bad": Reason.NOT_FINITE}


def test_integers_beyond_64_bits_become_floats() -> None:
    assert message('{"a": 18446744073709551616}').values == {"a": 2.0**64}


def test_of_a_key_that_comes_twice_the_last_value_counts() -> None:
    assert message('{"a": 1, "a": 2}').values == {"a": 2.0}


@pytest.mark.parametrize(
    "text",
    [r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"', '"' + "x" * 256 + '"'],
    ids=["NUL", "half", "swapped", "long"],
)
def test_a_text_that_cannot_be_stored_is_rejected_and_the_rest_kept(text: str) -> None:
    taken = message(f'{{"bad": {text}, "good": "ok"}}')
    assert taken.values == {"good": "ok"}
    assert reasons(taken) == {"bad": Reason.TOO_LONG}


def test_a_text_of_255_characters_is_kept() -> None:
    assert message('{"a": "' + "ä" * 255 + '"}').values == {"a": "ä" * 255}


def test_a_surrogate_pair_is_one_character() -> None:
    assert message(r'{"a": "\ud83d\ude00"}').values == {"a": "😀"}


@pytest.mark.parametrize("value", ["null", "[]", "[1, 2]", "{}"])
def test_what_is_no_value_is_rejected_and_the_rest_kept(value: str) -> None:
    taken = message(f'{{"bad": {value}, "good": 1}}')
    assert taken.values == {"good": 1.0}
    assert reasons(taken) == {"bad": Reason.NOT_A_VALUE}


@pytest.mark.parametrize("key", ["", "a b", "a/b", "ä", "x" * 65, r"a\u0000", r"\ud800", r"a\n"])
def test_a_key_that_is_none_is_rejected_and_the_rest_kept(key: str) -> None:
    taken = message(f'{{"{key}": 1, "good": 1}}')
    assert taken.values == {"good": 1.0}
    [item] = taken.rejected
    assert item.reason == Reason.BAD_KEY


def test_a_rejected_key_can_be_shown_and_stored() -> None:
    [item] = message(r'{"\ud800\u0000\u001b[31m": 1}').rejected
    assert item.key.isprintable()
    item.key.encode()


def test_objects_nested_too_deeply_are_rejected_and_the_rest_kept() -> None:
    taken = message('{"deep": ' + '{"d": ' * 1000 + "1" + "}" * 1000 + ', "good": 1}')
    assert taken.values == {"good": 1.0}
    assert reasons(taken) == {"deep.d.d.d.d.d.d.d": Reason.TOO_DEEP}


def test_values_beyond_the_256th_are_rejected_together() -> None:
    taken = message(json.dumps({f"k{n}": n for n in range(300)}))
    assert len(taken.values) == MAX_KEYS
    [item] = taken.rejected
    assert (item.reason, item.count) == (Reason.TOO_MANY_KEYS, 44)


def test_messages_beyond_the_1000th_are_rejected_together() -> None:
    result = decoded([{"telemetry": {"a": 1}}] * 1003)
    assert len(result.messages) == MAX_MESSAGES
    [item] = result.rejected
    assert (item.reason, item.count, item.index) == (Reason.TOO_MANY_MESSAGES, 3, 1000)


# --- Bodies ---


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"online",
        b"{'a': 1}",
        b"\xff\xfe",
        b'{"telemetry": {"a": "\xff"}}',
        b'{"telemetry": {"a": 1}} x',
    ],
)
def test_what_is_not_json_is_rejected_whole(body: bytes) -> None:
    assert body_reason(body) == Reason.MALFORMED


def test_utf_16_is_not_json() -> None:
    assert body_reason('{"telemetry": {"a": 1}}'.encode("utf-16")) == Reason.MALFORMED


def test_a_byte_order_mark_is_skipped() -> None:
    [taken] = decoded(b'\xef\xbb\xbf{"telemetry": {"a": 1}}').messages
    assert taken.values == {"a": 1.0}


@pytest.mark.parametrize(
    "body", [1, "text", None, [], [[]], {}, {"telemetry": []}, {"telemetry": {}}, {"temperature": 1}]
)
def test_what_is_json_but_no_message_is_rejected_whole(body: Any) -> None:
    assert body_reason(body) == Reason.WRONG_SHAPE


def test_a_device_id_that_is_no_text_is_rejected_whole() -> None:
    assert body_reason({"telemetry": {"a": 1}, "device_id": 7}) == Reason.WRONG_SHAPE


def test_brackets_nested_a_hundred_thousand_deep_are_rejected_whole() -> None:
    assert body_reason(b"[" * 100_000 + b"]" * 100_000) == Reason.TOO_DEEP


def test_a_body_of_a_megabyte_is_rejected_unread() -> None:
    assert body_reason(b"[" * 1_000_000) == Reason.TOO_LARGE


def test_a_body_as_large_as_allowed_is_read() -> None:
    body = b'{"telemetry": {"a": 1}}'
    assert decoded(body + b" " * (MAX_BYTES - len(body))).messages


# --- Times ---


@pytest.mark.parametrize(
    "timestamp",
    [
        "2025-12-19T12:21:20",
        "2025-12-19 12:21:20",
        "2025-12-19T12:21:20Z",
        "2025-12-19T13:21:20+01:00",
        "20251219T122120Z",
        1766146880,
        1766146880.0,
        1766146880000,
        "1766146880",
        "1766146880000",
    ],
)
def test_a_time_may_be_written_in_many_ways(timestamp: Any) -> None:
    assert time_of(timestamp) == datetime(2025, 12, 19, 12, 21, 20, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", ["2025-12-19T12:21:20.123", 1766146880.123, 1766146880123, "1766146880.123"])
def test_milliseconds_are_kept(timestamp: Any) -> None:
    assert time_of(timestamp) == datetime(2025, 12, 19, 12, 21, 20, 123000, tzinfo=UTC)


def test_without_a_timestamp_the_time_received_counts() -> None:
    assert message('{"a": 1}').time == NOW


def test_a_timestamp_of_null_is_none() -> None:
    assert time_of(None) == NOW


@pytest.mark.parametrize(
    "timestamp",
    ["", "yesterday", "2025-13-01T00:00:00", "2025-12-19T25:00:00", True, [], {"$date": 1}, 1e18, -1e18, "9" * 400,
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\ud800", "\uff12025-12-19T12:21:20", "\0"],
)  # fmt: skip
def test_a_timestamp_that_is_none_rejects_the_values_of_its_message(timestamp: Any) -> None:
    assert time_reason(timestamp) == Reason.BAD_TIMESTAMP


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e999"])
def test_a_timestamp_that_is_not_finite_is_none(literal: str) -> None:
    [taken] = decoded(f'{{"telemetry": {{"a": 1}}, "timestamp": {literal}}}'.encode()).messages
    assert [item.reason for item in taken.rejected] == [Reason.BAD_TIMESTAMP]


def test_a_time_up_to_five_minutes_ahead_is_taken() -> None:
    assert time_of("2025-12-19T13:05:00") == NOW + timedelta(minutes=5)


def test_a_time_further_ahead_is_rejected() -> None:
    assert time_reason("2025-12-19T13:05:01") == Reason.IN_FUTURE


def test_a_time_as_far_back_as_readings_are_kept_is_taken() -> None:
    assert time_of(OLDEST.isoformat()) == OLDEST


def test_a_time_further_back_is_rejected() -> None:
    assert time_reason((OLDEST - timedelta(seconds=1)).isoformat()) == Reason.TOO_OLD


def test_values_rejected_for_themselves_are_not_rejected_again_for_their_time() -> None:
    taken = message('{"bad": null, "good": 1}', timestamp="never")
    assert [(item.reason, item.count) for item in taken.rejected] == [
        (Reason.NOT_A_VALUE, 1),
        (Reason.BAD_TIMESTAMP, 1),
    ]
