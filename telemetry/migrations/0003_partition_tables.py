"""On PostgreSQL: the same tables, cut by time (telemetry.partitions)."""

from django.db import migrations
from django.utils import timezone

PARTITIONED = {"telemetry_reading": "time", "telemetry_fiveminuterollup": "start", "telemetry_hourlyrollup": "start"}


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in PARTITIONED.items():
        schema_editor.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
        schema_editor.execute(
            f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS, "
            f"CONSTRAINT {table}_key PRIMARY KEY (metric_id, {column})) PARTITION BY RANGE ({column})"
        )
        schema_editor.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        schema_editor.execute(f"INSERT INTO {table} SELECT * FROM {table}_whole")
        schema_editor.execute(f"DROP TABLE {table}_whole")


def make_ahead(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        from telemetry.partitions import maintain

        maintain(timezone.now())


def unpartition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in PARTITIONED.items():
        schema_editor.execute(f"ALTER TABLE {table} RENAME TO {table}_parts")
        schema_editor.execute(
            f"CREATE TABLE {table} (LIKE {table}_parts INCLUDING DEFAULTS INCLUDING CONSTRAINTS, "
            f"CONSTRAINT {table}_whole_key PRIMARY KEY (metric_id, {column}))"
        )
        schema_editor.execute(f"INSERT INTO {table} SELECT * FROM {table}_parts")
        schema_editor.execute(f"DROP TABLE {table}_parts")


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0002_rollups_and_receipts")]

    operations = [
        migrations.RunPython(partition, unpartition),
        migrations.RunPython(make_ahead, migrations.RunPython.noop),
    ]
