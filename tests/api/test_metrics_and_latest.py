import pytest

from devices.models import Device, MetricKind, Project, ValueType
from iotsphere.models import User
from telemetry.models import Metric
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.clients import ApiClient


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme, presence="online", last_message=NOON)


def test_latest_values_are_in_their_own_types(api: ApiClient, vera: User, boiler: Device) -> None:
    MetricFactory.create(device=boiler, key="temperature", unit="°C", last_value=54.5, last_time=NOON)
    MetricFactory.create(device=boiler, key="valve", value_type=ValueType.BOOLEAN, last_value=1.0, last_time=NOON)
    MetricFactory.create(device=boiler, key="mode", value_type=ValueType.TEXT, last_text="eco", last_time=NOON)
    answer = api(vera).get("/api/v1/devices/boiler/latest/").json()
    assert {key: one["value"] for key, one in answer["values"].items()} == {
        "mode": "eco",
        "temperature": 54.5,
        "valve": True,
    }


def test_latest_values_come_with_their_times_and_the_presence(api: ApiClient, vera: User, boiler: Device) -> None:
    MetricFactory.create(device=boiler, key="temperature", unit="°C", last_value=54.5, last_time=NOON)
    assert api(vera).get("/api/v1/devices/boiler/latest/").json() == {
        "device_id": "boiler",
        "presence": "online",
        "last_message": "2025-12-19T12:00:00Z",
        "values": {
            "temperature": {"value": 54.5, "time": "2025-12-19T12:00:00Z", "label": "Temperature", "unit": "°C"}
        },
    }


def test_a_metric_without_a_value_is_not_among_the_latest(api: ApiClient, vera: User, boiler: Device) -> None:
    MetricFactory.create(device=boiler)
    assert api(vera).get("/api/v1/devices/boiler/latest/").json()["values"] == {}


def test_times_are_utc_whatever_zone_one_lives_in(api: ApiClient, vera: User, boiler: Device) -> None:
    vera.time_zone = "Asia/Kolkata"
    vera.save()
    client = api(vera)
    client.force_login(vera)
    assert client.get("/api/v1/devices/boiler/").json()["last_message"] == "2025-12-19T12:00:00Z"


def test_an_administrator_gives_a_metric_a_label_and_a_unit(api: ApiClient, alice: User, boiler: Device) -> None:
    metric = MetricFactory.create(device=boiler)
    api(alice).patch(f"/api/v1/metrics/{metric.pk}/", {"label": "Water", "unit": "°F"})
    metric.refresh_from_db()
    assert (metric.label, metric.unit) == ("Water", "°F")


def test_the_rest_of_a_metric_is_the_devices(api: ApiClient, alice: User, boiler: Device) -> None:
    metric = MetricFactory.create(device=boiler, key="temperature")
    body = {"key": "other", "value_type": "text", "kind": MetricKind.TOTAL, "latest": 7, "device": "x"}
    api(alice).patch(f"/api/v1/metrics/{metric.pk}/", body)
    metric = Metric.objects.get(pk=metric.pk)
    assert (metric.key, metric.value_type, metric.kind, metric.latest) == ("temperature", "number", "measurement", None)
