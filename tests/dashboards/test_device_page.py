import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from devices.models import Device, DeviceType, Lifecycle, MetricKind, Project, ValueType, Widget
from iotsphere.models import User
from telemetry.models import Metric
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries

pytestmark = pytest.mark.once


@pytest.fixture
def heater_type() -> DeviceType:
    heater = DeviceTypeFactory.create(name="Heater", slug="heater", expected_interval=timedelta(seconds=30))
    definitions: list[dict[str, Any]] = [
        {"key": "target_temperature", "unit": "°C", "chart": "temperature"},
        {"key": "temperature", "unit": "°C", "chart": "temperature", "widget": Widget.GAUGE, "maximum": 80},
        {"key": "energy", "unit": "kWh", "chart": "energy", "kind": MetricKind.TOTAL_INCREASING},
        {"key": "status", "value_type": ValueType.TEXT},
        {"key": "uptime", "widget": Widget.HIDDEN},
    ]
    for position, fields in enumerate(definitions):
        MetricDefinitionFactory.create(device_type=heater, position=position, minimum=0, **fields)
    return heater


@pytest.fixture
def heater(acme: Project, heater_type: DeviceType) -> Device:
    acme.time_zone = "Europe/Berlin"
    acme.save()
    heater: Device = DeviceFactory.create(device_id="WH.1", name="Cellar heater", project=acme, device_type=heater_type)
    for key, value in {"temperature": 60.0, "target_temperature": 40.0, "energy": 1834.6}.items():
        kind = MetricKind.TOTAL_INCREASING if key == "energy" else MetricKind.MEASUREMENT
        MetricFactory.create(device=heater, key=key, kind=kind, last_value=value, last_time=timezone.now())
    return heater


