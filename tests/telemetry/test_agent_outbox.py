import sqlite3
from pathlib import Path

import pytest

from telemetry.agent.outbox import Outbox, OutboxTaken

pytestmark = pytest.mark.once


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "buffer.sqlite3"


def bodies(outbox: Outbox) -> list[str]:
    return [message.body for message in outbox.first(1000, 1_000_000)]


def fill(outbox: Outbox, *messages: str) -> Outbox:
    for message in messages:
        outbox.put(message)
    return outbox


def restarted(outbox: Outbox, file: Path, most: int = 10) -> Outbox:
    outbox.close()
    return Outbox(file, most)


def test_messages_come_out_in_the_order_they_went_in() -> None:
    assert bodies(fill(Outbox(None, 10), "a", "b", "c")) == ["a", "b", "c"]


def test_messages_outlive_a_restart_in_their_order(file: Path) -> None:
    outbox = restarted(fill(Outbox(file, 10), "a", "b"), file)
    assert bodies(fill(outbox, "c")) == ["a", "b", "c"]


def test_what_was_removed_does_not_come_back(file: Path) -> None:
    outbox = fill(Outbox(file, 10), "a", "b", "c")
    outbox.remove(up_to=outbox.first(2, 1000)[-1].number)
    assert bodies(restarted(outbox, file)) == ["c"]


def test_an_emptied_outbox_starts_empty(file: Path) -> None:
    outbox = fill(Outbox(file, 10), "a")
    outbox.remove(up_to=outbox.first(1, 1000)[-1].number)
    assert bodies(fill(restarted(outbox, file), "b")) == ["b"]


def test_one_too_many_drops_the_oldest_and_counts_it(file: Path) -> None:
    outbox = fill(Outbox(file, 2), "a", "b", "c", "d")
    assert (bodies(outbox), outbox.dropped) == (["c", "d"], 2)


def test_the_count_of_dropped_messages_outlives_a_restart(file: Path) -> None:
    outbox = restarted(fill(Outbox(file, 2), "a", "b", "c"), file)
    assert (bodies(outbox), outbox.dropped) == (["b", "c"], 1)


def test_a_smaller_outbox_drops_what_it_does_not_hold(file: Path) -> None:
    outbox = restarted(fill(Outbox(file, 10), "a", "b", "c"), file, most=2)
    assert (bodies(fill(outbox, "d")), outbox.dropped) == (["c", "d"], 2)


def test_removing_what_was_dropped_meanwhile_removes_nothing_else() -> None:
    outbox = fill(Outbox(None, 2), "a")
    [sent] = outbox.first(1, 1000)
    fill(outbox, "b", "c").remove(up_to=sent.number)
    assert bodies(outbox) == ["b", "c"]


def test_a_batch_is_bounded_in_number_and_bytes() -> None:
    outbox = fill(Outbox(None, 10), "aaaa", "bbbb", "ääää", "d")
    assert len(outbox.first(3, 1000)) == 3
    assert len(outbox.first(10, 15)) == 2


def test_a_message_larger_than_a_batch_goes_alone() -> None:
    assert len(fill(Outbox(None, 10), "a" * 100, "b").first(10, 10)) == 1


def test_a_second_agent_on_the_same_file_is_refused(file: Path) -> None:
    first = Outbox(file, 10)
    with pytest.raises(OutboxTaken, match=r"Another agent uses .*Give each its own by --buffer"):
        Outbox(file, 10)
    first.close()


def test_a_damaged_file_is_set_aside(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"nonsense" * 1000)
    outbox = fill(Outbox(file, 10), "a")
    assert file.with_name("buffer.sqlite3.broken").exists()
    assert bodies(restarted(outbox, file)) == ["a"]


@pytest.mark.parametrize("place", ["a-file/buffer.sqlite3", "."])
def test_a_place_where_no_file_can_be_is_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(OSError, match=r"a-file|cannot be used as buffer"):
        Outbox(tmp_path / place, 10)


def test_a_full_disk_loses_nothing_while_the_agent_lives(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = fill(Outbox(file, 100), "a")
    set_pages(outbox, 1)
    messages = [letter * 4000 for letter in "bcdef"]
    fill(outbox, *messages)
    assert bodies(outbox) == ["a", *messages]
    assert [record.getMessage().split(": ")[1] for record in caplog.records] == ["database or disk is full"]


def test_the_file_catches_up_when_the_disk_has_room_again(file: Path) -> None:
    outbox = fill(Outbox(file, 100), "a")
    set_pages(outbox, 1)
    messages = [letter * 4000 for letter in "bcdef"]
    fill(outbox, *messages).remove(up_to=outbox.first(1, 1000)[-1].number)
    set_pages(outbox, 1000)
    fill(outbox, "last")
    assert bodies(restarted(outbox, file)) == [*messages, "last"]


def set_pages(outbox: Outbox, most: int) -> None:
    """As if the disk had room for so many pages, or for what is there already."""
    assert isinstance(outbox._database, sqlite3.Connection)
    outbox._database.execute(f"PRAGMA max_page_count = {most}")
