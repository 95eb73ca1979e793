from typing import ClassVar

from django.contrib import admin
from django.db.models import URLField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from alerts.models import EscalationStep, Notification, NotificationPreference, Webhook
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Page
from devices.admin.scope import ForSuperusers, ProjectScoped, ReadOnly
from devices.permissions import Permission


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Who was told what, and what the other side answered."""

    permission = Permission.MANAGE_RULES
    list_display = ["created_at", "alert", "event", "transport", "user", "webhook", "status", "attempts", "answer"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("transport", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        ("alert__project", ProjectFilter),
    ]
    list_select_related = ["alert__device", "event__alert__device", "user", "webhook"]
    search_fields = ["alert__rule_name", "user__username", "webhook__name", "answer"]
    nothing = "Nobody was told anything yet"
    nothing_help = "Notifications are written with the alerts they tell of."


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(ForSuperusers, Page):
    """When, and through what, people want to be told."""

    list_display = ["user", "project", "transport", "minimum", "quiet_from", "quiet_to"]
    list_filter = [("transport", ChoicesDropdownFilter)]
    list_select_related = ["user", "project"]
    search_fields = ["user__username", "project__name"]
    autocomplete_fields = ["user"]
    nothing = "Nobody said anything else"
    nothing_help = "The portal shows every alert; operators and administrators get a mail of high and critical ones."


@admin.register(Webhook)
class WebhookAdmin(ProjectScoped, Page):
    """Addresses that are told of alerts by a signed POST."""

    permission = Permission.MANAGE_RULES
    list_display = ["name", "project", "url", "minimum", "is_enabled"]
    list_filter = ["is_enabled", ("project", ProjectFilter)]
    list_select_related = ["project"]
    search_fields = ["name", "url"]
    # The theme's own widget for addresses shows them a second time, and is wider than a phone.
    formfield_overrides: ClassVar = {URLField: {"widget": UnfoldAdminTextInputWidget, "assume_scheme": "https"}}
    fields = ["project", "name", "url", "minimum", "is_enabled", "key"]
    readonly_fields = ["key"]
    nothing = "No webhooks"
    nothing_help = "A webhook tells another program of alerts as they happen."

    @display(description="signing key")
    def key(self, webhook: Webhook) -> SafeString:
        return format_html('<span class="one-long-word">{}</span>', webhook.signing_key)


@admin.register(EscalationStep)
class EscalationStepAdmin(ProjectScoped, Page):
    """Who is told, too, when nobody acknowledges an alert."""

    permission = Permission.MANAGE_RULES
    list_display = ["project", "after_minutes", "user", "role", "transport", "minimum"]
    list_filter = [("project", ProjectFilter)]
    list_select_related = ["project", "user"]
    search_fields = ["user__username"]
    fields = ["project", "minimum", "after_minutes", ("user", "role"), "transport"]
    nothing = "No escalation"
    nothing_help = "An alert that nobody acknowledges stays with those who were told first."