def live_settings(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="device-live" type="application/json">(.*?)</script>', page)
    assert found
    settings: dict[str, Any] = json.loads(found[1])
    return settings


@pytest.mark.parametrize("path", ["", "details/", "operations/", "history/"])
def test_a_viewer_of_another_project_gets_404(pages: PageClient, charlie: User, heater: Device, path: str) -> None:
    assert pages(charlie).get(f"/devices/WH.1/{path}").status_code == 404


@pytest.mark.parametrize("path", ["WH.2/", "WH.1/nonsense/", "%00/", "x" * 300 + "/"])
def test_what_does_not_exist_is_404(pages: PageClient, vera: User, heater: Device, path: str) -> None:
    assert pages(vera).get(f"/devices/{path}").status_code == 404


def test_nobody_is_sent_to_sign_in(pages: PageClient, heater: Device) -> None:
    assert pages(None).get("/devices/WH.1/history/").headers["Location"] == "/login/?next=/devices/WH.1/history/"


@pytest.mark.parametrize(
    ("path", "shown"),
    [("", "operations"), ("details/", "details"), ("operations/", "operations"), ("history/", "history")],
)
def test_a_tab_has_an_address(pages: PageClient, vera: User, heater: Device, path: str, shown: str) -> None:
    page = pages(vera).get(f"/devices/WH.1/{path}").content.decode()
    panels = dict(re.findall(r'<section id="panel-(\w+)"[^>]*?( hidden)?>', page))
    assert [name for name, hidden in panels.items() if not hidden] == [shown]


def test_the_gauge_shows_the_last_value_and_where_the_target_is(pages: PageClient, vera: User, heater: Device) -> None:
    (gauge,) = pages(vera).get("/devices/WH.1/").context["page"].gauges
    assert (gauge.metric.text, gauge.length, gauge.target_angle) == ("60.0", 75.0, 0.0)


@pytest.mark.parametrize(("value", "length"), [(-5.0, 0.0), (80.0, 100.0), (1e300, 100.0), (None, 0.0)])
def test_a_gauge_stays_within_its_arc(
    pages: PageClient, vera: User, heater: Device, value: float | None, length: float
) -> None:
    Metric.objects.filter(device=heater, key="temperature").update(last_value=value)
    (gauge,) = pages(vera).get("/devices/WH.1/").context["page"].gauges
    assert gauge.length == length


def test_status_cards_show_the_other_metrics_but_the_hidden(pages: PageClient, vera: User, heater: Device) -> None:
    shown = pages(vera).get("/devices/WH.1/").context["page"].status_cards
    assert [metric.key for metric in shown] == ["target_temperature", "energy", "status"]


def test_a_device_without_a_type_shows_a_card_for_each_metric(pages: PageClient, vera: User, acme: Project) -> None:
    device = DeviceFactory.create(device_id="x", project=acme)
    MetricFactory.create(device=device, key="b.c", last_value=2, last_time=timezone.now())
    MetricFactory.create(device=device, key="a", last_value=1, last_time=timezone.now())
    page = pages(vera).get("/devices/x/").context["page"]
    assert [metric.key for metric in page.status_cards] == ["a", "b.c"]
    assert [chart["title"] for chart in page.charts] == ["A", "B.c"]


def test_metrics_with_the_same_word_share_a_chart_actual_before_target(
    pages: PageClient, vera: User, heater: Device
) -> None:
    charts = live_settings(pages(vera).get("/devices/WH.1/history/").content.decode())["charts"]
    assert [(chart["title"], [metric["key"] for metric in chart["metrics"]]) for chart in charts] == [
        ("Temperature", ["temperature", "target_temperature"]),
        ("Energy", ["energy"]),
    ]
    assert [metric["target"] for metric in charts[0]["metrics"]] == [False, True]
    assert charts[1]["metrics"][0]["counter"] is True


def test_a_device_that_has_sent_nothing_says_so(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(device_id="x", project=acme)
    page = pages(vera).get("/devices/x/").content.decode()
    assert "Nothing received yet" in page
    assert "Nothing to draw yet" in page


def test_values_that_have_not_been_renewed_for_long_are_not_up_to_date(
    pages: PageClient, vera: User, heater: Device
) -> None:
    Metric.objects.filter(device=heater, key="energy").update(last_time=timezone.now() - timedelta(minutes=16))
    assert pages(vera).get("/devices/WH.1/").context["page"].fresh_count == 2


def test_times_are_in_the_projects_zone(pages: PageClient, vera: User, heater: Device) -> None:
    Device.objects.update(created_at=datetime(2026, 7, 1, 10, 30, tzinfo=UTC))
    page = pages(vera).get("/devices/WH.1/details/").content.decode()
    assert "1 Jul 2026, 12:30 CEST" in page
    assert 'data-time-zone="Europe/Berlin"' in page


def test_times_are_in_the_zone_that_somebody_has_chosen(pages: PageClient, vera: User, heater: Device) -> None:
    vera.time_zone = "Asia/Tokyo"
    vera.save()
    Device.objects.update(created_at=datetime(2026, 7, 1, 10, 30, tzinfo=UTC))
    assert "1 Jul 2026, 19:30 JST" in pages(vera).get("/devices/WH.1/details/").content.decode()


def test_the_commands_name_the_broker_and_the_devices_own_metrics(
    pages: PageClient, vera: User, heater: Device
) -> None:
    commands = pages(vera).get("/devices/WH.1/details/").context["commands"]
    body = """'{"telemetry": {"target_temperature": 40.0, "temperature": 60.0, "energy": 1834.6}}'"""
    assert commands.mqtt.startswith("mosquitto_pub -h testserver -p ")
    assert commands.mqtt.endswith(f"-u WH.1 -P '<its MQTT password>' -q 1 -t app/device/WH.1/telemetry -m {body}")
    assert "http://testserver/api/v1/telemetry" in commands.http


@override_settings(DEMO=True)
def test_the_demos_broker_asks_for_no_password(pages: PageClient, vera: User, heater: Device) -> None:
    assert " -P " not in pages(vera).get("/devices/WH.1/details/").context["commands"].mqtt


@pytest.mark.parametrize(
    ("lifecycle", "notice"), [(Lifecycle.DISABLED, "is disabled"), (Lifecycle.ARCHIVED, "is archived")]
)
def test_a_device_out_of_service_says_so(
    pages: PageClient, vera: User, heater: Device, lifecycle: Lifecycle, notice: str
) -> None:
    Device.objects.update(lifecycle=lifecycle)
    assert f"This device {notice}" in pages(vera).get("/devices/WH.1/").content.decode()


def test_an_administrator_is_led_to_the_admin(pages: PageClient, alice: User, heater: Device) -> None:
    assert f"/admin/devices/device/{heater.pk}/change/" in pages(alice).get("/devices/WH.1/").content.decode()


def test_an_operator_is_not_led_to_the_admin(pages: PageClient, oscar: User, heater: Device) -> None:
    assert "/admin/" not in pages(oscar).get("/devices/WH.1/").content.decode()


def test_a_device_page_takes_few_queries(
    pages: PageClient, vera: User, heater: Device, assert_recorded_queries: AssertRecordedQueries
) -> None:
    client = pages(vera)
    with assert_recorded_queries("device page"):
        client.get("/devices/WH.1/")
