"""How fast a hundred devices, and the latest values of one with a hundred metrics, are listed over REST: against plain
views of the REST framework, with the same fields.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory, force_authenticate

from bench.report import at_least
from devices.api.serializers import DeviceSerializer
from devices.api.views import DeviceViewSet
from devices.models import Device, Membership, Project
from devices.permissions import Role
from iotsphere.models import User
from telemetry.api.latest import LatestView
from telemetry.models import Metric
from tests.servers.installation import Installation

ROWS = 100
ROUNDS = 40


class PlainDevice(serializers.ModelSerializer):
    project: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    device_type: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    parent: Any = serializers.SlugRelatedField(slug_field="device_id", read_only=True)

    class Meta:
        model = Device
        fields = DeviceSerializer.Meta.fields


class PlainMetric(serializers.ModelSerializer):
    class Meta:
        model = Metric
        fields: ClassVar = ["key", "label", "unit", "last_value", "last_text", "last_time"]


class PlainPages(PageNumberPagination):
    page_size = ROWS


class PlainDevices(ListAPIView):
    serializer_class = PlainDevice
    renderer_classes = (JSONRenderer,)
    filter_backends = ()
    pagination_class = PlainPages

    def get_queryset(self) -> Any:
        devices = Device.objects.visible_to(self.request.user)
        return devices.select_related("project", "device_type", "parent").order_by("name", "device_id")


class PlainLatest(ListAPIView):
    serializer_class = PlainMetric
    renderer_classes = (JSONRenderer,)
    filter_backends = ()
    pagination_class = PlainPages

    def get_queryset(self) -> Any:
        return Metric.objects.visible_to(self.request.user).filter(device__device_id=self.kwargs["device_id"])


def measure(_: Installation) -> Iterator[str]:
    project = Project.objects.create(name="Lists", slug="lists")
    user = User.objects.create_user("lists")
    Membership.objects.create(user=user, project=project, role=Role.VIEWER)
    for number in range(ROWS):
        Device.objects.create(device_id=f"list-{number}", name=f"List {number}", project=project)
    now = timezone.now()
    Metric.objects.bulk_create(
        Metric(device=Device.objects.get(device_id="list-0"), key=f"m{n}", label=f"M{n}", last_value=n, last_time=now)
        for n in range(ROWS)
    )
    yield _compared(
        f"REST list of {ROWS} devices",
        lambda: _ask(DeviceViewSet.as_view({"get": "list"}), user, page_size=ROWS),
        lambda: _ask(PlainDevices.as_view(), user),
    )
    yield _compared(
        f"REST latest values of {ROWS} metrics",
        lambda: _ask(LatestView.as_view(), user, device_id="list-0"),
        lambda: _ask(PlainLatest.as_view(), user, device_id="list-0"),
    )


def _ask(view: Callable[..., Any], user: User, *, device_id: str | None = None, **query: Any) -> None:
    request = APIRequestFactory().get("/api/v1/", query)
    force_authenticate(request, user)
    response = view(request, **({"device_id": device_id} if device_id else {}))
    assert response.render().status_code == 200, response.data


def _compared(name: str, ours: Callable[[], None], plain: Callable[[], None]) -> str:
    ours()
    plain()
    rounds = [(_seconds(ours), _seconds(plain)) for _ in range(ROUNDS)]
    own, other = (min(times) for times in zip(*rounds, strict=True))
    figures = f"{1 / own:,.0f} requests/s, by a plain ModelSerializer {1 / other:,.0f}"
    return at_least(f"{name} ({figures})", other / own, 2.5)


def _seconds(ask: Callable[[], None]) -> float:
    began = perf_counter()
    ask()
    return perf_counter() - began
