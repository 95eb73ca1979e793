from devices.models.audit import AuditEntry
from devices.models.certificate import RevokedCertificate
from devices.models.command import Command, CommandStep, CommandType, Witness
from devices.models.credential import Credential, CredentialKind
from devices.models.device import Device, Lifecycle, Presence, Way
from devices.models.device_type import DeviceType, MetricDefinition, MetricKind, ValueType, Widget
from devices.models.firmware import CampaignStatus, FirmwareCampaign, FirmwarePackage, FirmwareStep, FirmwareUpdate
from devices.models.kept_answer import KeptAnswer
from devices.models.presence_span import PresenceSpan
from devices.models.project import Membership, Project, Provisioning, RetentionClass
from devices.models.provisioning import ClaimCode, ProvisioningKey
from devices.models.purge import Purge
from devices.models.twin import Twin, TwinChange, TwinSide

__all__ = [
    "AuditEntry",
    "CampaignStatus",
    "ClaimCode",
    "Command",
    "CommandStep",
    "CommandType",
    "Credential",
    "CredentialKind",
    "Device",
    "DeviceType",
    "FirmwareCampaign",
    "FirmwarePackage",
    "FirmwareStep",
    "FirmwareUpdate",
    "KeptAnswer",
    "Lifecycle",
    "Membership",
    "MetricDefinition",
    "MetricKind",
    "Presence",
    "PresenceSpan",
    "Project",
    "Provisioning",
    "ProvisioningKey",
    "Purge",
    "RetentionClass",
    "RevokedCertificate",
    "Twin",
    "TwinChange",
    "TwinSide",
    "ValueType",
    "Way",
    "Widget",
    "Witness",
]
