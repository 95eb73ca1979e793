from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from alerts import lifecycle
from alerts.api.filters import AlertFilter, AlertRuleFilter, NotificationFilter, SilenceFilter
from alerts.api.serializers import (
    AlertRuleSerializer,
    AlertSerializer,
    AlertWithEventsSerializer,
    AssigneeSerializer,
    BacktestSerializer,
    DefaultPreferenceSerializer,
    EscalationStepSerializer,
    NotificationSerializer,
    OptionalTextSerializer,
    PreferenceSerializer,
    RuleCopySerializer,
    SilenceSerializer,
    SnoozeSerializer,
    TextSerializer,
    TransportSerializer,
    TrialSerializer,
    WantedCopiesSerializer,
    WebhookSerializer,
    WhySerializer,
)
from alerts.copying import make, plan
from alerts.live import mark_read
from alerts.models import (
    Alert,
    AlertRule,
    Backtest,
    EscalationStep,
    Notification,
    NotificationPreference,
    Silence,
    Webhook,
)
from alerts.notify.trial import try_person, try_webhook
from alerts.tasks import run_backtest
from alerts.why import why
from devices.api.errors import Conflict
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.models import Device
from devices.permissions import Permission, ProjectScopedQuerySet

OF_A_DEVICE = OpenApiParameter("device", str, required=True, description="The device ID.")


class AlertViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What is wrong, and what was."""

    queryset = Alert.objects.select_related(
        "device", "project", "acknowledged_by", "assigned_to", "resolved_by"
    ).prefetch_related("about")
    serializer_class = AlertSerializer
    permission = Permission.HANDLE_ALERTS
    filterset_class = AlertFilter
    lookup_value_regex = NUMBER
    search_fields = ("rule_name", "message", "device__device_id", "device__name")
    ordering_fields = ("event_time", "severity", "status", "resolved_at")
    ordering = ("-event_time",)

    @extend_schema(summary="Show an alert with its timeline", responses=AlertWithEventsSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(AlertWithEventsSerializer(self.get_object()).data)

    @extend_schema(summary="Acknowledge an alert", request=None, responses=AlertWithEventsSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Somebody has seen it: nobody else is woken up."""
        return self._done(lifecycle.acknowledge, "It was acknowledged already, or it is over.")

    @extend_schema(
        summary="Resolve an alert by hand", request=OptionalTextSerializer, responses=AlertWithEventsSerializer
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """What is still wrong becomes another alert."""
        return self._done(partial(lifecycle.resolve, **self._said(OptionalTextSerializer)), "It is over already.")

    @extend_schema(summary="Assign an alert", request=AssigneeSerializer, responses=AlertWithEventsSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """To a member of its project, or to nobody."""
        alert, name = self.get_object(), self._said(AssigneeSerializer)["user"]
        members = get_user_model().objects.filter(is_active=True, memberships__project=alert.project_id)
        to = None if name is None else members.filter(username=name).first()
        if name is not None and to is None:
            raise ValidationError({"user": ["No member of the project has that user name."]})
        return self._done(lambda alert, by: lifecycle.assign(alert, to, by), "It is over already.")

    @extend_schema(summary="Snooze an alert", request=SnoozeSerializer, responses=AlertWithEventsSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """Nobody is told of it for some minutes; then, or when it is ended early, they are told what was put off."""
        minutes = self._said(SnoozeSerializer)["minutes"]
        until = timezone.now() + timedelta(minutes=minutes) if minutes else None
        return self._done(lambda alert, by: lifecycle.snooze(alert, until, by), "It is over already.")

    @extend_schema(summary="Comment on an alert", request=TextSerializer, responses=AlertWithEventsSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """A line in its timeline; also when it is over."""
        text = self._said(TextSerializer)["text"]
        return self._done(lambda alert, by: bool(lifecycle.comment(alert, text, by)), "")

    def _said(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        said = serializer(data=self.request.data)
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def _done(self, verb: Callable[[Alert, Any], bool], too_late: str) -> Response:
        if not verb(self.get_object(), self.request.user):
            raise Conflict(too_late)
        return Response(AlertWithEventsSerializer(self.get_object()).data)


class AlertRuleViewSet(ScopedViewSet, ModelViewSet):
    """What is wrong with devices, and how bad it is."""

    queryset = AlertRule.objects.select_related("project", "device_type", "device")
    serializer_class = AlertRuleSerializer
    permission = Permission.MANAGE_RULES
    filterset_class = AlertRuleFilter
    lookup_value_regex = NUMBER
    search_fields = ("name", "description")
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    @extend_schema(summary="Try a rule on the past", request=BacktestSerializer, responses={202: BacktestSerializer})
    @action(detail=True, methods=["post"])
    def backtest(self, request: Request, pk: str) -> Response:
        """It is played over the last days by a worker; look at the backtest until it is done."""
        rule = self.get_object()
        said = BacktestSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        days = said.validated_data.get("days", 7)
        asked = Backtest.objects.create(rule=rule, revision=rule.revision, days=days, asked_by_id=request.user.pk)
        transaction.on_commit(partial(run_backtest.delay, asked.pk))
        return Response(BacktestSerializer(asked).data, status=202)

    @extend_schema(
        summary="Copy a rule to other device types",
        request=WantedCopiesSerializer,
        responses={200: RuleCopySerializer(many=True), 201: RuleCopySerializer(many=True)},
    )
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """The copies are not enabled. What devices of a type do not send makes none: `problem` says what."""
        said = WantedCopiesSerializer(data=request.data, context=self.get_serializer_context())
        said.is_valid(raise_exception=True)
        copies = plan(self.get_object(), said.validated_data["device_types"])
        made = [] if said.validated_data["dry_run"] else make(copies, request.user)
        return Response(RuleCopySerializer(copies, many=True).data, status=201 if made else 200)

    @extend_schema(summary="Ask a rule why", parameters=[OF_A_DEVICE], responses=WhySerializer)
    @action(detail=True, methods=["get"], filterset_class=None, search_fields=(), ordering_fields=())
    def why(self, request: Request, pk: str) -> Response:
        """What it thinks of a device, and its last evaluations."""
        wanted = request.query_params.get("device", "")
        device = (
            Device.objects.visible_to(request.user).filter(device_id=wanted).select_related("project", "device_type")
        )
        if (found := device.first()) is None:
            raise NotFound("There is no device with that ID that you can see.")
        return Response(WhySerializer(why(self.get_object(), found, timezone.now())).data)


class BacktestViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin):
    """Rules that were tried on the past."""

    queryset = Backtest.objects.select_related("asked_by")
    serializer_class = BacktestSerializer
    permission = Permission.MANAGE_RULES
    lookup_value_regex = NUMBER
    ordering_fields = ("asked_at",)
    ordering = ("-asked_at",)


class SilenceViewSet(ScopedViewSet, ModelViewSet):
    """Times in which nobody is told."""

    queryset = Silence.objects.select_related("project", "device", "device_type", "created_by")
    serializer_class = SilenceSerializer
    permission = Permission.HANDLE_ALERTS
    filterset_class = SilenceFilter
    lookup_value_regex = NUMBER
    search_fields = ("reason",)
    ordering_fields = ("starts_at", "ends_at")
    ordering = ("-starts_at",)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        require(self.request.user, self.permission, serializer.validated_data["project"])
        serializer.save(created_by_id=self.request.user.pk)


class ForRuleManagers(ScopedViewSet, ModelViewSet):
    """What only those who manage rules may see."""

    permission = Permission.MANAGE_RULES
    lookup_value_regex = NUMBER

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)


class WebhookViewSet(ForRuleManagers):
    """Addresses that are told of alerts."""

    queryset = Webhook.objects.select_related("project")
    serializer_class = WebhookSerializer
    search_fields = ("name", "url")
    ordering_fields = ("name",)
    ordering = ("name",)

    @extend_schema(summary="Send a webhook a test", request=None, responses=TrialSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """At once, signed as all it is sent, with its template filled in."""
        return Response(TrialSerializer(try_webhook(self.get_object())).data)


class EscalationStepViewSet(ForRuleManagers):
    """Who is told when nobody acknowledges."""

    queryset = EscalationStep.objects.select_related("project", "user")
    serializer_class = EscalationStepSerializer
    ordering_fields = ("after_minutes",)
    ordering = ("after_minutes",)


class DefaultPreferenceViewSet(ForRuleManagers):
    """When, and through what, members of a project are told who said nothing themselves."""

    queryset = NotificationPreference.objects.filter(user=None).select_related("project")
    serializer_class = DefaultPreferenceSerializer
    ordering_fields = ("id",)
    ordering = ("id",)


class NotificationViewSet(GenericViewSet, mixins.ListModelMixin):
    """What the person who asks was told."""

    queryset = Notification.objects.select_related("alert__device", "event").prefetch_related("tries")
    serializer_class = NotificationSerializer
    permission_classes = (IsAuthenticated,)
    filterset_class = NotificationFilter
    search_fields = ("alert__message",)
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[Notification]:
        visible = Notification.objects.visible_to(self.request.user)
        return super().get_queryset().filter(user=self.request.user.pk, pk__in=visible)

    @extend_schema(summary="Mark all as read", request=None, responses={204: None})
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Those in the portal, up to now."""
        mark_read(self.request.user)
        return Response(status=204)

    @extend_schema(summary="Send yourself a test", request=TransportSerializer, responses=TrialSerializer(many=True))
    @action(
        detail=False,
        methods=["post"],
        pagination_class=None,
        filterset_class=None,
        search_fields=(),
        ordering_fields=(),
    )
    def test(self, request: Request) -> Response:
        """At once, to your mail address or to each of your browsers; an empty list if you have none."""
        said = TransportSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        return Response(TrialSerializer(try_person(request.user, said.validated_data["transport"]), many=True).data)


class PreferenceViewSet(ModelViewSet):
    """When, and through what, the person who asks wants to be told."""

    queryset = NotificationPreference.objects.select_related("project")
    serializer_class = PreferenceSerializer
    permission_classes = (IsAuthenticated,)
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_value_regex = NUMBER
    ordering_fields = ("id",)
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[NotificationPreference]:
        return super().get_queryset().filter(user=self.request.user.pk)
