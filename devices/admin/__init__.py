from devices.admin import credential, device, device_type, project  # noqa: F401 (they register themselves)
