"""Lists of the admin take the queries on record, however many rows they show."""

import pytest

from devices.models import Project
from iotsphere.models import User
from tests.admin.addresses import list_of
from tests.admin.rows import OF_PROJECTS, SHARED
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries
from tests.telemetry.letters import take, telemetry

pytestmark = pytest.mark.once

BELOW = {"devices.Device", "devices.Project"}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("label", [label for label in OF_PROJECTS | SHARED if label not in BELOW])
def test_a_list_takes_as_many_queries_as_are_on_record(
    label: str,
    rows: int,
    root: User,
    acme: Project,
    pages: PageClient,
    assert_recorded_queries: AssertRecordedQueries,
) -> None:
    for _ in range(rows):
        (OF_PROJECTS | SHARED)[label](acme)
    client = pages(root)
    with assert_recorded_queries(f"admin {label}"):
        client.get(list_of(label))


@pytest.mark.parametrize("devices", [1, 3])
def test_the_list_of_devices_with_all_they_can_show(
    devices: int, root: User, acme: Project, pages: PageClient, assert_recorded_queries: AssertRecordedQueries
) -> None:
    for _ in range(devices):
        device_type = DeviceTypeFactory.create()
        device = DeviceFactory.create(project=acme, device_type=device_type)
        MetricDefinitionFactory.create(device_type=device_type, headline=True)
        MetricFactory.create(device=device)
    client = pages(root)
    with assert_recorded_queries("admin devices.Device"):
        client.get(list_of("devices.Device"))


@pytest.mark.parametrize("projects", [1, 3])
def test_the_list_of_projects(
    projects: int, root: User, pages: PageClient, assert_recorded_queries: AssertRecordedQueries
) -> None:
    for _ in range(projects):
        DeviceFactory.create()
    client = pages(root)
    with assert_recorded_queries("admin devices.Project"):
        client.get(list_of("devices.Project"))


@pytest.mark.parametrize("senders", [1, 3])
def test_the_list_of_unknown_devices(
    senders: int, root: User, pages: PageClient, assert_recorded_queries: AssertRecordedQueries
) -> None:
    for n in range(senders):
        take(telemetry(f"stranger-{n}", {"temperature": 20}))
    client = pages(root)
    with assert_recorded_queries("admin telemetry.QuarantinedMessage"):
        client.get(list_of("telemetry.QuarantinedMessage"))


@pytest.mark.parametrize("devices", [1, 5])
def test_the_overview(
    devices: int,
    root: User,
    acme: Project,
    pages: PageClient,
    assert_recorded_queries: AssertRecordedQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("iotsphere.overview.warnings", list)  # it looks at partitions, which SQLite does not have
    DeviceFactory.create_batch(devices, project=acme, presence="offline")
    client = pages(root)
    with assert_recorded_queries("admin overview"):
        client.get("/admin/")


def test_the_overview_of_a_project_administrator(
    alice: User, acme: Project, pages: PageClient, assert_recorded_queries: AssertRecordedQueries
) -> None:
    client = pages(alice)
    with assert_recorded_queries("admin overview of a project"):
        client.get("/admin/")
