from django.urls import path

from iotsphere.boards import views

urlpatterns = [
    path("dashboards/", views.dashboards, name="dashboards"),
    path("dashboards/default/", views.default, name="dashboard-default"),
    path("dashboards/devices/", views.devices, name="dashboard-devices"),
    path("dashboards/<int:pk>/", views.dashboard, name="dashboard"),
    path("dashboards/<int:pk>/data/", views.data, name="dashboard-data"),
]
