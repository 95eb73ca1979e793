from django.urls import path

from mlmonitor import views

urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/newest/", views.newest, name="models-newest"),
    path("models/alerts/<int:pk>/<slug:verb>/", views.handle_alert, name="model-alert-change"),
    path("models/<slug:tab>/", views.models, name="models-tab"),
    path("models/<slug:key>/<slug:verb>/", views.change, name="model-change"),
]
