from django.urls import path

from iotsphere.dashboards import views

urlpatterns = [
    path("", views.fleet, name="fleet"),
    path("fleet/summary/", views.fleet_summary, name="fleet-summary"),
    path("devices/<str:device_id>/", views.device, name="device"),
    path("devices/<str:device_id>/<slug:tab>/", views.device, name="device-tab"),
]
