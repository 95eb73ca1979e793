from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from devices.api.fields import Named, TimeZoneField
from devices.api.scoped import RowSerializer
from devices.authority import authority
from devices.broker_users import user_name
from devices.certificates import MAX_PEM, key_of_request, recognise
from devices.models import (
    Credential,
    CredentialKind,
    Device,
    DeviceType,
    Membership,
    MetricDefinition,
    Project,
    RetentionClass,
)
from devices.models.device import DEVICE_ID_PATTERN


class ProjectSerializer(RowSerializer):
    """How long a project keeps its readings and whom it lets in concerns the whole portal: superusers decide it."""

    fixed = ("slug",)
    decided_by_superusers = ("retention_class", "provisioning")
    time_zone = TimeZoneField(required=False, help_text="Days begin and end in this zone on charts and reports.")
    retention_class = Named(slug_field="name", queryset=RetentionClass.objects.all(), required=False)

    class Meta:
        model = Project
        fields = ["slug", "name", "time_zone", "retention_class", "provisioning", "created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        asked = [name for name in self.decided_by_superusers if name in attrs]
        if asked and not self.context["request"].user.is_superuser:
            raise PermissionDenied(f"Only superusers decide about {' and '.join(asked)}: it concerns the whole portal.")
        return super().validate(attrs)


class MemberSerializer(RowSerializer):
    fixed = ("project", "user")
    project = Named(slug_field="slug", queryset=Project.objects.all())
    user = Named(
        slug_field="username",
        queryset=get_user_model().objects.filter(is_active=True),
        help_text="The user name of somebody who has an account.",
    )
    full_name = serializers.CharField(source="user.get_full_name", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "project", "user", "full_name", "role"]


class MetricDefinitionSerializer(serializers.ModelSerializer):
    class Meta:
        model = MetricDefinition
        fields = [
            "key",
            "label",
            "unit",
            "value_type",
            "kind",
            "minimum",
            "maximum",
            "precision",
            "widget",
            "headline",
            "chart",
        ]


class DeviceTypeSerializer(serializers.ModelSerializer):
    expected_interval = serializers.SerializerMethodField(help_text="Seconds between two messages.")
    metrics = MetricDefinitionSerializer(many=True)

    class Meta:
        model = DeviceType
        fields = ["slug", "name", "description", "icon", "expected_interval", "metrics"]

    def get_expected_interval(self, device_type: DeviceType) -> float:
        return device_type.expected_interval.total_seconds()


class DeviceSerializer(RowSerializer):
    fixed = ("device_id", "project")
    project = Named(slug_field="slug", queryset=Project.objects.all())
    device_type = Named(slug_field="slug", queryset=DeviceType.objects.all(), required=False, allow_null=True)
    parent = Named(  # type: ignore[assignment]
        slug_field="device_id",
        queryset=Device.objects.all(),
        required=False,
        allow_null=True,
        help_text="The gateway or host this device is behind.",
    )
    labels = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=50,
        required=False,
        help_text="Short words to find devices by.",
    )

    class Meta:
        model = Device
        fields = [
            "device_id",
            "uuid",
            "name",
            "project",
            "device_type",
            "parent",
            "hostname",
            "ip_address",
            "labels",
            "location",
            "latitude",
            "longitude",
            "lifecycle",
            "presence",
            "last_message",
            "last_connect",
            "last_disconnect",
            "created_at",
        ]
        read_only_fields = ["uuid", "presence", "last_message", "last_connect", "last_disconnect", "created_at"]


# Where a list of devices finds what the serializer shows, so that it needs no models: several times as fast.
DEVICE_COLUMNS = {name: name for name in DeviceSerializer.Meta.fields} | {
    "project": "project__slug",
    "device_type": "device_type__slug",
    "parent": "parent__device_id",
}


class CredentialSerializer(serializers.ModelSerializer):
    device = Named(slug_field="device_id", queryset=Device.objects.select_related("project"))
    created_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    is_live = serializers.BooleanField(read_only=True)

    class Meta:
        model = Credential
        fields = [
            "public_id",
            "device",
            "kind",
            "note",
            "is_live",
            "created_at",
            "created_by",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "last_used_address",
            "fingerprint",
            "is_foreign",
            "subject",
        ]
        read_only_fields = [
            "public_id",
            "revoked_at",
            "last_used_at",
            "last_used_address",
            "fingerprint",
            "is_foreign",
            "subject",
        ]


class WholeCredentialSerializer(CredentialSerializer):
    class Meta(CredentialSerializer.Meta):
        fields = [*CredentialSerializer.Meta.fields, "certificate"]
        extra_kwargs = {"certificate": {"read_only": True, "help_text": "PEM; empty for other kinds."}}


class WantedCredentialSerializer(CredentialSerializer):
    """A credential as it is asked for."""

    csr = serializers.CharField(
        required=False, max_length=MAX_PEM, help_text="A signing request (PEM) with the key that the device made."
    )
    certificate = serializers.CharField(
        required=False, max_length=MAX_PEM, help_text="A certificate of another authority (PEM) that the device has."
    )

    class Meta(CredentialSerializer.Meta):
        fields = ["device", "kind", "note", "expires_at", "csr", "certificate"]

    def validate_expires_at(self, expires_at: datetime | None) -> datetime | None:
        if expires_at is not None and expires_at <= timezone.now():
            raise serializers.ValidationError("It must be in the future.")
        return expires_at

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {name for name in ("csr", "certificate") if attrs.get(name)}
        if given and attrs["kind"] != CredentialKind.X509:
            raise serializers.ValidationError(dict.fromkeys(given, "Only a credential of kind x509 has one."))
        if len(given) > 1:
            raise serializers.ValidationError({"csr": "Send a signing request or a certificate, not both."})
        for name, check in (("csr", key_of_request), ("certificate", recognise)):
            try:
                if name in given:
                    check(attrs[name])
            except DjangoValidationError as error:
                raise serializers.ValidationError({name: error.messages}) from error
        return attrs


class IssuedCredentialSerializer(WholeCredentialSerializer):
    """A credential in the one answer that shows its secret."""

    secret = serializers.SerializerMethodField(
        help_text="The API key, the MQTT password, or the private key (PEM; null if the device has it already). "
        "Never shown again."
    )
    username = serializers.SerializerMethodField(help_text="The MQTT user name; null for an API key.")
    authority = serializers.SerializerMethodField(
        help_text="The certificate (PEM) of the authority that signed it; null for other kinds."
    )

    class Meta(WholeCredentialSerializer.Meta):
        fields = [*WholeCredentialSerializer.Meta.fields, "username", "secret", "authority"]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_secret(self, _: Credential) -> str | None:
        return self.context["secret"] or None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_username(self, credential: Credential) -> str | None:
        return user_name(credential) if credential.opens_broker else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_authority(self, credential: Credential) -> str | None:
        return authority().pem if credential.kind == CredentialKind.X509 and not credential.is_foreign else None


class ReplacementSerializer(serializers.Serializer):
    """New hardware for a device."""

    serial_number = serializers.CharField(max_length=100, help_text="The new hardware's own.")
    kind = serializers.ChoiceField(choices=CredentialKind.choices, help_text="Of the credential that it is given.")
    reason = serializers.CharField(max_length=80, required=False)
    csr = serializers.CharField(max_length=MAX_PEM, required=False, help_text="For kind x509: a signing request (PEM).")


class CloneSerializer(serializers.Serializer):
    device_id = serializers.RegexField(f"^{DEVICE_ID_PATTERN}$")
    name = serializers.CharField(max_length=100, required=False)
