"""Daily rollups that are there already are cut in the time zone of their project."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def note_zones(apps, schema_editor):
    Metric = apps.get_model("telemetry", "Metric")
    Device = apps.get_model("devices", "Device")
    zone = Device.objects.filter(pk=OuterRef("device_id")).values("project__time_zone")
    Metric.objects.update(day_zone=Subquery(zone))


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0003_partition_tables")]

    operations = [
        migrations.AddField("metric", "day_zone", models.CharField(blank=True, editable=False, max_length=64)),
        migrations.RunPython(note_zones, migrations.RunPython.noop),
    ]
