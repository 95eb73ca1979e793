from devices.admin import audit, command, credential, device, device_type, project, purge, twin  # noqa: F401 (they register themselves)
