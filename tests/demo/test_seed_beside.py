"""Seeding into a portal where something is already."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.models import DeviceType, Provisioning
from devices.shipped_types import ensure_shipped_types
from iotsphere.demo import seed
from iotsphere.demo.fleet import FLEET
from telemetry.agent.links import default_device_id
from telemetry.models import Reading
from tests.demo.seeding import seed_demo, three_days
from tests.factories import DeviceFactory, MetricFactory, ProjectFactory, ReadingFactory

pytestmark = pytest.mark.django_db

DEVICE_IDS = {device.device_id for device in FLEET} | {default_device_id()}


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with three_days():
        yield


def test_the_demo_project_takes_unknown_devices_and_keeps_raw_readings_for_two_years() -> None:
    project = seed.ensure_project()
    assert project.provisioning == Provisioning.OPEN
    assert project.retention_class.raw >= timedelta(days=2 * 365)


def test_it_leaves_unknown_devices_to_the_project_that_already_takes_them() -> None:
    ProjectFactory.create(provisioning=Provisioning.OPEN)
    assert seed.ensure_project().provisioning == Provisioning.CLOSED


def test_a_device_that_registered_itself_first_gets_its_type_and_its_past() -> None:
    newcomer = DeviceFactory.create(device_id="WH_DEMO_01", name="WH_DEMO_01", project=seed.ensure_project())
    live = ReadingFactory.create(metric=MetricFactory.create(device=newcomer), time=datetime.now(UTC), value=51.5)
    seed_demo()
    newcomer.refresh_from_db()
    assert newcomer.device_type == DeviceType.objects.get(slug="water-heater")
    assert seed.has_past(newcomer, datetime.now(UTC))
    assert Reading.objects.filter(metric=live.metric, time=live.time, value=51.5).exists()


def test_a_newer_live_value_stays_the_latest() -> None:
    newcomer = DeviceFactory.create(device_id="WH_DEMO_01", project=seed.ensure_project())
    now = datetime.now(UTC)
    metric = MetricFactory.create(device=newcomer, last_time=now, last_value=51.5)
    seed_demo()
    metric.refresh_from_db()
    assert (metric.last_time, metric.last_value) == (now, 51.5)


def test_a_reset_touches_no_other_project() -> None:
    reading = ReadingFactory.create()
    seed_demo("--reset", "--yes")
    assert Reading.objects.filter(metric=reading.metric).exists()


def test_shipped_types_are_created_once() -> None:
    ensure_shipped_types()
    ensure_shipped_types()
    assert set(DeviceType.objects.values_list("slug", flat=True)) == {"water-heater", "environment-sensor", "server"}
