from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

# What is listed, in the order of the house; `{device_id}` stands for itself.
LISTS = [
    "project",
    "member",
    "device-type",
    "device",
    "credential",
    "claim-code",
    "command",
    "firmware-package",
    "firmware-campaign",
    "firmware-update",
    "purge",
    "metric",
    "rejected-message",
    "server",
    "alert",
    "alert-rule",
    "backtest",
    "silence",
    "webhook",
    "escalation-step",
    "notification",
    "notification-preference",
    "model",
    "drift-check",
    "monitor-threshold",
    "report-kind",
    "report-template",
    "report-run",
    "report-schedule",
    "report-delivery",
    "dashboard",
]
PLACES = ["comparison", "telemetry", "me", "token", "token-refresh", "token-revoke", "schema", "docs"]


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


class RootView(APIView):
    """The REST API of the portal. `docs` describes it."""

    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        places = {name: reverse(f"api:{name}", request=request) for name in PLACES}
        lists = {_plural(name): reverse(f"api:{name}-list", request=request) for name in LISTS}
        one = {
            name: reverse(f"api:{name}", ["DEVICE_ID"], request=request).replace("DEVICE_ID", "{device_id}")
            for name in ("latest", "history", "quality", "twin")
        }
        return Response({**lists, **one, **places})

    def get_view_name(self) -> str:
        return "IoTSphere API"
