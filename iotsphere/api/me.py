from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, serializers

from devices.api.fields import TimeZoneField
from devices.models import Membership
from devices.permissions import ROLE_PERMISSIONS, Permission, Role
from iotsphere.models import User


class OwnMembershipSerializer(serializers.ModelSerializer):
    project: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    name = serializers.CharField(source="project.name", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ["project", "name", "role", "permissions"]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices)))
    def get_permissions(self, membership: Membership) -> list[str]:
        return sorted(ROLE_PERMISSIONS[membership.role])


class MeSerializer(serializers.ModelSerializer):
    time_zone = TimeZoneField(
        required=False, allow_null=True, help_text="Such as Europe/Vienna. Null: the zone of the project looked at."
    )
    memberships = OwnMembershipSerializer(many=True, read_only=True)

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "time_zone", "is_superuser", "memberships"]
        read_only_fields = ["username", "is_superuser"]


@extend_schema_view(get=extend_schema(summary="Show yourself"), patch=extend_schema(summary="Change yourself"))
class MeView(generics.RetrieveUpdateAPIView):
    """Who is signed in, and what they may do where. A superuser may do everything everywhere."""

    serializer_class = MeSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self) -> Any:
        return User.objects.prefetch_related("memberships__project").get(pk=cast(User, self.request.user).pk)
