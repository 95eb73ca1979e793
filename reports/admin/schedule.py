from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from rest_framework.exceptions import APIException
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.page import Rows
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.models import Project
from devices.permissions import Permission
from reports import schedules
from reports.forms.schedule import AddressesField, RolesField, WeekdaysField
from reports.models import Delivery, Schedule
from reports.models.schedule import MOST_ADDRESSES, NAMES
from reports.recipients import recipients
from reports.refusals import sentence
from reports.timing import in_words

MAIL = f"They may hold {', '.join('{' + name + '}' for name in NAMES)}."
LOG = ("created_at", "slot", "purpose", "address", "status", "attempts", "answer")


class DeliveryInline(ReadOnly, Rows):
    model = Delivery
    fields = LOG
    readonly_fields = LOG
    verbose_name_plural = "what was sent"
    max_num = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class AdminScheduleForm(ModelForm):
    weekdays = WeekdaysField(widget=UnfoldAdminCheckboxSelectMultipleWidget)
    roles = RolesField(widget=UnfoldAdminCheckboxSelectMultipleWidget)
    addresses = AddressesField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=f"Of people without an account: one on each line, {MOST_ADDRESSES} at most.",
    )


@admin.register(Schedule)
class ScheduleAdmin(ProjectScoped, WithHistory):
    """Reports that are made by themselves, and sent to people."""

    permission = Permission.MANAGE_REPORTS
    form = AdminScheduleForm
    inlines = [DeliveryInline]
    list_display = ["template", "project", "when", "next_due", "is_paused", "owner"]
    list_filter = ["is_paused", ("every", ChoicesDropdownFilter), ("template__project", ProjectFilter)]
    list_select_related = ["template__project", "owner"]
    search_fields = ["template__name", "owner__username"]
    actions = ["pause_chosen", "resume_chosen"]
    actions_detail = ["send_test", "pause_schedule", "resume_schedule"]
    readonly_fields = ["owner", "when", "preview", "goes_to", "is_paused"]
    fieldsets = [
        (None, {"fields": ["template", ("every", "at"), "weekdays", ("day", "cron"), "time_zone", "skips_empty"]}),
        ("For whom", {"fields": ["users", "roles", "addresses"]}),
        ("The mail", {"fields": ["subject", "text", "attach_up_to"], "description": MAIL}),
        ("As it stands", {"fields": ["when", "preview", "goes_to", ("is_paused", "owner")]}),
    ]
    nothing = "No schedules yet"
    nothing_help = "A schedule makes the report of a template again and again, and sends it to people."

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField | None:
        projects = Project.objects.where_user_may(request.user, self.permission)
        people = get_user_model().objects.filter(is_active=True, memberships__project__in=projects)
        kwargs["queryset"] = people.distinct().order_by("username")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Schedule, form: ModelForm, change: Any) -> None:
        if not change:
            obj.owner_id = request.user.pk or 0
        super().save_model(request, obj, form, change)
        schedules.plan(obj, timezone.now())

    def has_try_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_module_permission(request)

    @action(description="Send a test", icon="send", permissions=["try"])
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        found = self._found(request, object_id)
        try:
            schedules.send_test(found, request.user)
        except APIException as error:
            self.message_user(request, sentence(error), messages.ERROR)
        else:
            self.message_user(request, "It is being made, and will be sent to you alone.", messages.SUCCESS)
        return redirect("admin:reports_schedule_change", object_id)

    @action(description="Pause", icon="pause", permissions=["try"])
    def pause_schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = schedules.pause(self._found(request, object_id))
        self.message_user(request, "Paused: nothing is sent." if done else "It is paused already.", messages.INFO)
        return redirect("admin:reports_schedule_change", object_id)

    @action(description="Resume", icon="play_arrow", permissions=["try"])
    def resume_schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = schedules.resume(self._found(request, object_id), timezone.now())
        self.message_user(request, "It goes on." if done else "It was not paused.", messages.INFO)
        return redirect("admin:reports_schedule_change", object_id)

    @admin.action(description="Pause", permissions=["try"])
    def pause_chosen(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        self.message_user(request, f"{sum(map(schedules.pause, queryset))} paused.", messages.INFO)

    @admin.action(description="Resume", permissions=["try"])
    def resume_chosen(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        now = timezone.now()
        done = sum(schedules.resume(schedule, now) for schedule in queryset)
        self.message_user(request, f"{done} resumed.", messages.INFO)

    @display(description="project", ordering="template__project__name")
    def project(self, schedule: Schedule) -> str:
        return str(schedule.template.project)

    @display(description="when")
    def when(self, schedule: Schedule) -> str:
        return schedule.timing.sentence() if schedule.pk else "–"

    @display(description="the next five")
    def preview(self, schedule: Schedule) -> SafeString | str:
        if not schedule.pk or schedule.is_paused:
            return "–"
        due = map(in_words, schedules.preview(schedule, timezone.now()))
        return format_html_join("", "{}<br>", ((moment,) for moment in due))

    @display(description="goes to")
    def goes_to(self, schedule: Schedule) -> str:
        return ", ".join(recipient.address for recipient in recipients(schedule)) if schedule.pk else "–"

    def _found(self, request: HttpRequest, object_id: str) -> Any:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found
