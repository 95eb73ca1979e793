"""How a socket finds out whether its client reads."""

from telemetry.live.reader import ASK_AFTER, MOST_UNREAD, MOST_UNREAD_FRAMES, Reader


def sent(size: int) -> Reader:
    reader = Reader()
    reader.sent("x" * size)
    return reader


def test_a_reader_of_little_is_never_asked() -> None:
    assert not sent(100).mark()


def test_a_reader_of_much_is_asked_how_far_it_has_got() -> None:
    assert sent(ASK_AFTER).mark()


def test_it_is_asked_one_thing_at_a_time() -> None:
    reader = sent(ASK_AFTER)
    reader.mark()
    reader.sent("x" * ASK_AFTER)
    assert not reader.mark()


def test_no_mark_is_like_another() -> None:
    assert sent(ASK_AFTER).mark() != sent(ASK_AFTER).mark()


def test_who_has_not_read_what_it_was_sent_is_sent_no_more() -> None:
    assert not sent(MOST_UNREAD).has_room


def test_a_mark_that_comes_back_makes_room() -> None:
    reader = sent(MOST_UNREAD)
    assert reader.has_read(reader.mark())
    assert reader.has_room


def test_it_makes_room_for_what_was_sent_before_it_alone() -> None:
    reader = sent(ASK_AFTER)
    mark = reader.mark()
    reader.sent("x" * MOST_UNREAD)
    assert reader.has_read(mark)
    assert not reader.has_room


def test_another_mark_makes_none() -> None:
    reader = sent(MOST_UNREAD)
    reader.mark()
    for mark in ("", None, 5, "00000000", ["x"]):
        assert not reader.has_read(mark)
    assert not reader.has_room


def test_a_mark_counts_once() -> None:
    reader = sent(ASK_AFTER)
    mark = reader.mark()
    reader.has_read(mark)
    assert not reader.has_read(mark)


def test_who_wants_thousands_of_answers_and_reads_none_is_hopeless() -> None:
    reader = Reader()
    for _ in range(MOST_UNREAD_FRAMES + 1):
        assert not reader.is_hopeless
        reader.sent('{"type":"pong"}')
    assert reader.is_hopeless


def test_who_reads_them_may_want_more() -> None:
    reader = Reader()
    for _ in range(2 * MOST_UNREAD_FRAMES):
        reader.sent('{"type":"pong"}')
        reader.has_read(reader.mark())
    assert not reader.is_hopeless
