"""When periodic tasks run: celery-beat's own pages in the portal's look."""

from typing import Any

from django.contrib import admin
from django_celery_beat import admin as beat
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices.admin.page import Page
from devices.admin.scope import ForSuperusers

admin.site.unregister([ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule])


class TaskChoice(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    pass


class TaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskChoice()


@admin.register(PeriodicTask)
class TaskAdmin(ForSuperusers, beat.PeriodicTaskAdmin, Page):
    form = TaskForm
    change_form_template = None  # its own shows what a crontab means by an inline script
    date_hierarchy = None
    list_display = ["name", "task", "enabled", "scheduler", "last_run_at"]
    list_filter = ["enabled"]


class TaskInline(ForSuperusers, beat.PeriodicTaskInline, TabularInline):
    pass


class ScheduleAdmin(ForSuperusers, Page):
    inlines = [TaskInline]


@admin.register(CrontabSchedule)
class CrontabAdmin(ForSuperusers, beat.CrontabScheduleAdmin, Page):
    inlines = [TaskInline]


admin.site.register([IntervalSchedule, ClockedSchedule, SolarSchedule], ScheduleAdmin)
