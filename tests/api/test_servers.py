"""Servers and what they measured, in the words of server monitoring."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.models import Device, DeviceType, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from tests.factories import DeviceFactory, MetricFactory, ReadingFactory
from tests.fixtures.clients import ApiClient
from tests.fixtures.query_counts import AssertRecordedQueries

NOON = datetime(2025, 12, 19, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server(acme: Project) -> Device:
    """A server that has reported cpu, memory and disk three times, once a minute up to noon."""
    ensure_shipped_types()
    server: Device = DeviceFactory.create(
        device_id="server-db-1",
        name="Database",
        project=acme,
        device_type=DeviceType.objects.get(slug="server"),
        hostname="db-1.example.com",
        ip_address="192.0.2.7",
        presence="online",
    )
    for base, key in enumerate(("cpu", "memory", "disk", "load")):
        metric = MetricFactory.create(device=server, key=key)
        for age in range(3):
            ReadingFactory.create(metric=metric, time=NOON - age * MINUTE, value=10.0 * base + age)
    return server


def metrics(client: Any, server: Device, query: str = "") -> Any:
    return client.get(f"/api/v1/servers/{server.uuid}/metrics/{query}")


def stamps(answer: Any) -> list[str]:
    return [row["timestamp"] for row in answer.json()["results"]]


def test_a_server_has_the_fields_of_server_monitoring(api: ApiClient, vera: User, server: Device) -> None:
    [row] = api(vera).get("/api/v1/servers/").json()["results"]
    assert row == {
        "id": str(server.uuid),
        "name": "Database",
        "hostname": "db-1.example.com",
        "ip_address": "192.0.2.7",
        "status": "online",
        "device_id": "server-db-1",
        "project": "acme",
        "last_message": None,
    }
    assert api(vera).get(f"/api/v1/servers/{server.uuid}/").json() == row


def test_other_devices_are_no_servers(api: ApiClient, vera: User, server: Device) -> None:
    heater = DeviceFactory.create(project=server.project)
    assert api(vera).get("/api/v1/servers/").json()["count"] == 1
    assert api(vera).get(f"/api/v1/servers/{heater.uuid}/").status_code == 404


def test_archived_servers_are_not_there(api: ApiClient, vera: User, server: Device) -> None:
    Device.objects.update(lifecycle="archived")
    assert api(vera).get("/api/v1/servers/").json()["results"] == []


@pytest.mark.parametrize("path", ["", "metrics/"])
def test_servers_of_another_project_are_not_there(api: ApiClient, charlie: User, server: Device, path: str) -> None:
    assert api(charlie).get("/api/v1/servers/").json()["results"] == []
    assert api(charlie).get(f"/api/v1/servers/{server.uuid}/{path}").status_code == 404


@pytest.mark.parametrize(("query", "count"), [("status=online", 1), ("status=offline", 0), ("search=db-1.ex", 1)])
def test_servers_are_found_by_status_and_name(
    api: ApiClient, vera: User, server: Device, query: str, count: int
) -> None:
    assert api(vera).get(f"/api/v1/servers/?{query}").json()["count"] == count


@pytest.mark.parametrize("server_id", ["nonsense", "00000000-0000-0000-0000-000000000000", "server-db-1"])
def test_an_id_that_is_none_gets_404(api: ApiClient, vera: User, server: Device, server_id: str) -> None:
    assert api(vera).get(f"/api/v1/servers/{server_id}/").status_code == 404


def test_servers_are_not_made_here(api: ApiClient, alice: User, server: Device) -> None:
    assert api(alice).post("/api/v1/servers/", {}).status_code == 405


def test_snapshots_hold_what_was_measured_at_a_moment_the_newest_first(
    api: ApiClient, vera: User, server: Device
) -> None:
    rows = metrics(api(vera), server).json()["results"]
    assert rows[0] == {
        "server_id": str(server.uuid),
        "timestamp": "2025-12-19T12:00:00Z",
        "cpu_usage": 0.0,
        "memory_usage": 10.0,
        "disk_usage": 20.0,
    }
    assert [row["timestamp"][11:16] for row in rows] == ["12:00", "11:59", "11:58"]


def test_what_was_not_measured_is_null(api: ApiClient, vera: User, server: Device) -> None:
    ReadingFactory.create(metric=server.metrics.get(key="memory"), time=NOON + MINUTE, value=50.0)
    row = metrics(api(vera), server).json()["results"][0]
    assert (row["cpu_usage"], row["memory_usage"], row["disk_usage"]) == (None, 50.0, None)


def test_a_server_that_never_reported_has_no_snapshots(api: ApiClient, vera: User, server: Device) -> None:
    server.metrics.all().delete()
    assert metrics(api(vera), server).json() == {"next": None, "results": []}


def test_the_link_to_older_snapshots_leaves_out_and_repeats_none(api: ApiClient, vera: User, server: Device) -> None:
    # Metrics that do not come at the same moments.
    ReadingFactory.create(metric=server.metrics.get(key="disk"), time=NOON - timedelta(seconds=30, microseconds=1))
    client = api(vera)
    answer = metrics(client, server, "?page_size=1")
    seen = stamps(answer)
    for _ in range(3):
        answer = client.get(answer.json()["next"])
        seen += stamps(answer)
    assert seen == stamps(metrics(client, server))
    assert len(set(seen)) == 4
    assert answer.json()["next"] is None


def test_the_link_keeps_the_beginning(api: ApiClient, vera: User, server: Device) -> None:
    client = api(vera)
    answer = metrics(client, server, "?page_size=1&from=2025-12-19T11:59")
    second = client.get(answer.json()["next"])
    assert stamps(answer) + stamps(second) == ["2025-12-19T12:00:00Z", "2025-12-19T11:59:00Z"]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?from=2025-12-19T11:59", 2),
        ("?to=2025-12-19T11:59", 1),
        ("?from=2025-12-19T11:59&to=2025-12-19T12:00Z", 1),
        ("?from=2025-12-20", 0),
    ],
)
def test_a_stretch_of_time_has_its_beginning_in_it_and_its_end_not(
    api: ApiClient, vera: User, server: Device, query: str, count: int
) -> None:
    assert len(metrics(api(vera), server, query).json()["results"]) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?page_size=0", "page_size"),
        ("?page_size=1001", "page_size"),
        ("?page_size=x", "page_size"),
        ("?from=yesterday", "from"),
        ("?to=1", "to"),
        ("?from=2025-12-20&to=2025-12-19", "from"),
        ("?page=2", "page"),
        ("?server_id=1", "server_id"),
    ],
)
def test_what_cannot_be_understood_is_named_in_a_400(
    api: ApiClient, vera: User, server: Device, query: str, field: str
) -> None:
    answer = metrics(api(vera), server, query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_snapshots_take_the_queries_on_record_however_many_there_are(
    api: ApiClient, vera: User, server: Device, assert_recorded_queries: AssertRecordedQueries
) -> None:
    client = api(vera)
    for hours in (1, 2):
        for metric in server.metrics.all():
            for minute in range(20):
                ReadingFactory.create(metric=metric, time=NOON - timedelta(hours=hours) - minute * MINUTE)
        with assert_recorded_queries("REST server metrics"):
            metrics(client, server)
