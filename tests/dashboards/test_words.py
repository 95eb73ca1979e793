from datetime import timedelta

import pytest

from devices.ages import age_in_words, span_in_words
from telemetry.values import value_in_words

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "precision", "words"),
    [
        (25.5, 1, "25.5"),
        (25.0, 0, "25"),
        (-0.04, 1, "0.0"),
        (1234567.891, 2, "1,234,567.89"),
        (1e15, 1, "1.000e+15"),
        (0.0, None, "0"),
        (12.345678, None, "12.3457"),
        (123456789.0, None, "123,456,789"),
        (0.000123456789, None, "0.00012346"),
        (-61.0, None, "-61"),
        (True, None, "Yes"),
        (False, 1, "No"),
        ("heating", 1, "heating"),
        (None, 1, "–"),
    ],
)
def test_a_value_is_written_for_people(value: float | bool | str | None, precision: int | None, words: str) -> None:
    assert value_in_words(value, precision) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "now"),
        (0, "now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (3599, "59 min ago"),
        (86399, "23 h ago"),
        (40 * 86400, "40 d ago"),
    ],
)
def test_an_age_is_one_figure_and_its_unit(seconds: float, words: str) -> None:
    assert age_in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("seconds", "words"), [(10, "10 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h")])
def test_a_span_is_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert span_in_words(timedelta(seconds=seconds)) == words
