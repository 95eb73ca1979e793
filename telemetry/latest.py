"""Keep each metric's newest value beside it."""

from collections.abc import Collection, Mapping

from django.db import connection
from django.db.models import Model

from devices.arrays import array
from devices.models import Device
from telemetry.models import Metric
from telemetry.store import Row


class Gone(Exception):
    """Metrics or devices that were looked up do not exist any more: what was to be stored for them must not be."""


def hold(metrics: Collection[int], devices: Collection[int]) -> None:
    """Keep these from being deleted until the transaction ends. Raises Gone.

    Comes before anything is written, metrics first, each in the order of keys: whoever deletes them locks them in
    that order too (telemetry.series). It keeps nobody from holding or writing them as well.
    """
    for model, keys in ((Metric, metrics), (Device, devices)):
        if keys and _hold(model, keys) < len(keys):
            raise Gone


def _hold(model: type[Model], keys: Collection[int]) -> int:
    """How many of them there are."""
    if connection.vendor != "postgresql":
        return model._default_manager.filter(pk__in=keys).count()  # nobody else writes meanwhile
    with connection.cursor() as cursor:
        # Django's select_for_update() knows no lock as weak as this.
        cursor.execute(
            f"SELECT id FROM {model._meta.db_table} WHERE id = ANY(%s::int8[]) ORDER BY id FOR KEY SHARE",  # noqa: S608
            [array(keys)],
        )
        return len(cursor.fetchall())


def note_latest(rows: Collection[Row]) -> list[Row]:
    """Note those of the rows just stored that are the newest of their metric, which is held; these rows.

    Locks the metrics until the end of the transaction, in order, so that processes which store for the same metrics
    never wait in a circle.
    """
    newest: dict[int, Row] = {}
    for row in rows:
        other = newest.get(row.metric_id)
        if other is None or other.time < row.time:
            newest[row.metric_id] = row
    if not newest:
        return []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(NOTE_ALL, [array(column) for column in zip(*newest.values(), strict=True)])
            return [newest[pk] for (pk,) in cursor.fetchall()]
    return _note_one_by_one(newest)


def _note_one_by_one(newest: Mapping[int, Row]) -> list[Row]:
    known = dict(Metric.objects.filter(pk__in=newest).order_by().values_list("pk", "last_time"))
    changed = [row for pk, row in newest.items() if (last_time := known[pk]) is None or last_time < row.time]
    time_of = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(NOTE_ONE, [(time_of(row.time), row.value, row.text or "", row.metric_id) for row in changed])
    return changed


NOTE_ALL = """
    WITH new AS (
        SELECT * FROM unnest(%s::int8[], %s::timestamptz[], %s::float8[], %s::text[]) AS new (id, time, value, text)
    ), locked AS (
        SELECT metric.id FROM telemetry_metric metric JOIN new USING (id) ORDER BY metric.id FOR NO KEY UPDATE OF metric
    )
    UPDATE telemetry_metric SET last_time = new.time, last_value = new.value, last_text = coalesce(new.text, '')
    FROM new JOIN locked USING (id)
    WHERE telemetry_metric.id = new.id AND (last_time IS NULL OR last_time < new.time)
    RETURNING telemetry_metric.id
"""
NOTE_ONE = "UPDATE telemetry_metric SET last_time = %s, last_value = %s, last_text = %s WHERE id = %s"
