"""Where the parts of a partitioned table begin and end."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.partitioned import FIVE_MINUTES, TABLES, Partitioned


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table)
@given(at=st.integers(946684800, 4102444800).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_every_time_is_in_just_one_part(table: Partitioned, at: datetime) -> None:
    start = table.start(at)
    assert start <= at < table.next(start)
    assert table.start(table.next(start)) == table.next(start)


def test_five_minutes_are_kept_by_month() -> None:
    assert FIVE_MINUTES.start(datetime(2026, 3, 17, 12, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)
