"""What every list has: pages, filters, search, order; what cannot be understood is refused, and queries do not grow."""

from typing import Any

import pytest

from devices.claims import codes_for
from devices.commands import send
from devices.models import Credential, DeviceType, Project, Purge
from iotsphere.models import Dashboard, User
from mlmonitor.models import MonitoredModel, MonitorThreshold, ServiceRecord
from telemetry.models import RejectedMessage
from tests.admin.rows import campaign_of, report_run_of, report_schedule_of
from tests.factories import (
    NOON,
    CommandTypeFactory,
    DeviceFactory,
    DeviceTypeFactory,
    MembershipFactory,
    MetricDefinitionFactory,
    MetricFactory,
    ProjectFactory,
    UserFactory,
)
from tests.fixtures.clients import ApiClient
from tests.fixtures.query_counts import AssertRecordedQueries
from tests.mlmonitor.rows import forecast_of, model_of

LISTS = [
    "projects",
    "members",
    "device-types",
    "devices",
    "credentials",
    "commands",
    "firmware-packages",
    "firmware-campaigns",
    "firmware-updates",
    "claim-codes",
    "purges",
    "rejected-messages",
    "metrics",
    "servers",
    "models",
    "drift-checks",
    "monitor-thresholds",
    "forecasts",
    "service-records",
    "dashboards",
    "reports/templates",
    "reports/runs",
    "reports/schedules",
    "reports/deliveries",
]


def names(answer: Any, field: str = "device_id") -> list[str]:
    return [row[field] for row in answer.json()["results"]]


@pytest.fixture
def fleet(acme: Project) -> None:
    """Three devices of Acme: a gateway, and behind it a heater that is offline and a sensor."""
    heater = DeviceTypeFactory.create(slug="heater")
    gateway = DeviceFactory.create(project=acme, device_id="gateway", name="Gate way", hostname="gw.local")
    DeviceFactory.create(
        project=acme,
        device_id="heater.1",
        name="Boiler",
        device_type=heater,
        parent=gateway,
        presence="offline",
        labels=["cellar", "50%"],
        last_message="2025-12-19T12:00Z",
    )
    DeviceFactory.create(
        project=acme,
        device_id="sensor",
        name="Attic",
        parent=gateway,
        lifecycle="disabled",
        labels=["Cellar", "x_y"],
    )


def populate(project: Project) -> None:
    device_type = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=device_type)
    CommandTypeFactory.create(device_type=device_type)
    parent = DeviceFactory.create(project=project, device_type=device_type)
    device = DeviceFactory.create(project=project, device_type=device_type, parent=parent, labels=["cellar"])
    MetricFactory.create(device=device)
    RejectedMessage.objects.create(device=device, sender="x", door="http", received_at="2025-12-19T12:00Z", body=b"?")
    Purge.objects.create(device_id=device.device_id, name=device.name, project=project)
    send(None, "blink", {}, [device])
    campaign_of(project)
    codes_for([device], UserFactory.create())
    DeviceFactory.create(project=project, device_type=DeviceType.objects.get_or_create(slug="server")[0])
    model = model_of(project, key=f"leak-{MonitoredModel.objects.count()}")
    check = model.versions.get().checks.create(start=NOON, end=NOON, checked_at=NOON, verdict="ok")
    check.features.create(feature="flow", verdict="ok")
    MonitorThreshold.objects.create(model=model, metric="psi", medium=0.1, high=0.2, critical=0.3)
    forecast_of(project, device=device)
    ServiceRecord.objects.create(device=device, indicator=device.forecasts.get().indicator)
    member = MembershipFactory.create(project=project).user
    Credential.objects.create(device=device, kind="api_key", public_id=f"{device.pk:016x}", created_by=member)
    ProjectFactory.create(retention_class=project.retention_class)
    Dashboard.objects.create(name="Wall", owner=member, project=project)
    report_run_of(project)
    schedule = report_schedule_of(project)
    schedule.users.add(member)
    schedule.deliveries.create(slot=NOON, user=member, address=member.email, due_at=NOON)


def test_lists_take_the_queries_on_record_however_long_they_are(
    api: ApiClient, root: User, acme: Project, assert_recorded_queries: AssertRecordedQueries
) -> None:
    client = api(root)
    for _ in range(3):
        populate(acme)
        for name in LISTS:
            with assert_recorded_queries(f"REST {name}"):
                assert client.get(f"/api/v1/{name}/").json()["results"]


NONSENSE = [
    "nonsense=1",
    "page=0",
    "page=x",
    "page=-1",
    "page=1e3",
    "page=%00",
    "page=٣",
    "page_size=0",
    "page_size=201",
    "page_size=",
    "ordering=secret_hash",
    "ordering=-",
    "ordering=%00",
    "search=%00",
    "search=" + "x" * 101,
]


