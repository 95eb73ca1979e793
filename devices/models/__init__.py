from devices.models.audit import AuditEntry
from devices.models.credential import Credential, CredentialKind
from devices.models.device import Device, Lifecycle, Presence
from devices.models.device_type import DeviceType, MetricDefinition, MetricKind, ValueType, Widget
from devices.models.project import Membership, Project, Provisioning, RetentionClass

__all__ = [
    "AuditEntry",
    "Credential",
    "CredentialKind",
    "Device",
    "DeviceType",
    "Lifecycle",
    "Membership",
    "MetricDefinition",
    "MetricKind",
    "Presence",
    "Project",
    "Provisioning",
    "RetentionClass",
    "ValueType",
    "Widget",
]
