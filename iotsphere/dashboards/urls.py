from django.urls import path

from devices import paths  # noqa: F401 (knows <device_id:…>)
from iotsphere.console.views import console
from iotsphere.dashboards import firmware, fleet_views, predictions, views
from iotsphere.dashboards.claim import claim_page
from iotsphere.dashboards.styleguide import styleguide

urlpatterns = [
    path("claim/<slug:code>/", claim_page, name="claim"),
    path("", views.fleet, name="fleet"),
    path("console/", console, name="console"),
    path("firmware/", firmware.firmware, name="firmware"),
    path("firmware/packages/<int:pk>/", firmware.roll_out, name="firmware-roll-out"),
    path("firmware/campaigns/<int:pk>/", firmware.campaign, name="firmware-campaign"),
    path("firmware/campaigns/<int:pk>/<slug:verb>/", firmware.change, name="firmware-change"),
    path("fleet/map/", views.fleet_map, name="fleet-map"),
    path("fleet/summary/", views.fleet_summary, name="fleet-summary"),
    path("fleet/views/", fleet_views.save, name="fleet-view-save"),
    path("fleet/views/<int:pk>/default/", fleet_views.make_default, name="fleet-view-default"),
    path("fleet/views/<int:pk>/delete/", fleet_views.delete, name="fleet-view-delete"),
    path("styleguide/", styleguide, name="styleguide"),
    path("servers/", views.server_list, name="servers"),
    path("devices/<device_id:device_id>/", views.device, name="device"),
    path("devices/<device_id:device_id>/quality/", views.device_quality, name="device-quality"),
    path("devices/<device_id:device_id>/services/", predictions.add_service, name="device-services"),
    path(
        "devices/<device_id:device_id>/predictions/<slug:key>/snooze/",
        predictions.snooze_forecast,
        name="forecast-snooze",
    ),
    path("devices/<device_id:device_id>/<slug:tab>/", views.device, name="device-tab"),
]
