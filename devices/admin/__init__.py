from devices.admin import audit, credential, device, device_type, project  # noqa: F401 (they register themselves)
