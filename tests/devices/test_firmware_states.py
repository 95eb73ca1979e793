"""What moves an update, and how a device's words are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.command_states import CommandStatus
from devices.firmware.states import (
    ENDINGS,
    OPEN,
    Evidence,
    Reported,
    UpdateStatus,
    evidence_of,
    evidence_of_command,
    moves,
    read_reported,
)

pytestmark = pytest.mark.once
STATUSES = st.sampled_from(list(UpdateStatus))
HAPPY = [*OPEN, UpdateStatus.UPDATED]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.lists(STATUSES, max_size=30))
def test_whatever_comes_it_moves_forward_only_and_an_end_is_an_end(evidence: list[UpdateStatus]) -> None:
    status = UpdateStatus.QUEUED
    for each in evidence:
        if moves(status, each):
            assert status not in ENDINGS
            assert each in (UpdateStatus.FAILED, UpdateStatus.CANCELLED) or HAPPY.index(each) > HAPPY.index(status)
            status = each


@given(st.sampled_from(OPEN))
def test_any_open_update_may_fail_and_only_one_that_nobody_began_is_cancelled(status: UpdateStatus) -> None:
    assert moves(status, UpdateStatus.FAILED)
    assert moves(status, UpdateStatus.CANCELLED) == (status == UpdateStatus.QUEUED)


@given(st.dictionaries(st.sampled_from(["version", "state", "percent", "error"]), JSON) | JSON)
def test_whatever_a_device_reports_is_read_and_means_something_or_nothing(reported: object) -> None:
    said = read_reported(reported)
    assert said.percent is None or 0 <= said.percent <= 100
    meaning = evidence_of(said, "2.0")
    assert meaning is None or meaning.status not in (UpdateStatus.QUEUED, UpdateStatus.CANCELLED)
    assert (meaning is not None and meaning.status == UpdateStatus.UPDATED) == (
        said.version == "2.0" and said.state in ("", "updated")
    )


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (Reported(version="1.0", state="downloading", percent=40), Evidence(UpdateStatus.DOWNLOADING, percent=40)),
        (Reported(version="1.0", state="verified"), Evidence(UpdateStatus.VERIFIED)),
        (Reported(version="2.0", state="updated"), Evidence(UpdateStatus.UPDATED)),
        (Reported(version="2.0"), Evidence(UpdateStatus.UPDATED)),
        (Reported(version="1.0"), None),
        (Reported(version="1.0", state="thinking"), None),
        (Reported(version="1.0", state="queued"), None),
        (
            Reported(version="1.0", state="updated"),
            Evidence(UpdateStatus.FAILED, "The device says it is updated, but runs 1.0."),
        ),
        (Reported(state="failed", error="No space"), Evidence(UpdateStatus.FAILED, "No space")),
        (Reported(version="2.0", state="failed"), Evidence(UpdateStatus.FAILED, "The device does not say why.")),
    ],
)
def test_a_devices_word_is_evidence(said: Reported, meaning: Evidence | None) -> None:
    assert evidence_of(said, "2.0") == meaning


def test_that_the_command_succeeded_is_not_yet_that_the_version_runs() -> None:
    meanings = {status: evidence_of_command(status, "why") for status in CommandStatus}
    assert {status for status, meaning in meanings.items() if meaning is None} == {"queued", "sent", "delivered"}
    assert meanings[CommandStatus.SUCCEEDED] == Evidence(UpdateStatus.UPDATING, "why")
    assert meanings[CommandStatus.REJECTED] == Evidence(UpdateStatus.FAILED, "why")
