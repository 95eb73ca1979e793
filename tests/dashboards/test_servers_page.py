from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, DeviceType, Presence, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries

pytestmark = pytest.mark.once


@pytest.fixture
def server_type(db: None) -> DeviceType:
    ensure_shipped_types()
    return DeviceType.objects.get(slug="server")


def server(project: Project, device_type: DeviceType, device_id: str = "db1", **more: Any) -> Device:
    return DeviceFactory.create(project=project, device_type=device_type, device_id=device_id, **more)


def shown(response: Any) -> list[str]:
    return [server.device.device_id for server in response.context["servers"]]


def test_a_viewer_sees_the_servers_of_their_project_and_no_other_devices(
    pages: PageClient, vera: User, acme: Project, server_type: DeviceType
) -> None:
    server(acme, server_type)
    DeviceFactory.create(project=acme)
    assert shown(pages(vera).get("/servers/")) == ["db1"]


def test_a_viewer_of_another_project_sees_none(
    pages: PageClient, charlie: User, acme: Project, server_type: DeviceType
) -> None:
    server(acme, server_type, name="Database")
    response = pages(charlie).get("/servers/")
    assert shown(response) == []
    assert "Database" not in response.content.decode()


def test_what_is_broken_comes_first(pages: PageClient, vera: User, acme: Project, server_type: DeviceType) -> None:
    for presence in (Presence.ONLINE, Presence.OFFLINE):
        server(acme, server_type, device_id=presence, presence=presence)
    assert shown(pages(vera).get("/servers/")) == ["offline", "online"]


def test_each_says_how_it_is(pages: PageClient, vera: User, acme: Project, server_type: DeviceType) -> None:
    device = server(acme, server_type)
    for key, value in {"cpu": 41.5, "memory": 62.5, "disk": 80, "load": 1.5}.items():
        MetricFactory.create(device=device, key=key, last_value=value, last_time=timezone.now())
    [found] = pages(vera).get("/servers/").context["servers"]
    assert [(metric.label, metric.text) for metric in found.usage] == [
        ("Processor", "41.5"),
        ("Memory", "62.5"),
        ("Fullest disk", "80.0"),
        ("Load", "1.50"),
    ]


@pytest.mark.parametrize(("uptime", "ago"), [(3600, timedelta(hours=1)), (1e300, None), (None, None)])
def test_it_was_started_before_its_uptime(
    pages: PageClient, vera: User, acme: Project, server_type: DeviceType, uptime: float | None, ago: timedelta | None
) -> None:
    now: datetime = timezone.now()
    device = server(acme, server_type)
    MetricFactory.create(device=device, key="uptime", last_value=uptime, last_time=now if uptime else None)
    [found] = pages(vera).get("/servers/").context["servers"]
    assert found.started == (now - ago if ago else None)


def test_it_is_found_by_its_host(pages: PageClient, vera: User, acme: Project, server_type: DeviceType) -> None:
    server(acme, server_type, hostname="postgres-1")
    server(acme, server_type, device_id="other")
    assert shown(pages(vera).get("/servers/?q=postgres")) == ["db1"]


def test_another_type_in_the_address_changes_nothing(
    pages: PageClient, vera: User, acme: Project, server_type: DeviceType
) -> None:
    server(acme, server_type)
    assert shown(pages(vera).get("/servers/?type=water-heater")) == ["db1"]


def test_who_has_none_is_told_how_to_get_one(pages: PageClient, alice: User, server_type: DeviceType) -> None:
    page = pages(alice).get("/servers/").content.decode()
    assert "iotsphere-agent --url http://testserver --key-file" in page


def test_a_viewer_is_told_who_adds_servers(pages: PageClient, vera: User, server_type: DeviceType) -> None:
    page = pages(vera).get("/servers/").content.decode()
    assert "An administrator of your project adds servers" in page
    assert "--key-file" not in page


def test_a_search_that_finds_nothing_says_so(
    pages: PageClient, vera: User, acme: Project, server_type: DeviceType
) -> None:
    server(acme, server_type)
    assert "No server matches" in pages(vera).get("/servers/?q=nothing").content.decode()


@pytest.mark.parametrize("rows", [1, 5])
def test_the_number_of_queries_does_not_grow(
    pages: PageClient,
    vera: User,
    acme: Project,
    server_type: DeviceType,
    assert_recorded_queries: AssertRecordedQueries,
    rows: int,
) -> None:
    for number in range(rows):
        MetricFactory.create(device=server(acme, server_type, device_id=f"s{number}"), key="cpu")
    client = pages(vera)
    with assert_recorded_queries("servers page"):
        client.get("/servers/")