@pytest.mark.parametrize("name", LISTS)
def test_what_cannot_be_understood_is_named_in_a_400(name: str, api: ApiClient, root: User) -> None:
    client = api(root)
    for query in NONSENSE:
        answer = client.get(f"/api/v1/{name}/?{query}")
        assert answer.status_code == 400, query
        assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("name", LISTS)
def test_a_page_beyond_the_last_gets_404(name: str, api: ApiClient, root: User) -> None:
    answer = api(root).get(f"/api/v1/{name}/?page=999")
    assert answer.status_code == 404
    assert "The last one is" in answer.json()["detail"]


def test_pages_follow_each_other(api: ApiClient, vera: User, fleet: None) -> None:
    client = api(vera)
    first = client.get("/api/v1/devices/?page_size=2").json()
    second = client.get(first["next"]).json()
    assert first["count"] == 3
    assert first["previous"] is None
    assert [row["device_id"] for row in (*first["results"], *second["results"])] == ["sensor", "heater.1", "gateway"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("project=acme", ["sensor", "heater.1", "gateway"]),
        ("project=globex", []),
        ("device_type=heater", ["heater.1"]),
        ("presence=offline", ["heater.1"]),
        ("presence=offline&presence=unknown", ["sensor", "heater.1", "gateway"]),
        ("lifecycle=disabled", ["sensor"]),
        ("parent=gateway", ["sensor", "heater.1"]),
        ("label=cellar", ["heater.1"]),
        ("label=50%25", ["heater.1"]),
        ("label=5", []),
        ("label=x_y", ["sensor"]),
        ("label=xay", []),
        ("search=boil", ["heater.1"]),
        ("search=gw.local", ["gateway"]),
        ("search=gate+way", ["gateway"]),
        ("search=boil+way", []),
        ("ordering=device_id", ["gateway", "heater.1", "sensor"]),
        ("ordering=-device_id", ["sensor", "heater.1", "gateway"]),
        ("ordering=last_message", ["heater.1", "gateway", "sensor"]),
        ("ordering=-last_message", ["heater.1", "gateway", "sensor"]),
    ],
)
def test_devices_are_filtered_searched_and_ordered(
    query: str, expected: list[str], api: ApiClient, vera: User, fleet: None
) -> None:
    assert names(api(vera).get(f"/api/v1/devices/?{query}")) == expected


@pytest.mark.parametrize("query", ["presence=gone", "lifecycle=x", "label=%00", "project=%00", "parent=%00"])
def test_a_filter_that_cannot_be_understood_is_named(query: str, api: ApiClient, vera: User, acme: Project) -> None:
    answer = api(vera).get(f"/api/v1/devices/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


def test_an_order_may_be_asked_for_over_and_over(api: ApiClient, vera: User, fleet: None) -> None:
    answer = api(vera).get("/api/v1/devices/?ordering=" + ",".join(["device_id"] * 3000))
    assert names(answer) == ["gateway", "heater.1", "sensor"]


def test_members_are_found_by_project_and_role(api: ApiClient, alice: User, vera: User) -> None:
    assert names(api(alice).get("/api/v1/members/?project=acme&role=viewer"), "user") == ["vera"]


def test_metrics_are_found_by_device_and_key(api: ApiClient, vera: User, acme: Project) -> None:
    device = DeviceFactory.create(project=acme, device_id="sensor")
    MetricFactory.create(device=device, key="humidity")
    MetricFactory.create(device=device, key="temperature")
    assert names(api(vera).get("/api/v1/metrics/?device=sensor&key=humidity"), "key") == ["humidity"]


def test_credentials_are_found_by_whether_they_live(api: ApiClient, alice: User, acme: Project) -> None:
    device = DeviceFactory.create(project=acme)
    for number, revoked_at in enumerate([None, "2025-12-19T12:00Z"]):
        Credential.objects.create(device=device, kind="mqtt", public_id=f"{number:016x}", revoked_at=revoked_at)
    assert names(api(alice).get("/api/v1/credentials/?is_live=true"), "public_id") == [f"{0:016x}"]
    assert names(api(alice).get("/api/v1/credentials/?is_live=false"), "public_id") == [f"{1:016x}"]


def test_a_device_is_the_same_in_the_list_and_alone(api: ApiClient, vera: User, fleet: None) -> None:
    client = api(vera)
    listed = client.get("/api/v1/devices/?search=boil").json()["results"]
    assert listed == [client.get("/api/v1/devices/heater.1/").json()]


@pytest.mark.parametrize(
    ("rows", "page", "shown", "more"), [(1, 1, 1, False), (2, 1, 2, False), (3, 1, 2, True), (3, 2, 1, False)]
)
def test_a_list_counts_all_its_rows_on_whatever_page(
    rows: int, page: int, shown: int, more: bool, api: ApiClient, vera: User, acme: Project
) -> None:
    DeviceFactory.create_batch(rows, project=acme)
    found = api(vera).get(f"/api/v1/devices/?page_size=2&page={page}").json()
    assert (found["count"], len(found["results"]), found["next"] is not None) == (rows, shown, more)
