from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.forms import CharField, ChoiceField, Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from alerts import lifecycle
from alerts.models import Alert, AlertEvent
from alerts.views.alerts import NO_MORE, SNOOZES, VERBS
from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Rows
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.admin.words import counted
from devices.permissions import Permission


class AssignForm(Form):
    user = ModelChoiceField(
        get_user_model().objects.none(),
        label="to",
        required=False,
        empty_label="nobody",
        widget=UnfoldAdminSelectWidget,
    )


class SnoozeForm(Form):
    minutes = ChoiceField(
        label="for", choices=[*SNOOZES.items(), (NO_MORE, "no longer")], widget=UnfoldAdminSelectWidget
    )


class CommentForm(Form):
    text = CharField(label="comment", max_length=1000, widget=UnfoldAdminTextareaWidget)


class OpenFilter(DropdownFilter):
    title = "open"
    parameter_name = "open"
    open, unseen = "open", "unseen"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(self.open, "Open"), (self.unseen, "Open, nobody has acknowledged"), ("over", "Resolved")]

    def queryset(self, request: HttpRequest, alerts: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted == self.unseen:
            return alerts.filter(resolved_at=None, acknowledged_at=None)
        return alerts.filter(resolved_at__isnull=wanted == self.open) if wanted in {self.open, "over"} else alerts


class AlertEventInline(ReadOnly, Rows):
    model = AlertEvent
    fields = ["at", "kind", "severity", "by", "text"]
    readonly_fields = ["at", "kind", "severity", "by", "text"]
    verbose_name = "entry"
    verbose_name_plural = "timeline"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.HANDLE_ALERTS, obj)


@admin.register(Alert)
class AlertAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Alerts are raised by rules; here they are looked at, acknowledged and resolved."""

    permission = Permission.HANDLE_ALERTS
    inlines = [AlertEventInline]
    list_display = ["raised", "title", "about_what", "level", "status", "seen", "assigned_to"]
    list_display_links = ["raised", "title"]
    list_filter = [
        OpenFilter,
        ("severity", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        ("event_time", RangeDateTimeFilter),
        ("project", ProjectFilter),
    ]
    list_select_related = ["device", "acknowledged_by", "assigned_to"]
    search_fields = ["rule_name", "message", "device__name", "device__device_id"]
    actions = ["acknowledge_selected", "assign_selected", "snooze_selected", "comment_selected", "resolve_selected"]
    fieldsets = [
        (None, {"fields": ["message", ("rule", "device", "project"), ("severity", "worst_severity", "status")]}),
        ("What was measured", {"fields": [("what", "value", "limit"), ("event_time", "received_at")]}),
        (
            "Who looks after it",
            {"fields": [("acknowledged_at", "acknowledged_by"), ("assigned_to", "snoozed_until")]},
        ),
        ("Its end", {"fields": [("resolved_at", "resolved_by")]}),
    ]
    nothing = "No alerts"
    nothing_help = "Nothing was wrong so far, or no rule is enabled that would say so."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("about")

    def has_handle_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    @display(description="raised", ordering="event_time")
    def raised(self, alert: Alert) -> SafeString:
        return cell("age", moment=alert.event_time)

    @display(description="alert", ordering="rule_name")
    def title(self, alert: Alert) -> SafeString:
        return cell("title", title=alert.rule_name, detail=alert.message)

    @display(description="about", ordering="device__name")
    def about_what(self, alert: Alert) -> str:
        return str(alert.subject)

    @display(
        description="severity",
        ordering="severity",
        label={"Critical": "danger", "High": "warning", "Medium": "info", "Low": ""},
    )
    def level(self, alert: Alert) -> str:
        return alert.get_severity_display()

    @display(description="acknowledged", ordering="acknowledged_at")
    def seen(self, alert: Alert) -> SafeString | str:
        if alert.acknowledged_at is None:
            return "–"
        return cell("age", moment=alert.acknowledged_at, detail=str(alert.acknowledged_by or ""))

    @action(description="Acknowledge", permissions=["handle"])
    def acknowledge_selected(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        self._each(request, alerts, lifecycle.acknowledge, "acknowledged")

    @action(description="Resolve", permissions=["handle"])
    def resolve_selected(self, request: HttpRequest, alerts: QuerySet[Alert]) -> HttpResponse | None:
        if not is_confirmed(request):
            text = "They end now. What is still wrong raises an alert anew."
            return confirmation(self, request, alerts, title="Resolve these alerts?", text=text, submit="Resolve")
        self._each(request, alerts, lifecycle.resolve, "resolved")
        return None

    @action(description="Assign …", permissions=["handle"])
    def assign_selected(self, request: HttpRequest, alerts: QuerySet[Alert]) -> HttpResponse | None:
        form = AssignForm(request.POST if is_confirmed(request) else None)
        members = get_user_model().objects.filter(is_active=True, memberships__project__in=alerts.values("project"))
        form.fields["user"].queryset = members.distinct().order_by("username")  # type: ignore[attr-defined]
        text = "Who is no member of an alert's project does not get it."
        return self._asked(request, alerts, "assign", "assigned", form, title="Assign these alerts?", text=text)

    @action(description="Snooze …", permissions=["handle"])
    def snooze_selected(self, request: HttpRequest, alerts: QuerySet[Alert]) -> HttpResponse | None:
        form = SnoozeForm(request.POST if is_confirmed(request) else None)
        text = "Nobody is told of them for that long, unless they get worse."
        return self._asked(request, alerts, "snooze", "snoozed", form, title="Snooze these alerts?", text=text)

    @action(description="Comment …", permissions=["handle"])
    def comment_selected(self, request: HttpRequest, alerts: QuerySet[Alert]) -> HttpResponse | None:
        form = CommentForm(request.POST if is_confirmed(request) else None)
        text = "It stands in the timeline of each of them."
        return self._asked(request, alerts, "comment", "commented on", form, title="Comment on them", text=text)

    def _asked(
        self,
        request: HttpRequest,
        alerts: QuerySet[Alert],
        verb: str,
        done: str,
        form: Form,
        *,
        title: str,
        text: str,
    ) -> HttpResponse | None:
        """As on the page of an alert: what is said goes by the same names."""
        if not is_confirmed(request) or not form.is_valid():
            submit = verb.capitalize()
            return confirmation(self, request, alerts, title=title, text=text, submit=submit, form=form)
        self._each(request, alerts, lambda alert, _: bool(VERBS[verb](request, alert)), done)
        return None

    def _each(
        self, request: HttpRequest, alerts: QuerySet[Alert], verb: Callable[[Alert, Any], bool], done: str
    ) -> None:
        changed = sum(verb(alert, request.user) for alert in alerts)
        skipped = len(alerts) - changed
        text = f"{counted(changed, 'alert')} {done}." + (f" {skipped} were so already, or are over." if skipped else "")
        self.message_user(request, text, messages.SUCCESS if changed else messages.INFO)
