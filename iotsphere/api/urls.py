from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from iotsphere.api.me import MeView
from iotsphere.api.root import RootView
from iotsphere.api.schema_view import SchemaView
from iotsphere.api.tokens import RefreshView, RevokeView, TokenView

app_name = "api"
urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("token/", TokenView.as_view(), name="token"),
    path("token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("token/revoke/", RevokeView.as_view(), name="token-revoke"),
    path("me/", MeView.as_view(), name="me"),
    path("", include("devices.api.urls")),
    path("", include("telemetry.api.urls")),
    path("", include("alerts.api.urls")),
    path("", include("mlmonitor.api.urls")),
    path("", include("reports.api.urls")),
    path("", include("iotsphere.boards.api.urls")),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
