from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.forms import BooleanField, Form, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanSwitchWidget

from alerts import enabling
from alerts.conditions import InvalidCondition, span
from alerts.copying import copy_of
from alerts.messages import NAMES as MESSAGE_NAMES
from alerts.models import AlertRule, Backtest, RuleState
from alerts.rules import sentence
from alerts.schedule import InvalidSchedule
from alerts.tasks import run_backtest
from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
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


class UntriedForm(Form):
    untried = BooleanField(
        label="Those too that were not tried as they are now", required=False, widget=UnfoldBooleanSwitchWidget
    )


def _what_came(rule: AlertRule) -> str:
    if rule.is_checked:
        return "somebody has looked at it before"
    if (found := enabling.tried(rule)) is None:
        return "not tried as it is now"
    return f"would have fired {found.fires} times on {found.devices} devices in {found.days} days"


def _refusal(rule: AlertRule, *, untried: bool) -> str:
    """Why it is not enabled; empty if it is now."""
    try:
        enabling.enable(rule, seen=enabling.tried(rule), untried=untried and enabling.tried(rule) is None)
    except enabling.NotTried as refusal:
        return str(refusal)
    return ""


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
    actions_detail = ["switch_on", "switch_off", "try_a_week", "try_a_month", "copy_to_types"]
    readonly_fields = ["is_enabled", "does", "revision"]
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
        if obj.is_enabled and not obj.is_checked:
            text = "It is in force. What it says now was not tried on the past: “Try on 7 days” does."
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

    @action(description="Enable …", icon="power_settings_new", permissions=["try"])
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._enable(request, [self._of(request, object_id)]) or self._back(object_id)

    @action(description="Disable", icon="power_off", permissions=["try"])
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._disable(request, [self._of(request, object_id)]) or self._back(object_id)

    @action(description="Enable …", permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> HttpResponse | None:
        return self._enable(request, rules)

    @action(description="Disable, and end their alerts …", permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> HttpResponse | None:
        return self._disable(request, rules)

    @action(description="Copy to other types …", icon="content_copy", permissions=["try"])
    def copy_to_types(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("rule-copy", self._of(request, object_id).pk)

    @action(description="Copy", permissions=["add"])
    def copy(self, request: HttpRequest, rules: QuerySet[AlertRule]) -> None:
        """Disabled copies, to be made to fit other devices."""
        for rule in map(copy_of, rules):
            rule.created_by_id = request.user.pk
            rule.save()
        self.message_user(request, "Copied. The copies are disabled.", messages.SUCCESS)

    def _enable(self, request: HttpRequest, rules: Iterable[AlertRule]) -> HttpResponse | None:
        """Ask first, with what each would have raised; those that were not tried need a word of their own."""
        off = [rule for rule in rules if not rule.is_enabled]
        form = UntriedForm(request.POST if is_confirmed(request) else None)
        if not form.is_valid():
            text = "They begin to raise alerts at once, and people are told of them."
            items = [f"{rule}: {_what_came(rule)}" for rule in off]
            return confirmation(self, request, off, title="Enable?", text=text, submit="Enable", form=form, items=items)
        refused = [refusal for rule in off if (refusal := _refusal(rule, untried=form.cleaned_data["untried"]))]
        text = f"{len(off) - len(refused)} enabled." + (f" {len(refused)} not: {refused[0]}" if refused else "")
        self.message_user(request, text, messages.WARNING if refused else messages.SUCCESS)
        return None

    def _disable(self, request: HttpRequest, rules: Iterable[AlertRule]) -> HttpResponse | None:
        on = [rule for rule in rules if rule.is_enabled]
        if not is_confirmed(request):
            text = "They raise nothing more, and their open alerts end."
            return confirmation(self, request, on, title="Disable?", text=text, submit="Disable")
        for rule in on:
            enabling.disable(rule)
        self.message_user(request, f"{len(on)} disabled.", messages.SUCCESS)
        return None

    def _of(self, request: HttpRequest, object_id: str) -> AlertRule:
        rule = self.get_object(request, object_id)
        if rule is None or not self.has_change_permission(request, rule):
            raise Http404
        return rule

    def _back(self, object_id: str) -> HttpResponse:
        return redirect("admin:alerts_alertrule_change", object_id)

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
