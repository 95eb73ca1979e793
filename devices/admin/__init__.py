from devices.admin import audit, command, credential, device, device_type, firmware, project, provisioning, purge, twin  # noqa: F401 (they register themselves)
