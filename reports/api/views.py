from django.http import HttpResponseBase
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ModelViewSet, ViewSet

from devices.api.errors import Conflict
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.permissions import Permission, ProjectScopedQuerySet
from reports import runs, schedules
from reports.api.serializers import (
    DeliverySerializer,
    KindSerializer,
    PreviewSerializer,
    RunSerializer,
    ScheduleSerializer,
    TemplateSerializer,
    WantedSerializer,
)
from reports.download import file_of
from reports.kinds import KINDS
from reports.models import Delivery, DeliveryStatus, Format, Purpose, ReportTemplate, Run, RunStatus, Schedule
from reports.recipients import recipients

CANNOT_BE_MADE = OpenApiResponse(description="It cannot be made any more; `errors` says why.")
UUID = "[0-9a-f-]{36}"
FILE = {(200, mime): OpenApiTypes.BINARY for mime in ("application/pdf", "text/csv", "application/json")}


class KindViewSet(ViewSet):
    """The kinds of reports there are."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(summary="List kinds of reports", responses=KindSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(KindSerializer(list(KINDS.values()), many=True).data)


class TemplateFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    kind = filters.CharFilter()

    class Meta:
        model = ReportTemplate
        fields: tuple[str, ...] = ()


class TemplateViewSet(ScopedViewSet, ModelViewSet):
    """Reports that are made again and again."""

    queryset = ReportTemplate.objects.select_related("project", "created_by")
    serializer_class = TemplateSerializer
    permission = Permission.MANAGE_REPORTS
    filterset_class = TemplateFilter
    lookup_value_regex = NUMBER
    search_fields = ("name",)
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        require(self.request.user, self.permission, serializer.validated_data["project"])
        serializer.save(created_by_id=self.request.user.pk)


class RunFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    template = filters.NumberFilter(help_text="The template's number.")
    schedule = filters.NumberFilter(help_text="The schedule's number.")
    kind = filters.CharFilter()
    status = filters.MultipleChoiceFilter(choices=RunStatus.choices)

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()


class RunViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Reports that were made, are being made, or wait for it."""

    queryset = Run.objects.select_related("project", "requested_by")
    serializer_class = RunSerializer
    permission = Permission.RUN_REPORTS
    filterset_class = RunFilter
    lookup_value_regex = UUID
    lookup_field = "uuid"
    search_fields = ("title",)
    ordering_fields = ("requested_at", "finished_at", "size")
    ordering = ("-requested_at",)

    @extend_schema(summary="Run a report", request=WantedSerializer, responses={201: RunSerializer, 202: RunSerializer})
    def create(self, request: Request) -> Response:
        """One that takes no time is there with the answer (201); else (202) its `Location` tells how far it is."""
        wanted = WantedSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        said = wanted.validated_data
        template: ReportTemplate | None = said.get("template")
        parameters = said["parameters"] if template is None else template.parameters
        form = said.get("format") or (Format.PDF if template is None else template.format)
        return self._begun(runs.start(request.user, parameters, form, template=template))

    @extend_schema(summary="Download a report", responses=FILE)
    @action(detail=True, methods=["get"], filterset_class=None, search_fields=(), ordering_fields=())
    def file(self, request: Request, uuid: str) -> HttpResponseBase:
        """Its file; 409 as long as there is none, or when it was thrown away."""
        run = self.get_object()
        if not run.has_file:
            raise Conflict("There is no file (any more): run it again." if not run.is_open else "It is not done yet.")
        return file_of(request, run)

    @extend_schema(summary="Cancel a report", request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uuid: str) -> Response:
        if not runs.cancel(self.get_object()):
            raise Conflict("It is over already.")
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        summary="Run a report again",
        request=None,
        responses={201: RunSerializer, 202: RunSerializer, 400: CANNOT_BE_MADE},
    )
    @action(detail=True, methods=["post"])
    def again(self, request: Request, uuid: str) -> Response:
        """With the same parameters, as of now, and with your rights."""
        return self._begun(runs.again(self.get_object(), request.user))

    def _begun(self, run: Run) -> Response:
        address = reverse("api:report-run-detail", [run.pk], request=self.request)
        return Response(
            self.get_serializer(run).data, status=202 if run.is_open else 201, headers={"Location": address}
        )


class ForManagers(ScopedViewSet):
    """What only those who manage reports may see: it names people and their addresses."""

    permission = Permission.MANAGE_REPORTS

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)


class ScheduleFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="template__project__slug", help_text="The project's slug.")
    template = filters.NumberFilter(help_text="The template's number.")
    is_paused = filters.BooleanFilter()

    class Meta:
        model = Schedule
        fields: tuple[str, ...] = ()


class ScheduleViewSet(ForManagers, ModelViewSet):
    """Reports that are made and sent by themselves."""

    queryset = Schedule.objects.select_related("template__project", "owner").prefetch_related(
        "users", "unsubscriptions"
    )
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter
    lookup_value_regex = NUMBER
    search_fields = ("template__name",)
    ordering_fields = ("next_due", "created_at")
    ordering = ("next_due",)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        require(self.request.user, self.permission, serializer.validated_data["template"].project)
        schedules.plan(serializer.save(owner_id=self.request.user.pk), timezone.now())

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        schedules.plan(serializer.save(), timezone.now())

    @extend_schema(summary="Show when a schedule is due", responses=PreviewSerializer)
    @action(detail=True, methods=["get"], filterset_class=None, search_fields=(), ordering_fields=())
    def preview(self, request: Request, pk: str) -> Response:
        """The next five times, and whom it goes to."""
        schedule = self.get_object()
        said = {
            "next": schedules.preview(schedule, timezone.now()),
            "recipients": [recipient.address for recipient in recipients(schedule)],
        }
        return Response(PreviewSerializer(said).data)

    @extend_schema(summary="Pause a schedule", request=None, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        if not schedules.pause(self.get_object()):
            raise Conflict("It is paused already.")
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(summary="Resume a schedule", request=None, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """What was due meanwhile is not made good."""
        if not schedules.resume(self.get_object(), timezone.now()):
            raise Conflict("It is not paused.")
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        summary="Send yourself what a schedule sends", request=None, responses={202: RunSerializer, 400: CANNOT_BE_MADE}
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """As of now, to your own mail address alone."""
        return Response(RunSerializer(schedules.send_test(self.get_object(), request.user)).data, status=202)


class DeliveryFilter(filters.FilterSet):
    schedule = filters.NumberFilter(help_text="The schedule's number.")
    status = filters.MultipleChoiceFilter(choices=DeliveryStatus.choices)
    purpose = filters.MultipleChoiceFilter(choices=Purpose.choices)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ()


class DeliveryViewSet(ForManagers, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What was sent to whom, and what the mail server answered."""

    queryset = Delivery.objects.select_related("user")
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    lookup_value_regex = NUMBER
    search_fields = ("address", "answer")
    ordering_fields = ("created_at", "sent_at")
    ordering = ("-created_at",)
