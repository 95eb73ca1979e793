from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from alerts.conditions import InvalidCondition, span
from alerts.messages import NAMES as MESSAGE_NAMES
from alerts.models import AlertRule, Backtest, RuleState
from alerts.rules import sentence
from alerts.schedule import InvalidSchedule
from alerts.tasks import run_backtest
from devices.admin.cells import cell
from devices.admin.history import WithHistory
from devices.admin.page import EndlessPage, Page, Rows
from devices.admin.scope import ForSuperusers, ProjectScoped, ReadOnly, may_manage, runs_platform
from devices.permissions import Permission

EXAMPLE = (
    'A list with an object for each severity: {"severity": "high", "when": {"metric": "temperature", "is": ">", '
    '"value": 80}, "clear": {"metric": "temperature", "is": "<", "value": 75}, "for": 600, "readings": 1, '
    '"clear_for": 120}. Conditions: "value", "low" and "high" with "is": "outside", "than" another metric, '
    '"than_desired", "agg" (avg, min, max, sum, count, delta, rate, hours_to) "over" seconds, "no_data_for" seconds, '
    '"presence": "offline", and "all" or "any" of a list.'
)
NAMES = f"The message may hold {', '.join('{' + name + '}' for name in MESSAGE_NAMES)}. Empty: a usual one."


class BacktestInline(ReadOnly, Rows):
    model = Backtest
    fields = ["asked_at", "days", "revision", "status", "fires", "devices", "open_for"]
    readonly_fields = ["asked_at", "days", "revision", "status", "fires", "devices", "open_for"]
    verbose_name = "backtest"
    verbose_name_plural = "what it would have raised"
    max_num = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("episodes")

    @display(description="open for, together")
    def open_for(self, backtest: Backtest) -> str:
        return span(round(backtest.seconds / 60) * 60) if backtest.seconds else "–"


@admin.register(AlertRule)
class AlertRuleAdmin(ProjectScoped, WithHistory):
    """What is wrong with devices, and how bad it is. Try a rule on the past before it is enabled."""

    permission = Permission.MANAGE_RULES
    inlines = [BacktestInline]
    list_display = ["title", "about", "is_enabled", "open_alerts", "revision"]
    list_filter = ["is_enabled"]
    list_select_related = ["project", "device_type", "device"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["device"]
    actions = ["enable", "disable", "copy"]
    actions_detail = ["try_a_week", "try_a_month"]
    readonly_fields = ["does", "revision"]
    fieldsets = [
        (None, {"fields": ["name", "description", "is_enabled", "does"]}),
        ("Which devices", {"fields": [("project", "device_type"), ("label", "device")]}),
        ("What is wrong", {"fields": ["levels"], "description": EXAMPLE}),
        (
            "When, and what it says",
            {"fields": [("schedule", "time_zone"), "message", "revision"], "description": NAMES},
        ),
    ]
    nothing = "No rules yet"
    nothing_help = "A rule says what is wrong with devices. Without one, nobody is told of anything."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rules: QuerySet[Any] = super().get_queryset(request)
        return rules.annotate(open_now=Count("alerts", filter=Q(alerts__resolved_at=None)))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A rule about all projects is for superusers to make."""
        form = super().get_form(request, *args, **kwargs)
        if "project" in form.base_fields and not runs_platform(request):
            form.base_fields["project"].required = True
        return form

    def has_try_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    def save_model(self, request: HttpRequest, obj: AlertRule, form: ModelForm, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        tried = Backtest.objects.filter(rule=obj, revision=obj.revision).exists()
        if obj.is_enabled and "is_enabled" in form.changed_data and not tried:
            text = "It is enabled untried. “Try on 7 days” shows what it would have raised."
            self.message_user(request, text, messages.WARNING)

    @display(description="rule", ordering="name")
    def title(self, rule: AlertRule) -> SafeString:
        return cell("title", title=rule.name, detail=self.does(rule))

    @display(description="it is about")
    def about(self, rule: AlertRule) -> str:
        parts = (rule.device, rule.device_type, rule.label, rule.project)
        return ", ".join(str(part) for part in parts if part) or "all devices"

    @display(description="open alerts", ordering="open_now")
    def open_alerts(self, rule: Any) -> int:
        return rule.open_now

    @display(description="what it does")
    def does(self, rule: AlertRule) -> str:
        if not rule.levels:
            return "–"
        try:
            return sentence(rule.compiled())
        except (InvalidCondition, InvalidSchedule) as error:
            return str(error)

    @action(description="Try on 7 days", icon="history", permissions=["try"])
    def try_a_week(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._try(request, object_id, 7)

    @action(description="Try on 30 days", icon="calendar_month", permissions=["try"])
    def try_a_month(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._try(request, object_id, 30)

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        self._switch(request, rules, is_enabled=True)

    @action(description="Disable, and end their alerts", permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        self._switch(request, rules, is_enabled=False)

    @action(description="Copy", permissions=["add"])
    def copy(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        """Disabled copies, to be made to fit other devices."""
        for rule in rules:
            rule.pk, rule.name, rule.is_enabled, rule.revision = None, f"{rule.name} (copy)"[:100], False, 1
            rule._state.adding = True  # noqa: SLF001 (as Django's documentation copies rows)
            rule.save()
        self.message_user(request, "Copied. The copies are disabled.", messages.SUCCESS)

    def _switch(self, request: HttpRequest, rules: QuerySet[AlertRule], *, is_enabled: bool) -> None:
        changed = 0
        for rule in rules.exclude(is_enabled=is_enabled):
            rule.is_enabled = is_enabled
            rule.save()
            changed += 1
        self.message_user(request, f"{changed} {'enabled' if is_enabled else 'disabled'}.", messages.SUCCESS)

    def _try(self, request: HttpRequest, object_id: str, days: int) -> HttpResponse:
        rule = self.get_object(request, object_id)
        if rule is None:
            raise Http404
        asked = Backtest.objects.create(rule=rule, revision=rule.revision, days=days, asked_by_id=request.user.pk)
        transaction.on_commit(partial(run_backtest.delay, asked.pk))
        self.message_user(request, "It is being tried. Reload this page to see what it would have raised.")
        return redirect("admin:alerts_alertrule_change", object_id)


@admin.register(Backtest)
class BacktestAdmin(ReadOnly, ProjectScoped, Page):
    """Rules that were tried on the past."""

    permission = Permission.MANAGE_RULES
    list_display = ["asked_at", "rule", "days", "status", "progress", "fires", "devices"]
    list_filter = [("status", ChoicesDropdownFilter)]
    search_fields = ["rule__name"]
    nothing = "No rule was tried on the past yet"
    nothing_help = "A rule's page has “Try on 7 days”."


@admin.register(RuleState)
class RuleStateAdmin(ReadOnly, ForSuperusers, EndlessPage):
    """What rules remember of devices, for whoever looks for a fault."""

    list_display = ["rule", "device", "status", "due_at", "withheld_since"]
    list_filter = [("status", admin.AllValuesFieldListFilter)]
    list_select_related = ["rule", "device"]
    search_fields = ["rule__name", "device__device_id"]
    nothing = "Rules remember nothing"
    nothing_help = "Nothing is wrong, and no rule needs to remember anything to find out."
