from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.utils.text import slugify
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from devices.api.errors import PreconditionFailed
from devices.api.etags import version_in
from devices.api.scoped import NUMBER, require
from devices.permissions import Permission
from iotsphere.api.problems import flat
from iotsphere.boards.api.serializers import (
    CopySerializer,
    DashboardRowSerializer,
    DashboardSerializer,
    ExportSerializer,
    FileSerializer,
    FileWidgetSerializer,
    ImportedSerializer,
)
from iotsphere.boards.change import Stale, change, delete, restore
from iotsphere.boards.exchange import as_file
from iotsphere.boards.sight import Sight
from iotsphere.models import Dashboard, User

FOR_ALL_WHO_SEE_IT = {"duplicate", "default", "export"}
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200], description="The version, in quotes.")
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description='The ETag of what you have seen, such as `"3"`: somebody else may have changed it since then.',
)
NO_ETAG = OpenApiResponse(description="`If-Match` is no ETag.")
STALE = OpenApiResponse(description="Somebody else has changed it since then.")


class MayChangeDashboard(BasePermission):
    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        if request.method in SAFE_METHODS or view.action in FOR_ALL_WHO_SEE_IT or obj.may_change:
            return True
        raise PermissionDenied(f"You may not {Permission.EDIT_DASHBOARDS.label} with {obj.project}. Make a copy of it.")


class DashboardFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The slug of the project it is shared with.")
    owner = filters.CharFilter(field_name="owner__username", help_text="The user name.")

    class Meta:
        model = Dashboard
        fields: tuple[str, ...] = ()


