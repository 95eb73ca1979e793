import django.db.models.deletion
from django.db import migrations, models

DOORS = [("mqtt", "MQTT"), ("http", "HTTP"), ("websocket", "WebSocket")]


class Migration(migrations.Migration):
    """Rejected messages are kept whole. The samples of the last days, which are not, go; their counts stay."""

    dependencies = [
        ("devices", "0002_rollup_retention"),
        ("telemetry", "0004_metric_day_zone"),
    ]

    operations = [
        migrations.DeleteModel("RejectedItem"),
        migrations.CreateModel(
            name="RejectedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(blank=True, help_text="The device ID as the sender gave it.", max_length=64)),
                (
                    "device",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejected_messages",
                        to="devices.device",
                    ),
                ),
                ("door", models.CharField(choices=DOORS, max_length=9)),
                ("received_at", models.DateTimeField()),
                ("body", models.BinaryField()),
                (
                    "is_whole",
                    models.BooleanField(
                        default=True,
                        help_text="Only the beginning is kept of what could not be taken in again anyway.",
                        verbose_name="whole",
                    ),
                ),
                ("items", models.JSONField(default=list, editable=False)),
                ("booked", models.JSONField(default=dict, editable=False)),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-received_at", "-id"], name="rejected_message_latest"),
                    models.Index(fields=["sender", "-id"], name="rejected_message_by_sender"),
                ],
            },
        ),
        *(
            migrations.AddField("ledgerhour", name, field)
            for name, field in {
                "late": models.PositiveIntegerField(default=0),
                "clocked": models.PositiveIntegerField(default=0),
                "ahead_sum": models.FloatField(default=0.0),
                "ahead_min": models.FloatField(null=True),
                "ahead_max": models.FloatField(null=True),
            }.items()
        ),
    ]
