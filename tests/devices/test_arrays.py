"""What PostgreSQL reads out of an array is what was put in."""

from datetime import UTC
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from devices.arrays import array

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize(
    ("element", "values"),
    [
        ("int8", st.integers(-(2**63), 2**63 - 1)),
        ("float8", st.floats(allow_nan=False, allow_infinity=False)),
        ("text", texts | st.sampled_from(["", "NULL", "null", "{}", 'a"b', "\\", "a,b", "\\n"])),
        ("timestamptz", st.datetimes(timezones=st.just(UTC))),
    ],
)
def test_an_array_is_read_as_it_was_written(element: str, values: st.SearchStrategy[Any]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's arrays")

    @given(st.lists(values | st.none(), max_size=10))
    def check(column: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM unnest(%s::{element}[])", [array(column)])
            assert [value for (value,) in cursor.fetchall()] == column

    check()