class DashboardViewSet(ModelViewSet):
    """Dashboards: widgets arranged on a grid. Your own, and those shared with your projects."""

    queryset = Dashboard.objects.select_related("owner", "project")
    serializer_class = DashboardSerializer
    permission_classes = (IsAuthenticated, MayChangeDashboard)
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    filterset_class = DashboardFilter
    lookup_value_regex = NUMBER
    search_fields = ("name", "project__name")
    ordering_fields = ("name", "created_at", "changed_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        user: Any = self.request.user
        rows: Any = super().get_queryset()
        if self.action == "list":
            rows = rows.listed_for(user).defer("widgets")
        elif self.action != "restore":
            rows = rows.kept()
        return rows.visible_to(user).with_rights_of(user)

    def filter_queryset(self, queryset: Any) -> Any:
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return DashboardRowSerializer if self.action == "list" else super().get_serializer_class()

    @extend_schema(summary="Make a dashboard", responses={201: DashboardSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        self._may_share(None, said.validated_data.get("project"))
        return self._made(**said.validated_data)

    @extend_schema(parameters=[ETAG], responses=DashboardSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._shown()

    @extend_schema(parameters=[IF_MATCH, ETAG], responses={200: DashboardSerializer, 412: STALE})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Whoever sends `If-Match` overwrites nobody's work."""
        dashboard = self.get_object()
        said = self.get_serializer(dashboard, data=request.data, partial=True)
        said.is_valid(raise_exception=True)
        if "project" in said.validated_data:
            self._may_share(dashboard, said.validated_data["project"])
        self._do(change, dashboard, **said.validated_data)
        return self._shown()

    @extend_schema(parameters=[IF_MATCH], responses={204: None, 400: NO_ETAG, 412: STALE})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """It can be restored for seven days."""
        self._do(delete, self.get_object())
        return Response(status=204)

    @extend_schema(summary="Bring a deleted dashboard back", request=None, responses=DashboardSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        restore(self.get_object(), request.user)
        return self._shown()

    @extend_schema(summary="Copy a dashboard", request=CopySerializer, responses={201: DashboardSerializer})
    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, pk: str) -> Response:
        """The copy is yours alone, until you share it."""
        original = self.get_object()
        said = CopySerializer(data=request.data, context={"request": request, "original": original})
        said.is_valid(raise_exception=True)
        copied = {"name": f"{original.name[:93]} (copy)", "widgets": original.widgets, **said.validated_data}
        return self._made(**copied)

    @extend_schema(summary="Begin with a dashboard", request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def default(self, request: Request, pk: str) -> Response:
        """It is what you see first, in place of the one before."""
        return self._begin_with(self.get_object())

    @extend_schema(summary="Begin with none", request=None, responses={204: None})
    @default.mapping.delete
    def no_default(self, request: Request, pk: str) -> Response:
        return self._begin_with(None)

    @extend_schema(summary="Take a dashboard out as a file", responses=ExportSerializer)
    @action(detail=True, methods=["get"])
    def export(self, request: Request, pk: str) -> Response:
        """Widgets that are withheld from you are not in it."""
        dashboard = self.get_object()
        shown = Sight.of(request.user, dashboard.widgets).shown(dashboard.widgets)
        name = slugify(dashboard.name) or f"dashboard-{dashboard.pk}"
        headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
        return Response(as_file(dashboard.name, shown), headers=headers)

    @extend_schema(
        summary="Take in a dashboard from a file", request=FileSerializer, responses={201: ImportedSerializer}
    )
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    def take_in(self, request: Request) -> Response:
        """What cannot be taken of it is left out, and the answer says why. It is yours alone, until you share it."""
        file = FileSerializer(data=request.data)
        file.is_valid(raise_exception=True)
        widgets, skipped = self._taken(file.validated_data["widgets"])
        if skipped and not widgets:
            raise ValidationError({"widgets": {each["index"]: each["reasons"] for each in skipped}})
        made = self._made(name=file.validated_data["name"], widgets=widgets)
        return Response({"dashboard": made.data, "skipped": skipped}, status=201)

    def _taken(self, sent: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        reading = [FileWidgetSerializer(data=each) for each in sent]
        readable = [each.validated_data for each in reading if each.is_valid()]
        sight = Sight.of(self.request.user, readable)
        widgets, skipped = [], []
        for index, each in enumerate(reading):
            errors = _by_path(each.errors)
            if not errors:
                unseen = sight.complaints(each.validated_data["settings"])
                errors = {f"settings.{name}": [text] for name, text in unseen.items()}
            if errors:
                skipped.append({"index": index, "reasons": errors})
            else:
                widgets.append(dict(each.validated_data))
        return widgets, skipped

    def _may_share(self, dashboard: Dashboard | None, project: Any) -> None:
        """With projects whose dashboards one may change; and only its owner takes it from where it is shared."""
        if dashboard is not None and project == dashboard.project:
            return
        if dashboard is not None and dashboard.project is not None:
            user: Any = self.request.user
            if dashboard.owner_id != user.pk and not user.is_superuser:
                raise PermissionDenied(f"Only {dashboard.owner or 'a superuser'} can take it back. Make a copy of it.")
        if project is not None:
            require(self.request.user, Permission.EDIT_DASHBOARDS, project)

    @transaction.atomic
    def _do(self, verb: Callable[..., None], dashboard: Dashboard, **fields: Any) -> None:
        try:
            verb(dashboard, self.request.user, version=version_in(self.request.headers.get("If-Match")), **fields)
        except Stale as error:
            raise PreconditionFailed(str(error)) from error

    def _begin_with(self, dashboard: Dashboard | None) -> Response:
        User.objects.filter(pk=cast(User, self.request.user).pk).update(default_dashboard=dashboard)
        return Response(status=204)

    def _made(self, **fields: Any) -> Response:
        made = Dashboard.objects.create(owner_id=self.request.user.pk, **fields)
        answer = self._shown(made.pk)
        answer.status_code = 201
        return answer

    def _shown(self, pk: int | None = None) -> Response:
        dashboard = get_object_or_404(self.get_queryset(), pk=pk or self.kwargs["pk"])
        return Response(self.get_serializer(dashboard).data, headers={"ETag": f'"{dashboard.version}"'})


def _by_path(errors: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, text in flat(errors):
        found.setdefault(path, []).append(text)
    return found
