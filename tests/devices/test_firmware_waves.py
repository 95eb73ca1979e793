"""In which order devices have their turn, and when too many of them failed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.firmware.waves import checked_waves, is_too_bad, read_waves, sizes

pytestmark = pytest.mark.once
WAVES = st.lists(st.integers(1, 500).map(str) | st.integers(1, 100).map("{}%".format), max_size=10).map(checked_waves)


@given(WAVES, st.integers(0, 5000))
def test_every_device_is_in_one_wave(waves: list[str], devices: int) -> None:
    found = sizes(waves, devices)
    assert sum(found) == devices
    assert all(size > 0 for size in found)
    assert len(found) <= len(waves)


@pytest.mark.parametrize(
    ("text", "devices", "expected"),
    [
        ("1, 10%, rest", 200, [1, 20, 179]),
        ("1, 10 %", 200, [1, 20, 179]),
        ("1, 10%, rest", 3, [1, 1, 1]),
        ("1, 10%, rest", 1, [1]),
        ("5, 100%", 8, [5, 3]),
        ("", 7, [7]),
        ("REST", 7, [7]),
    ],
)
def test_a_plan_is_read_as_people_write_it(text: str, devices: int, expected: list[int]) -> None:
    assert sizes(read_waves(text), devices) == expected


@pytest.mark.parametrize("text", ["0", "-1", "101%", "rest, 1", "some", "1;2", "1" * 30, ",".join(["1"] * 21)])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"wave|rest"):
        read_waves(text)


@pytest.mark.parametrize(
    ("failed", "begun", "most", "percent", "is_bad"),
    [
        (0, 0, 0, 0, False),
        (0, 10, 0, 0, False),
        (1, 10, 0, None, True),
        (1, 10, 1, None, False),
        (1, 10, None, 10, False),
        (2, 10, None, 10, True),
        (2, 10, 5, 10, True),
        (10, 10, None, None, False),
    ],
)
def test_more_than_may_is_too_bad(failed: int, begun: int, most: int | None, percent: int | None, is_bad: bool) -> None:
    assert is_too_bad(failed, begun, most, percent) == is_bad
