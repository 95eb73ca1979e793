"""The life of a command, whatever evidence comes in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.command_states import DELIVERED, ENDINGS, OPEN, QUEUED, REPLIES, SENT, CommandStatus, moves

pytestmark = pytest.mark.once

RANKS = {QUEUED: 0, SENT: 1, DELIVERED: 2, **dict.fromkeys(ENDINGS, 3)}
evidence = st.lists(st.sampled_from(CommandStatus), max_size=12)


def life(pieces: list[CommandStatus]) -> list[CommandStatus]:
    """The states that a command goes through."""
    states = [QUEUED]
    for piece in pieces:
        states += moves(states[-1], piece)
    return states


@given(evidence)
def test_it_only_goes_forward(pieces: list[CommandStatus]) -> None:
    ranks = [RANKS[state] for state in life(pieces)]
    assert ranks == sorted(set(ranks))


@given(evidence, st.sampled_from(CommandStatus))
def test_nothing_moves_it_once_it_has_ended(pieces: list[CommandStatus], late: CommandStatus) -> None:
    states = life(pieces)
    assert states[-1] in OPEN or moves(states[-1], late) == ()


@given(evidence)
def test_it_is_delivered_on_the_devices_word_only(pieces: list[CommandStatus]) -> None:
    if DELIVERED in life(pieces):
        assert set(pieces) & set(REPLIES)


@given(evidence)
def test_how_it_ended_only_the_device_says(pieces: list[CommandStatus]) -> None:
    end = life(pieces)[-1]
    if end in REPLIES:
        assert end in pieces


@given(evidence)
def test_what_a_device_has_ended_was_delivered_to_it(pieces: list[CommandStatus]) -> None:
    states = life(pieces)
    assert states[-1] not in REPLIES or DELIVERED in states


@given(evidence)
def test_evidence_that_is_repeated_changes_nothing(pieces: list[CommandStatus]) -> None:
    assert life([piece for piece in pieces for _ in range(2)]) == life(pieces)


def test_what_was_sent_cannot_be_taken_back() -> None:
    assert moves(SENT, CommandStatus.CANCELLED) == ()


def test_what_was_sent_does_not_expire_but_times_out() -> None:
    assert moves(SENT, CommandStatus.EXPIRED) == ()
    assert moves(SENT, CommandStatus.TIMED_OUT) == (CommandStatus.TIMED_OUT,)


def test_what_was_not_sent_does_not_time_out_but_expires() -> None:
    assert moves(QUEUED, CommandStatus.TIMED_OUT) == ()
    assert moves(QUEUED, CommandStatus.EXPIRED) == (CommandStatus.EXPIRED,)


def test_a_device_may_be_faster_than_the_broker() -> None:
    assert life([CommandStatus.SUCCEEDED, SENT]) == [QUEUED, DELIVERED, CommandStatus.SUCCEEDED]
