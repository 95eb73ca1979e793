"""A reading that the database itself refuses is found by halves: it costs no other, and little time."""

from math import log2

import pytest
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from telemetry.ingest import Envelope, ingest
from telemetry.models import LedgerHour, Reading, RejectedMessage
from telemetry.reasons import Reason
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, telemetry

pytestmark = pytest.mark.django_db

TRIGGERS = {
    "postgresql": [
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.value = 13 THEN RAISE EXCEPTION 'no thirteens'; END IF; RETURN NEW; END $$""",
        "CREATE TRIGGER refuse BEFORE INSERT ON telemetry_reading FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
    "sqlite": [
        """CREATE TRIGGER refuse BEFORE INSERT ON telemetry_reading WHEN NEW.value = 13
        BEGIN SELECT RAISE(ABORT, 'no thirteens'); END"""
    ],
}
CONSTRAINTS = {
    "postgresql": ["ALTER TABLE telemetry_reading ADD CONSTRAINT no_thirteens CHECK (value <> 13)"],
    # SQLite adds no constraint to a table that is there: a trigger that fails as one would.
    "sqlite": [
        "CREATE TABLE allowed (value real CHECK (value <> 13))",
        "CREATE TRIGGER refuse BEFORE INSERT ON telemetry_reading BEGIN INSERT INTO allowed VALUES (NEW.value); END",
    ],
}


@pytest.fixture(params=[TRIGGERS, CONSTRAINTS], ids=["trigger", "constraint"])
def _no_thirteens(request: pytest.FixtureRequest, db: None) -> None:
    DeviceFactory.create(device_id="sensor")
    ingest([telemetry("sensor", {"a": 0}, at=NOW - SECOND)])
    with connection.cursor() as cursor:
        for statement in request.param[connection.vendor]:
            cursor.execute(statement)  # the test's transaction takes it back


def batch_with(*values: int) -> list[Envelope]:
    return [telemetry("sensor", {"a": value}, at=NOW + n * SECOND) for n, value in enumerate(values)]


@pytest.mark.usefixtures("_no_thirteens")
def test_everything_else_is_stored() -> None:
    receipts = ingest(batch_with(11, 12, 13, 14, 13, 15))
    assert [receipt.stored for receipt in receipts] == [1, 1, 0, 1, 0, 1]
    assert not Reading.objects.filter(value=13).exists()


@pytest.mark.usefixtures("_no_thirteens")
def test_it_is_rejected_with_a_reason_counted_and_kept() -> None:
    ingest(batch_with(11, 13))
    message = RejectedMessage.objects.get()
    assert [(problem.reason, problem.key) for problem in message.problems] == [(Reason.UNPROCESSABLE, "a")]
    assert bytes(message.body) == b'{"telemetry": {"a": 13}}'
    assert LedgerHour.objects.values_list("received", "stored", "rejected").get(hour=NOW) == (2, 1, 1)


@pytest.mark.usefixtures("_no_thirteens")
@pytest.mark.parametrize("size", [64, 1024])
def test_it_is_found_in_a_few_steps(size: int) -> None:
    with CaptureQueriesContext(connection) as queries:
        ingest(batch_with(*(13 if n == size // 3 else 1 for n in range(size))))
    savepoints = sum(query["sql"].startswith("SAVEPOINT") for query in queries)
    assert savepoints <= 2 * log2(size) + 10


def test_a_database_that_is_not_as_it_should_be_is_the_callers_problem() -> None:
    """Were it taken for a refusal, every message would be acknowledged and rejected."""
    DeviceFactory.create(device_id="sensor")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE telemetry_reading RENAME TO elsewhere")
    with pytest.raises(Exception) as caught:  # noqa: PT011 (SQLite calls it another error than PostgreSQL)
        ingest(batch_with(1))
    assert "telemetry_reading" in str(caught.value)
    assert isinstance(caught.value, ProgrammingError) or connection.vendor == "sqlite"


def test_a_page_that_the_ledger_cannot_hold_costs_no_other_sender(db: None) -> None:
    """What fails beside the readings is searched for among the messages."""
    for name in ("sensor", "other"):
        DeviceFactory.create(device_id=name)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON telemetry_ledgerhour WHEN NEW.sender = 'sensor' AND NEW.stored > 0 "
            "BEGIN SELECT RAISE(ABORT, 'no page'); END"
            if connection.vendor == "sqlite"
            else "ALTER TABLE telemetry_ledgerhour ADD CONSTRAINT no_page CHECK (sender <> 'sensor' OR stored = 0)"
        )
    receipts = ingest([telemetry("sensor", {"a": 1}), telemetry("other", {"a": 1})])
    assert [receipt.stored for receipt in receipts] == [0, 1]
    assert LedgerHour.objects.values_list("rejected", flat=True).get(sender="sensor") == 1
