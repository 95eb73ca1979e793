from django_filters import rest_framework as filters

from devices.models import Credential, CredentialKind, Device, Lifecycle, Membership, Presence
from devices.models.credential import CredentialQuerySet
from devices.models.device import DeviceQuerySet
from devices.permissions import Role


class DeviceFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    device_type = filters.CharFilter(field_name="device_type__slug", help_text="The type's slug.")
    parent = filters.CharFilter(field_name="parent__device_id", help_text="The device ID of the gateway or host.")
    presence = filters.MultipleChoiceFilter(choices=Presence.choices)
    lifecycle = filters.MultipleChoiceFilter(
        choices=Lifecycle.choices, help_text="Without it: all but the archived ones."
    )
    label = filters.CharFilter(method="with_label", help_text="One of the device's labels.")

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()

    def with_label(self, devices: DeviceQuerySet, name: str, label: str) -> DeviceQuerySet:
        return devices.labelled(label)


class MemberFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    user = filters.CharFilter(field_name="user__username", help_text="The user name.")
    role = filters.MultipleChoiceFilter(choices=Role.choices)

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()


class OfDeviceFilter(filters.FilterSet):
    """Of rows that belong to a device."""

    device = filters.CharFilter(field_name="device__device_id", help_text="The device ID.")
    project = filters.CharFilter(field_name="device__project__slug", help_text="The project's slug.")


class CredentialFilter(OfDeviceFilter):
    kind = filters.ChoiceFilter(choices=CredentialKind.choices)
    is_live = filters.BooleanFilter(method="live", help_text="Neither revoked nor expired.")

    class Meta:
        model = Credential
        fields: tuple[str, ...] = ()

    def live(self, credentials: CredentialQuerySet, name: str, live: bool) -> CredentialQuerySet:
        return credentials.live() if live else credentials.exclude(pk__in=credentials.live())
