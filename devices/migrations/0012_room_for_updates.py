"""On PostgreSQL: pages keep room for new versions of their rows, which every batch of telemetry makes.

A new version on the page of the old one needs no entry in any index; where pages are full, it needs one in each.
"""

from django.db import migrations

TABLES = ("devices_device",)


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


def fill(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("devices", "0011_retention_of_types")]
    operations = [migrations.RunPython(leave_room, fill)]
