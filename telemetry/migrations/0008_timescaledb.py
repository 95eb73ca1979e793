"""Where the database has TimescaleDB, a new portal's readings are a hypertable from the beginning.

Readings that are there already are left where they are: `manage.py use_timescaledb` moves them when it suits.
"""

from django.db import migrations


def use_timescaledb(apps, schema_editor):
    from telemetry import timescale

    if timescale.is_usable() and not apps.get_model("telemetry", "Reading").objects.exists():
        timescale.switch(on=True)


def use_partitions(apps, schema_editor):
    from telemetry import timescale
    from telemetry.partitioned import READINGS

    if timescale.has(READINGS):
        timescale.switch(on=False)


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0007_owed_evaluations")]

    operations = [migrations.RunPython(use_timescaledb, use_partitions)]
