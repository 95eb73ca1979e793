from django.db import migrations


def complete(apps, schema_editor):
    """Shipped types that are in use already get the settings and commands that new portals have."""
    from devices.shipped_types import SHIPPED_TYPES

    DeviceType = apps.get_model("devices", "DeviceType")
    CommandType = apps.get_model("devices", "CommandType")
    for shipped in SHIPPED_TYPES:
        for device_type in DeviceType.objects.filter(slug=shipped["slug"], settings_schema={}, commands=None):
            device_type.settings_schema = shipped.get("settings_schema", {})
            device_type.save(update_fields=["settings_schema"])
            CommandType.objects.bulk_create(
                CommandType(device_type=device_type, position=position, **command)
                for position, command in enumerate(shipped.get("commands", ()))
            )


class Migration(migrations.Migration):
    dependencies = [("devices", "0008_device_coordinates")]
    operations = [migrations.RunPython(complete, migrations.RunPython.noop)]
