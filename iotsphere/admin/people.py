from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from rest_framework_simplejwt.token_blacklist import admin as _tokens  # noqa: F401 (registers them)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from devices.admin.cells import cell
from devices.admin.page import Page, Rows
from devices.admin.scope import ForSuperusers
from devices.admin.words import counted
from devices.models import Membership
from devices.permissions import ROLE_PERMISSIONS, Permission, Role
from iotsphere.models import FleetView, SignIn, User

admin.site.unregister(Group)  # grants nothing here: what people may do follows from their memberships
admin.site.unregister([OutstandingToken, BlacklistedToken])  # a token is a secret


class MembershipInline(ForSuperusers, Rows):
    model = Membership
    fields = ["project", "role"]
    autocomplete_fields = ["project"]
    hide_title = True


class SignInInline(ForSuperusers, Rows):
    """One that is deleted signs its browser out."""

    model = SignIn
    verbose_name_plural = "signed in"
    fields = ["browser", "address", "began_at", "seen_at"]
    readonly_fields = ["browser", "address", "began_at", "seen_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FleetViewInline(ForSuperusers, Rows):
    model = FleetView
    verbose_name_plural = "saved views of the fleet"
    fields = ["name", "query", "is_default"]
    readonly_fields = ["name", "query"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class PortalUserAdmin(ForSuperusers, UserAdmin, Page):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [MembershipInline, SignInInline, FleetViewInline]
    list_display = ["title", "email", "access", "projects", "is_active", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["username", "first_name", "last_name", "email"]
    actions = ["activate", "deactivate"]
    readonly_fields = ["last_login", "date_joined", "roles"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password", ("first_name", "last_name"), "email", "time_zone"]}),
        (
            "Access",
            {
                "fields": ["is_active", "is_staff", "is_superuser", "roles"],
                "description": "Members see their projects on the operator pages. Staff come into this admin, and "
                "find there the projects they administer. Superusers run the platform: everything, everywhere.",
            },
        ),
        ("Record", {"fields": [("last_login", "date_joined")]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "usable_password", "password1", "password2"]}),
    ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if obj else [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(project_count=Count("memberships"))

    @display(description="person", ordering="username")
    def title(self, user: User) -> SafeString:
        return cell("title", title=user.username, detail=user.get_full_name())

    @display(description="access", label={"Superuser": "warning", "Staff": "info", "Member": ""})
    def access(self, user: User) -> str:
        return "Superuser" if user.is_superuser else "Staff" if user.is_staff else "Member"

    @display(description="projects", ordering="project_count")
    def projects(self, user: Any) -> int:
        return user.project_count

    @display(description="roles in projects")
    def roles(self, user: User) -> SafeString:
        return cell("roles", roles=[(role.label, _sentence(role)) for role in Role])

    @action(description="Activate")
    def activate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self._set_active(request, people, True, "can sign in again")

    @action(description="Deactivate: they can no longer sign in")
    def deactivate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        if request.user in people:
            self.message_user(request, "You cannot deactivate yourself.", messages.ERROR)
        others = people.exclude(username=request.user.get_username())
        self._set_active(request, others, False, "can no longer sign in")

    def _set_active(self, request: HttpRequest, people: QuerySet[User], active: bool, done: str) -> None:
        changed = list(people.filter(is_active=not active))
        for user in changed:
            user.is_active = active
            user.save(update_fields=["is_active"])  # one by one, so that their open pages are told
            self.log_change(request, user, "Activated." if active else "Deactivated.")
        self.message_user(request, f"{counted(len(changed), 'person', 'people')} {done}.")


def _sentence(role: Role) -> str:
    granted = [permission.label for permission in Permission if permission in ROLE_PERMISSIONS[role]]
    return "may " + ", ".join(granted)
