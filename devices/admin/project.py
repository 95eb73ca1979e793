from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from devices.admin.cells import cell
from devices.admin.filters import PresenceFilter, ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.page import Rows
from devices.admin.person import PersonField
from devices.admin.scope import ForSuperusers, ProjectScoped, runs_platform
from devices.models import Device, Membership, Project, Provisioning, RetentionClass
from devices.permissions import Permission

OPEN = (
    "An open project takes every device that sends: whoever reaches the broker can fill it. Outside of development and "
    "demonstrations leave it closed; unknown devices then wait in quarantine."
)


class MembersByName(ProjectScoped):
    """Superusers choose among all accounts; who administers a project has to know the user name."""

    permission = Permission.MANAGE_MEMBERS
    autocomplete_fields = ["user"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user" and not runs_platform(request):
            return PersonField()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class MembershipInline(MembersByName, Rows):
    model = Membership
    fields = ["user", "role"]
    verbose_name = "member"


@admin.register(Project)
class ProjectAdmin(ProjectScoped, WithHistory):
    """Superusers make and remove projects, and decide about retention and provisioning, which concern everybody."""

    permission = Permission.MANAGE_PROJECT
    inlines = [MembershipInline]
    list_display = ["title", "devices", "broken", "member_count", "time_zone", "keeps", "unknown_devices"]
    list_filter = [("provisioning", ChoicesDropdownFilter), ("retention_class", RelatedDropdownFilter)]
    list_select_related = ["retention_class"]
    search_fields = ["name", "slug"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        devices = Device.objects.in_service().filter(project=OuterRef("pk"))
        projects: QuerySet[Project] = super().get_queryset(request)
        return projects.annotate(
            devices_in_service=_count(devices),
            devices_broken=_count(devices.broken()),
            people=_count(Membership.objects.filter(project=OuterRef("pk"))),
        )

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        decided = {
            "fields": ["retention_class", "provisioning"] if runs_platform(request) else ["keeps", "unknown_devices"],
            "description": OPEN,
        }
        return [(None, {"fields": ["name", "slug", "time_zone"]}), ("What is kept, and who is let in", decided)]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["keeps", "unknown_devices", *(["slug"] if obj else [])]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ["name"]}

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            kwargs["widget"] = UnfoldAdminSelect2Widget
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)

    def get_deleted_objects(
        self, objs: QuerySet[Project] | list[Project], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Figures instead of a list of everything that is in the projects."""
        devices = Device.objects.filter(project__in=objs).order_by()
        in_the_way = [
            f"{count} devices of {name}: move them to another project or delete them first."
            for name, count in devices.values_list("project__name").annotate(Count("pk"))
        ]
        gone = {"projects": len(objs), "memberships": Membership.objects.filter(project__in=objs).count()}
        return [str(project) for project in objs], gone, set(), in_the_way

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "provisioning" in form.changed_data and obj.provisioning == Provisioning.OPEN:
            text = f"{obj} now takes every unknown device that sends. Close it again when you are done."
            self.message_user(request, text, messages.WARNING)

    @display(description="project", ordering="name")
    def title(self, project: Project) -> SafeString:
        return cell("title", title=project.name, detail=project.slug)

    @display(description="devices", ordering="devices_in_service")
    def devices(self, project: Any) -> SafeString:
        return _link_to_devices(project.devices_in_service, project)

    @display(description="stale or offline", ordering="devices_broken")
    def broken(self, project: Any) -> SafeString:
        return _link_to_devices(project.devices_broken, project, f"&presence={PresenceFilter.broken}")

    @display(description="members", ordering="people")
    def member_count(self, project: Any) -> int:
        return project.people

    @display(description="raw readings kept", ordering="retention_class__raw_days")
    def keeps(self, project: Project) -> str:
        return f"{project.retention_class.raw_days} days"

    @display(
        description="unknown devices",
        ordering="provisioning",
        label={"Let in": "warning", "By key": "", "Quarantined": ""},
    )
    def unknown_devices(self, project: Project) -> str:
        return {Provisioning.OPEN: "Let in", Provisioning.KEY: "By key"}.get(
            Provisioning(project.provisioning), "Quarantined"
        )


@admin.register(Membership)
class MembershipAdmin(MembersByName, WithHistory):
    list_display = ["user", "project", "role"]
    list_display_links = ["user", "project"]
    list_filter = [("project", ProjectFilter), ("role", ChoicesDropdownFilter)]
    list_select_related = ["user", "project"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "user__email", "project__name"]
    fields = ["user", "project", "role"]


@admin.register(RetentionClass)
class RetentionClassAdmin(ForSuperusers, WithHistory):
    list_display = ["name", "raw_days", "five_minute_days", "hourly_days", "used_by", "types"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RetentionClass]:
        classes: QuerySet[RetentionClass] = super().get_queryset(request)
        return classes.annotate(
            project_count=Count("projects", distinct=True), type_count=Count("device_types", distinct=True)
        )

    def save_model(self, request: HttpRequest, obj: RetentionClass, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        shorter = [name for name in form.changed_data if name.endswith("_days") and obj.pk and change]
        if any(form.cleaned_data[name] < form.initial[name] for name in shorter):
            preview = reverse("admin:telemetry_retentionreceipt_changelist")
            text = format_html('What is older now goes tonight. <a href="{}">See what that is.</a>', preview)
            self.message_user(request, text, messages.WARNING)

    @display(description="device types", ordering="type_count")
    def types(self, retention_class: Any) -> int:
        return retention_class.type_count

    @display(description="projects", ordering="project_count")
    def used_by(self, retention_class: Any) -> SafeString:
        url = reverse("admin:devices_project_changelist")
        return format_html(
            '<a href="{}?retention_class__id__exact={}">{}</a>', url, retention_class.pk, retention_class.project_count
        )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many of `rows`, which are tied to one row of the outer query by project."""
    return Coalesce(
        Subquery(rows.order_by().values("project").annotate(count=Count("pk")).values("count")),
        0,
        output_field=IntegerField(),
    )


def _link_to_devices(count: int, project: Project, query: str = "") -> SafeString:
    url = reverse("admin:devices_device_changelist")
    return format_html('<a href="{}?project__id__exact={}{}">{}</a>', url, project.pk, query, count)
