from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.admin.words import counted
from devices.wake import start_soon
from telemetry.models import OwedEvaluation


@admin.register(OwedEvaluation)
class OwedEvaluationAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Readings that could not be evaluated when they were stored, and when it is tried again."""

    list_display = ["title", "error", "attempts", "due", "first", "last"]
    list_filter = [("metric__device__project", ProjectFilter)]
    list_select_related = ["metric__device"]
    search_fields = ["evaluator", "error", "metric__key", "metric__device__device_id", "metric__device__name"]
    fields = ["evaluator", "metric", "first", "last", "received_at", "attempts", "error", "due_at"]
    actions = ["try_now"]
    nothing = "Nothing is owed"
    nothing_help = "What an evaluator fails on is stored all the same, noted here, and evaluated again by itself."

    @display(description="evaluation", ordering="evaluator")
    def title(self, owed: OwedEvaluation) -> SafeString:
        return cell("title", title=str(owed.metric), detail=owed.evaluator)

    @display(description="tried again", ordering="due_at")
    def due(self, owed: OwedEvaluation) -> str:
        seconds = int((owed.due_at - timezone.now()).total_seconds())
        return "now" if seconds <= 0 else f"in {seconds // 60} min" if seconds >= 60 else f"in {seconds} s"

    @action(description="Try again now")
    def try_now(self, request: HttpRequest, chosen: QuerySet[OwedEvaluation]) -> None:
        count = OwedEvaluation.objects.filter(pk__in=list(chosen.values_list("pk", flat=True))).update(
            due_at=timezone.now()
        )
        start_soon("telemetry.tasks.retry_evaluators")
        self.message_user(request, f"{counted(count, 'evaluation')} will be tried within seconds.", messages.SUCCESS)
