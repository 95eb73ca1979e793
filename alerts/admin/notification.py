from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import URLField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from alerts.models import (
    DeliveryAttempt,
    EscalationStep,
    Notification,
    NotificationPreference,
    PushSubscription,
    Transport,
    Webhook,
)
from alerts.notify.trial import Trial, try_person, try_webhook
from alerts.payloads import NAMES
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Page, Rows
from devices.admin.scope import ForSuperusers, ProjectScoped, ReadOnly, may_manage, runs_platform
from devices.permissions import Permission

TEMPLATE = (
    'What is sent, such as {"text": "{severity}: {message} {url}"}; empty: all there is. Its texts may hold '
    f"{', '.join('{' + name + '}' for name in NAMES)}."
)


def tell(page: Page, request: HttpRequest, trials: Sequence[Trial]) -> None:
    """What came of a test, as messages."""
    for trial in trials:
        level = messages.SUCCESS if trial.delivered else messages.ERROR
        page.message_user(request, f"{trial.to}: {trial.answer}", level)
    if not trials:
        page.message_user(request, "There is nobody to be sent a test: no address, or no browser.", messages.WARNING)


class TryInline(ReadOnly, Rows):
    model = DeliveryAttempt
    fields = ["at", "delivered", "answer"]
    readonly_fields = ["at", "delivered", "answer"]
    verbose_name = "try"
    verbose_name_plural = "tries"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.MANAGE_RULES)


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Who was told what, and what the other side answered."""

    permission = Permission.MANAGE_RULES
    inlines = [TryInline]
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
    actions_detail = ["send_test"]

    def has_try_permission(self, request: HttpRequest, *_: Any) -> bool:
        return runs_platform(request)

    @action(description="Send a test", icon="send", permissions=["try"])
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        preference = self.get_object(request, object_id)
        if preference is None:
            raise Http404
        wanted = preference.user if preference.transport != Transport.IN_APP else None
        tell(self, request, [] if wanted is None else try_person(wanted, preference.transport))
        return redirect("admin:alerts_notificationpreference_change", object_id)


@admin.register(PushSubscription)
class PushSubscriptionAdmin(ReadOnly, ForSuperusers, Page):
    """Browsers that tell people of alerts while no page is open."""

    list_display = ["user", "name", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "name"]
    fields = ["user", "name", "created_at"]
    nothing = "No browsers"
    nothing_help = "People turn it on in their own browsers."


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
    fields = ["project", "name", "url", "minimum", "template", "is_enabled", "key"]
    readonly_fields = ["key"]
    actions_detail = ["send_test"]
    nothing = "No webhooks"
    nothing_help = "A webhook tells another program of alerts as they happen."

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        if "template" in form.base_fields:
            form.base_fields["template"].help_text = TEMPLATE
        return form

    def has_try_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    @action(description="Send a test", icon="send", permissions=["try"])
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        hook = self.get_object(request, object_id)
        if hook is None:
            raise Http404
        tell(self, request, [try_webhook(hook)])
        return redirect("admin:alerts_webhook_change", object_id)

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
