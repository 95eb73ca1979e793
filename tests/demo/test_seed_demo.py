import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db.models import Count

from devices.firmware.targets import plan
from devices.models import Command, Device, DeviceType, FirmwarePackage, Project, Provisioning, Twin
from devices.shipped_types import ensure_shipped_types
from iotsphere.demo import models, past, seed
from iotsphere.demo.fleet import FLEET
from iotsphere.demo.orders import ORDERS
from telemetry.agent.links import default_device_id
from telemetry.models import LedgerHour, Metric, Reading
from tests.factories import DeviceFactory, MetricFactory, ProjectFactory, ReadingFactory

pytestmark = pytest.mark.django_db

DEVICE_IDS = {device.device_id for device in FLEET} | {default_device_id()}


@pytest.fixture(autouse=True)
def _three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few for the models: those of a whole demo are looked at in tests/flows/test_run_command.py."""
    monkeypatch.setattr(past, "LENGTH", timedelta(days=3))
    monkeypatch.setattr(past, "FINE", timedelta(hours=1))
    monkeypatch.setattr(models, "write_models", lambda project, now: 0)


def seed_demo(*arguments: str) -> str:
    output = io.StringIO()
    call_command("seed_demo", *arguments, stdout=output)
    return output.getvalue()


def counts() -> tuple[int, int, int, int]:
    return (Project.objects.count(), Device.objects.count(), Metric.objects.count(), Reading.objects.count())


def test_it_registers_the_fleet_and_this_machine_in_the_demo_project() -> None:
    seed_demo()
    assert set(Project.objects.get(slug="demo").devices.values_list("device_id", flat=True)) == DEVICE_IDS


def test_the_demo_project_takes_unknown_devices_and_keeps_raw_readings_for_two_years() -> None:
    project = seed.ensure_project()
    assert project.provisioning == Provisioning.OPEN
    assert project.retention_class.raw >= timedelta(days=2 * 365)


def test_it_leaves_unknown_devices_to_the_project_that_already_takes_them() -> None:
    ProjectFactory.create(provisioning=Provisioning.OPEN)
    assert seed.ensure_project().provisioning == Provisioning.CLOSED


def test_there_is_one_package_of_firmware_to_roll_out() -> None:
    for _ in range(2):
        seed_demo()
    package = FirmwarePackage.objects.get()
    assert {device.device_id for device in plan(None, package, Device.objects.select_related("project")).targets} == {
        device.device_id for device in FLEET if device.type_slug == "environment-sensor"
    }


def test_no_metric_is_empty() -> None:
    seed_demo()
    defined = Device.objects.aggregate(number=Count("device_type__metrics"))["number"]
    assert Metric.objects.exclude(last_time=None).count() == defined


def test_the_latest_value_is_that_of_the_latest_reading() -> None:
    seed_demo()
    for metric in Metric.objects.all():
        reading = metric.readings.latest("time")
        assert (metric.last_time, metric.last_value, metric.last_text) == (
            reading.time,
            reading.value,
            reading.text or "",
        )


def test_doing_it_twice_changes_nothing() -> None:
    seed_demo()
    before = counts()
    assert "already" in seed_demo()
    assert counts() == before


def test_what_an_administrator_changed_stays_changed() -> None:
    seed_demo()
    Device.objects.filter(device_id="ESP32_SIM_01").update(name="Orchid house")
    DeviceType.objects.filter(slug="server").update(icon="cpu")
    seed_demo()
    assert Device.objects.get(device_id="ESP32_SIM_01").name == "Orchid house"
    assert DeviceType.objects.get(slug="server").icon == "cpu"


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


def test_a_reset_deletes_what_was_sent_and_seeds_again() -> None:
    seed_demo()
    device = Device.objects.get(device_id="ESP32_SIM_01")
    sent = ReadingFactory.create(
        metric=MetricFactory.create(device=device, key="noise"), time=datetime(2025, 1, 1, tzinfo=UTC)
    )
    stranger = DeviceFactory.create(device_id="STRANGER", project=device.project)
    LedgerHour.objects.create(sender="STRANGER", device=stranger, hour=sent.time, received=1, stored=1)
    seed_demo("--reset", "--yes")
    assert not Reading.objects.filter(time=sent.time).exists()
    assert not device.metrics.filter(key="noise").exists()
    assert not Device.objects.filter(pk=stranger.pk).exists()
    assert not LedgerHour.objects.exists()
    assert Device.objects.get(device_id="ESP32_SIM_01") == device
    assert seed.has_past(device, datetime.now(UTC))


def test_a_reset_touches_no_other_project() -> None:
    reading = ReadingFactory.create()
    seed_demo("--reset", "--yes")
    assert Reading.objects.filter(metric=reading.metric).exists()


def test_a_reset_that_is_not_confirmed_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seed_demo()
    before = counts()
    monkeypatch.setattr("builtins.input", lambda _question: "")
    assert "Nothing was changed" in seed_demo("--reset")
    assert counts() == before


def test_shipped_types_are_created_once() -> None:
    ensure_shipped_types()
    ensure_shipped_types()
    assert set(DeviceType.objects.values_list("slug", flat=True)) == {"water-heater", "environment-sensor", "server"}


def test_what_people_told_the_devices_is_written_once() -> None:
    for _ in range(2):
        seed_demo()
    commands = Command.objects.all()
    assert commands.count() == len(ORDERS)
    assert not commands.open().exists()
    for command in commands:
        assert [step.status for step in command.steps.order_by("pk")][-1] == command.status
    assert Twin.objects.get().changes.count() == 3


def test_a_reset_forgets_what_people_told_the_devices() -> None:
    seed_demo()
    seed.forget_data(Project.objects.get(slug="demo"))
    assert not Command.objects.exists()
    assert not Twin.objects.exists()
