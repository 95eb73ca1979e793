from django.urls import path

from reports.views import runs, schedules
from reports.views.export import ExportView

urlpatterns = [
    path("reports/", runs.reports, name="reports"),
    path("reports/new/", runs.new, name="report-new"),
    path("reports/export/<slug:form>", ExportView.as_view(), name="report-export"),
    path("reports/runs/<uuid:uuid>/", runs.report, name="report"),
    path("reports/runs/<uuid:uuid>/file/", runs.file, name="report-file"),
    path("reports/runs/<uuid:uuid>/<slug:verb>/", runs.change, name="report-change"),
    path("reports/shared/<str:token>/", runs.shared, name="report-shared"),
    path("reports/templates/", schedules.templates, name="report-templates"),
    path("reports/templates/<int:pk>/delete/", schedules.delete_template, name="report-template-delete"),
    path("reports/schedules/", schedules.schedules, name="report-schedules"),
    path("reports/schedules/new/", schedules.new, name="report-schedule-new"),
    path("reports/schedules/preview/", schedules.preview, name="report-schedule-preview"),
    path("reports/schedules/<int:pk>/", schedules.schedule, name="report-schedule"),
    path("reports/schedules/<int:pk>/<slug:verb>/", schedules.change, name="report-schedule-change"),
    path("reports/unsubscribe/<str:token>/", schedules.unsubscribe, name="report-unsubscribe"),
]
