from django.urls import register_converter

from devices.models.device import DEVICE_ID_PATTERN


class DeviceIdConverter:
    """`<device_id:…>` in a URL pattern: anything that is not a device ID is not found before a database is asked."""

    regex = DEVICE_ID_PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(DeviceIdConverter, "device_id")
