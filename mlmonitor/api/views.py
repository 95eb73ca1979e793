from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from alerts.api.serializers import AlertSerializer
from alerts.raising import alerts_about
from devices.api.errors import Conflict
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.permissions import Permission
from mlmonitor import baselines, checks, deployment
from mlmonitor.api.parsers import CSVRows, JSONRows
from mlmonitor.api.serializers import (
    BaselineSerializer,
    DriftCheckSerializer,
    MadeSerializer,
    ModelSerializer,
    PerformanceSerializer,
    PromoteSerializer,
    TakenSerializer,
    ThresholdSerializer,
    ToldSerializer,
    VersionChoiceSerializer,
    VersionSerializer,
    WindowSerializer,
)
from mlmonitor.history import Range, performance_of
from mlmonitor.ingest import take_predictions
from mlmonitor.models import (
    Alias,
    Baseline,
    BaselineKind,
    DriftCheck,
    ModelStatus,
    ModelVersion,
    MonitoredModel,
    MonitorThreshold,
    Task,
)
from mlmonitor.models.check import DriftCheckQuerySet, Verdict
from mlmonitor.models.model import KEY_PATTERN
from mlmonitor.models.threshold import Monitored
from mlmonitor.rows import MOST_ROWS, Rejected
from mlmonitor.truth import take_truth

ROW = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "maxLength": 100, "description": "Your name for it: sent again, it is the same."},
        "time": {"description": "When it was predicted: ISO 8601 (without a zone: UTC) or an epoch.", "type": "string"},
        "version": {"type": "string", "description": "Absent: that of the batch, or the champion."},
        "device": {"type": "string", "description": "A device ID of the model's project."},
        "predicted": {"description": "A class or a number."},
        "score": {"type": "number", "description": "The probability of the positive class."},
        "segment": {"type": "string", "maxLength": 64},
        "features": {"type": "object", "additionalProperties": True, "description": "null: missing."},
    },
    "example": {"id": "leak-1", "time": "2025-12-19T12:00:00Z", "predicted": "yes", "score": 0.8, "features": {}},
}
OUTCOME = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "maxLength": 100, "description": "The prediction's, which may come later."},
        "actual": {"description": "The class or the number that came."},
    },
    "example": {"id": "leak-1", "actual": "no"},
}
REFERENCE = {
    "type": "object",
    "properties": {name: ROW["properties"][name] for name in ("predicted", "score", "segment", "features")}  # type: ignore[index]
    | {"actual": OUTCOME["properties"]["actual"]},  # type: ignore[index]
}
COUNTS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
PROFILE = {
    "type": "object",
    "required": ["features"],
    "properties": {
        "features": {
            "type": "object",
            "description": "By name: of a number edges, counts, mean, deviation; of a category counts by name.",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "edges": {"type": "array", "items": {"type": "number"}, "description": "They rise."},
                    "counts": {**COUNTS, "description": "One more than edges: the outermost bins are open."},
                    "mean": {"type": "number"},
                    "deviation": {"type": "number", "minimum": 0},
                    "categories": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                    "missing": {"type": "integer", "minimum": 0},
                    "chunks": {"type": "object", "description": "By rows: mean and deviation of the PSI to the rest."},
                },
            },
        },
        "outcomes": {"type": "object", "description": "confusion: [[actual, predicted, count]]; or n, mae, rmse."},
    },
    "example": {"features": {"flow": {"edges": [1.5], "counts": [60, 40], "mean": 1.4, "deviation": 0.3}}},
}
SOME_REJECTED = "Some rows were rejected, each with its reason; the others are done."
FEEDING = {"predictions", "ground_truth", "check"}


class TooMany(APIException):
    status_code = 413


def _batch(row: dict[str, Any], *, profile: dict[str, Any] | None = None, **besides: Any) -> dict[str, Any]:
    rows = {"type": "array", "items": row, "maxItems": MOST_ROWS}
    shapes = [rows, {"type": "object", "required": ["rows"], "properties": {"rows": rows, **besides}}]
    if profile:
        shapes.append({"type": "object", "required": ["profile"], "properties": {"profile": profile, **besides}})
    return {"application/json": {"oneOf": shapes}, "text/csv": {"type": "string"}}


class ModelFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    task = filters.MultipleChoiceFilter(choices=Task.choices)
    status = filters.ChoiceFilter(choices=ModelStatus.choices)

    class Meta:
        model = MonitoredModel
        fields: tuple[str, ...] = ()


class MonitoredModelViewSet(
    ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, mixins.UpdateModelMixin
):
    """Models that are watched: what they predict, and whether they are still right."""

    queryset = MonitoredModel.objects.select_related("project").prefetch_related("device_types", "versions")
    serializer_class = ModelSerializer
    filterset_class = ModelFilter
    lookup_field = "key"
    lookup_value_regex = KEY_PATTERN
    search_fields = ("key", "name", "owner")
    ordering_fields = ("name", "key", "created_at")
    ordering = ("name",)

    @property
    def permission(self) -> Permission:  # type: ignore[override]
        return Permission.FEED_MODELS if self.action in FEEDING else Permission.MANAGE_MODELS

    @extend_schema(
        summary="Send predictions",
        request=_batch(ROW, version={"type": "string"}),
        responses={200: TakenSerializer, 207: OpenApiResponse(TakenSerializer, description=SOME_REJECTED)},
    )
    @action(detail=True, methods=["post"], parser_classes=[JSONRows, CSVRows])
    def predictions(self, request: Request, key: str) -> Response:
        """At most 5,000 rows, as JSON or as CSV with a header, whose further columns are features.

        A row that was stored already is a duplicate, so a batch without an answer may be sent again.
        """
        model, rows = self.get_object(), self._rows(request)
        usual = _said_of_all(request).get("version", "")
        if not isinstance(usual, str):
            raise ValidationError({"version": "The name of a version."})
        taken = take_predictions(model, rows, timezone.now(), usual=usual)
        said = {"received": taken.received, "stored": taken.stored, "duplicate": taken.duplicate}
        return self._told(said, taken.rejected)

    @extend_schema(
        summary="Send what really happened",
        request=_batch(OUTCOME),
        responses={200: ToldSerializer, 207: OpenApiResponse(ToldSerializer, description=SOME_REJECTED)},
    )
    @action(detail=True, methods=["post"], parser_classes=[JSONRows, CSVRows], url_path="ground-truth")
    def ground_truth(self, request: Request, key: str) -> Response:
        """Outcomes by the predictions' ids: early ones are held, late ones change figures, the last word counts."""
        told = take_truth(self.get_object(), self._rows(request), timezone.now())
        said = {name: getattr(told, name) for name in ("received", "joined", "held", "revised", "unchanged")}
        return self._told(said, told.rejected)

    @extend_schema(
        methods=["post"],
        summary="Make a baseline of rows or of a profile",
        request=_batch(
            REFERENCE, profile=PROFILE, version={"type": "string"}, kind={"type": "string", "enum": BaselineKind.values}
        ),
        responses={201: MadeSerializer},
    )
    @extend_schema(methods=["get"], summary="List a model's baselines", responses=BaselineSerializer(many=True))
    @action(detail=True, methods=["get", "post"], parser_classes=[JSONRows, CSVRows], pagination_class=None,
            filterset_class=None, search_fields=(), ordering_fields=())  # fmt: skip
    def baselines(self, request: Request, key: str) -> Response:
        """What versions are compared with. Rows are in the order of time; the newest baseline counts.

        Instead of `rows` there may be a `profile`: of each feature the counts in bins.
        """
        model = self.get_object()
        if request.method == "GET":
            found = Baseline.objects.filter(version__model=model).select_related("version")
            return Response(BaselineSerializer(found, many=True).data)
        said = _said_of_all(request)
        kind = said.get("kind", BaselineKind.TRAINING)
        if kind not in BaselineKind.values:
            raise ValidationError({"kind": f"One of {', '.join(BaselineKind.values)}."})
        version, rejected = self._version(model, said.get("version")), list[Rejected]()
        try:
            if "profile" in said:
                made = baselines.from_profile(version, said["profile"], kind, request.user)
            else:
                made, rejected = baselines.from_rows(version, self._rows(request), kind, request.user)
        except baselines.NoBaseline as error:
            of = "profile" if "profile" in said else "rows"
            raise ValidationError({of: error.by_feature or str(error)}) from error
        return Response({"baseline": BaselineSerializer(made).data, "rejected": _results(rejected)}, status=201)

    @extend_schema(summary="Make a baseline of a window", request=WindowSerializer, responses={201: BaselineSerializer})
    @action(detail=True, methods=["post"], url_path="baseline-of-window")
    def baseline_of_window(self, request: Request, key: str) -> Response:
        """Of what was predicted then, as far as its features are kept."""
        said = self._said(WindowSerializer)
        version = self._version(self.get_object(), said.get("version"))
        try:
            made = baselines.from_window(version, said["start"], said["end"], request.user)
        except baselines.NoBaseline as error:
            raise Conflict(str(error)) from error
        return Response(BaselineSerializer(made).data, status=201)

    @extend_schema(methods=["get"], summary="List a model's versions", responses=VersionSerializer(many=True))
    @extend_schema(
        methods=["post"], summary="Add a version", request=VersionSerializer, responses={201: VersionSerializer}
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None, filterset_class=None, search_fields=(),
            ordering_fields=())  # fmt: skip
    def versions(self, request: Request, key: str) -> Response:
        """With the features they are given and their deployments."""
        model = self.get_object()
        if request.method == "GET":
            found = model.versions.prefetch_related("features", "deployments")
            return Response(VersionSerializer(found, many=True).data)
        said = VersionSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        if model.versions.filter(name=said.validated_data["name"]).exists():
            raise Conflict("The model has a version of that name.")
        return Response(VersionSerializer(said.save(model=model)).data, status=201)

    @extend_schema(summary="Give a version an alias", request=PromoteSerializer, responses=VersionSerializer)
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, key: str) -> Response:
        """Whoever held it loses it; the deployment history tells both."""
        said = self._said(PromoteSerializer)
        version = self._version(self.get_object(), said["version"])
        deployment.promote(version, said["alias"], request.user, timezone.now())
        return Response(VersionSerializer(version).data)

    @extend_schema(summary="Archive a model", request=None, responses=ModelSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, key: str) -> Response:
        """It is not checked any more; what is known of it stays."""
        deployment.archive(self.get_object(), request.user)
        return Response(ModelSerializer(self.get_object()).data)

    @extend_schema(summary="Activate a model", request=None, responses=ModelSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, key: str) -> Response:
        """It is checked again."""
        deployment.activate(self.get_object(), request.user)
        return Response(ModelSerializer(self.get_object()).data)

    @extend_schema(summary="Check a model now", request=VersionChoiceSerializer, responses=DriftCheckSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, key: str) -> Response:
        """Of the window that ends with the hour at hand."""
        model = self.get_object()
        if not model.is_active:
            raise Conflict("The model is archived.")
        version = self._version(model, self._said(VersionChoiceSerializer).get("version"))
        return Response(DriftCheckSerializer(checks.check_now(version, timezone.now())).data)

    @extend_schema(
        summary="Show a model's performance",
        parameters=[
            OpenApiParameter("days", int, description="Back from now, 1 to 365 (30).", default=30),
            OpenApiParameter("version", str, description="Absent: the champion."),
            OpenApiParameter("segment", str, description="Absent: all of them together."),
        ],
        responses=PerformanceSerializer,
    )
    @action(detail=True, methods=["get"], filterset_class=None, search_fields=(), ordering_fields=())
    def performance(self, request: Request, key: str) -> Response:
        """Figures over time with their intervals, limits, trend, and how many outcomes are known."""
        version = self._version(self.get_object(), request.query_params.get("version"))
        segment = request.query_params.get("segment", "").replace("\0", "")
        found = performance_of(version, Range.before(timezone.now(), _days(request)), segment)
        return Response(PerformanceSerializer(found.for_api()).data)

    @extend_schema(
        summary="List a model's alerts",
        parameters=[OpenApiParameter("is_open", OpenApiTypes.BOOL)],
        responses=AlertSerializer(many=True),
    )
    @action(detail=True, methods=["get"], filterset_class=None, search_fields=(), ordering_fields=())
    def alerts(self, request: Request, key: str) -> Response:
        """The newest first. `alerts/{id}/acknowledge/` and its like work on them."""
        found = alerts_about(self.get_object()).select_related(
            "project", "acknowledged_by", "assigned_to", "resolved_by"
        )
        found = found.prefetch_related("about").order_by("-event_time", "-pk")
        wanted = request.query_params.get("is_open", "").lower()
        if wanted not in {"", "true", "false"}:
            raise ValidationError({"is_open": "true or false."})
        if wanted:
            found = found.filter(resolved_at__isnull=wanted == "true")
        page = self.paginate_queryset(found)
        return self.get_paginated_response(AlertSerializer(page, many=True).data)

    def _rows(self, request: Request) -> list[Any]:
        rows = request.data.get("rows") if isinstance(request.data, dict) else None
        if not isinstance(rows, list):
            raise ValidationError({"rows": "A list of rows."})
        if len(rows) > MOST_ROWS:
            raise TooMany(f"At most {MOST_ROWS:,} rows at once; these are {len(rows):,}. Nothing was taken.")
        return rows

    def _version(self, model: MonitoredModel, name: Any) -> ModelVersion:
        if name is not None and not isinstance(name, str):
            raise ValidationError({"version": "The name of a version."})
        of = {"name": name} if name else {"alias": Alias.CHAMPION}
        version = model.versions.filter(**of).first() if "\0" not in (name or "") else None
        if version is None:
            raise NotFound("There is no such version." if name else "The model has no champion: promote a version.")
        version.model = model
        return version

    def _said(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        said = serializer(data=self.request.data)
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def _told(self, said: dict[str, Any], rejected: list[Rejected]) -> Response:
        return Response({**said, "rejected": _results(rejected)}, status=207 if rejected else 200)


class DriftCheckFilter(filters.FilterSet):
    model = filters.CharFilter(field_name="version__model__key", help_text="The model's key.")
    version = filters.CharFilter(field_name="version__name", help_text="The version's name.")
    segment = filters.CharFilter(help_text="The segment's name.")
    is_whole = filters.BooleanFilter(
        field_name="segment", method="whole", help_text="True: of all segments together. False: of one segment."
    )
    verdict = filters.MultipleChoiceFilter(choices=Verdict.choices)
    after = filters.IsoDateTimeFilter(field_name="end", lookup_expr="gte", help_text="It ends then or later.")

    class Meta:
        model = DriftCheck
        fields: tuple[str, ...] = ()

    def whole(self, checks: DriftCheckQuerySet, name: str, is_whole: bool) -> DriftCheckQuerySet:
        return checks.whole() if is_whole else checks.exclude(segment="")


class DriftCheckViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What checks found: data drift by feature, concept drift, performance."""

    queryset = DriftCheck.objects.select_related("version__model").prefetch_related("features")
    serializer_class = DriftCheckSerializer
    permission = Permission.MANAGE_MODELS
    filterset_class = DriftCheckFilter
    lookup_value_regex = NUMBER
    search_fields = ("version__model__name", "version__model__key")
    ordering_fields = ("end", "moved")
    ordering = ("-end",)


class ThresholdFilter(filters.FilterSet):
    model = filters.CharFilter(field_name="model__key", help_text="The model's key.")
    metric = filters.MultipleChoiceFilter(choices=Monitored.choices)

    class Meta:
        model = MonitorThreshold
        fields: tuple[str, ...] = ()


class ThresholdViewSet(ScopedViewSet, ModelViewSet):
    """From when on something is medium, high or critical; the most particular one counts."""

    queryset = MonitorThreshold.objects.select_related("model__project", "version")
    serializer_class = ThresholdSerializer
    permission = Permission.MANAGE_MODELS
    filterset_class = ThresholdFilter
    lookup_value_regex = NUMBER
    search_fields = ("feature", "model__name")
    ordering_fields = ("metric", "id")
    ordering = ("metric",)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        model = serializer.validated_data.get("model")
        require(self.request.user, self.permission, model.project if model else None)
        serializer.save()


def _results(rejected: list[Rejected]) -> list[dict[str, Any]]:
    return [{"index": one.index, "id": one.key, "reason": one.reason} for one in rejected]


def _said_of_all(request: Request) -> dict[str, Any]:
    """What a batch says besides its rows."""
    return request.data if isinstance(request.data, dict) else {}


def _days(request: Request) -> timedelta:
    said = request.query_params.get("days", "30")
    if not said.isascii() or not said.isdigit() or not 1 <= int(said[:4]) <= 365 or len(said) > 4:
        raise ValidationError({"days": "1 to 365."})
    return timedelta(days=int(said))
