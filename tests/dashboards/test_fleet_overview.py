from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from devices.models import Device, DeviceType, Lifecycle, Presence, Project, ValueType
from iotsphere.models import User
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries


def device_ids(response: Any) -> list[str]:
    return [card.device.device_id for card in response.context["cards"]]


@pytest.fixture
def heater() -> DeviceType:
    heater = DeviceTypeFactory.create(name="Heater", slug="heater", icon="heater")
    MetricDefinitionFactory.create(device_type=heater, key="temperature", unit="°C", headline=True, precision=1)
    MetricDefinitionFactory.create(device_type=heater, key="pressure", unit="bar")
    return heater


def test_nobody_is_sent_to_sign_in(pages: PageClient, db: None) -> None:
    assert pages(None).get("/?q=x").headers["Location"] == "/login/?next=/%3Fq%3Dx"


def test_a_viewer_sees_the_devices_of_their_project(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(device_id="mine", project=acme)
    assert device_ids(pages(vera).get("/")) == ["mine"]


def test_a_viewer_of_another_project_sees_none_of_them(pages: PageClient, charlie: User, acme: Project) -> None:
    DeviceFactory.create(device_id="theirs", name="Their device", project=acme, labels=["secret"])
    response = pages(charlie).get("/")
    assert device_ids(response) == []
    assert "Their device" not in response.content.decode()
    assert "secret" not in response.content.decode()
    assert "Acme" not in response.content.decode()


def test_what_is_broken_comes_first(pages: PageClient, vera: User, acme: Project) -> None:
    for presence in (Presence.ONLINE, Presence.UNKNOWN, Presence.STALE, Presence.OFFLINE):
        DeviceFactory.create(device_id=presence, project=acme, presence=presence)
    assert device_ids(pages(vera).get("/")) == ["offline", "stale", "unknown", "online"]


def test_an_archived_device_is_not_in_service(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(project=acme, lifecycle=Lifecycle.ARCHIVED)
    assert device_ids(pages(vera).get("/")) == []


def test_a_card_shows_the_headline_metrics_of_the_type(
    pages: PageClient, vera: User, acme: Project, heater: DeviceType
) -> None:
    device = DeviceFactory.create(project=acme, device_type=heater)
    MetricFactory.create(device=device, key="temperature", last_value=54.25, last_time=timezone.now())
    MetricFactory.create(device=device, key="pressure", last_value=2.4, last_time=timezone.now())
    (card,) = pages(vera).get("/").context["cards"]
    assert [(metric.label, metric.text, metric.unit) for metric in card.metrics] == [("Temperature", "54.2", "°C")]


def test_a_card_without_a_type_shows_what_the_device_sent(pages: PageClient, vera: User, acme: Project) -> None:
    device = DeviceFactory.create(project=acme)
    MetricFactory.create(device=device, key="rssi", last_value=-61, last_time=timezone.now())
    MetricFactory.create(device=device, key="ok", value_type=ValueType.BOOLEAN, last_value=1, last_time=timezone.now())
    (card,) = pages(vera).get("/").context["cards"]
    assert [(metric.key, metric.text) for metric in card.metrics] == [("ok", "Yes"), ("rssi", "-61")]


def test_a_card_tells_the_age_of_the_last_message(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(project=acme, last_message=timezone.now() - timedelta(minutes=5, seconds=10))
    assert ">5 min ago</time>" in pages(vera).get("/").content.decode()


def test_markup_in_names_labels_and_values_is_inert(pages: PageClient, vera: User, acme: Project) -> None:
    evil = '"><script>alert(1)</script>'
    device = DeviceFactory.create(project=acme, name=evil, labels=[evil], location=evil)
    MetricFactory.create(
        device=device,
        key="x",
        label=evil,
        unit="<b>",
        value_type=ValueType.TEXT,
        last_text=evil,
        last_time=timezone.now(),
    )
    for address in ("/", "/?view=list", f"/devices/{device.device_id}/", f"/devices/{device.device_id}/details/"):
        page = pages(vera).get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>" not in page


def test_the_tiles_count_by_presence_and_link_to_it(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create_batch(2, project=acme, presence=Presence.OFFLINE)
    DeviceFactory.create(project=acme, presence=Presence.ONLINE)
    tiles = {tile.presence: tile for tile in pages(vera).get("/?q=device").context["tiles"]}
    assert {presence: tile.count for presence, tile in tiles.items()} == {
        "": 3, "offline": 2, "stale": 0, "unknown": 0, "online": 1,
    }  # fmt: skip
    assert tiles["offline"].address == "?q=device&presence=offline"


def test_the_arrangement_is_remembered(pages: PageClient, vera: User, acme: Project) -> None:
    client = pages(vera)
    client.get("/?view=list")
    assert client.get("/").context["arrangement"] == "list"


def test_a_page_holds_48_devices_and_the_next_keeps_the_filters(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create_batch(49, project=acme, name="Pump")
    first = pages(vera).get("/?q=pump")
    assert len(device_ids(first)) == 48
    assert 'href="?q=pump&amp;page=2"' in first.content.decode()
    assert len(device_ids(pages(vera).get("/?q=pump&page=2"))) == 1


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "1e9"])
def test_a_page_that_does_not_exist_shows_another(pages: PageClient, vera: User, acme: Project, page: str) -> None:
    DeviceFactory.create(project=acme)
    assert pages(vera).get(f"/?page={page}").status_code == 200


@pytest.mark.parametrize("rows", [1, 60])
@pytest.mark.parametrize("view", ["grid", "list"])
def test_the_queries_do_not_grow_with_the_devices(
    pages: PageClient,
    vera: User,
    acme: Project,
    heater: DeviceType,
    assert_recorded_queries: AssertRecordedQueries,
    rows: int,
    view: str,
) -> None:
    for device in DeviceFactory.create_batch(rows, project=acme, device_type=heater, labels=["north"]):
        MetricFactory.create(device=device, last_value=1, last_time=timezone.now())
    client = pages(vera)
    client.get(f"/?view={view}")
    with assert_recorded_queries("fleet overview"):
        client.get("/")


def test_the_summary_counts_under_the_filters(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(project=acme, name="Pump", presence=Presence.OFFLINE)
    DeviceFactory.create(project=acme, name="Fan", presence=Presence.ONLINE)
    answer = pages(vera).get("/fleet/summary/?q=pump&presence=online").json()
    assert answer == {"presence": {"offline": 1, "stale": 0, "unknown": 0, "online": 0}}


def test_the_summary_counts_nothing_of_other_projects(pages: PageClient, charlie: User, acme: Project) -> None:
    DeviceFactory.create(project=acme)
    assert sum(pages(charlie).get("/fleet/summary/").json()["presence"].values()) == 0


def test_a_new_administrator_is_told_how_to_add_a_device(pages: PageClient, alice: User) -> None:
    assert "/admin/devices/device/add/" in pages(alice).get("/").content.decode()


def test_a_viewer_without_devices_is_told_who_adds_them(pages: PageClient, vera: User) -> None:
    page = pages(vera).get("/").content.decode()
    assert "An administrator of your project adds devices" in page
    assert "/admin/" not in page


@override_settings(DEMO=True)
def test_the_demo_shows_the_command_that_makes_a_device(pages: PageClient, vera: User) -> None:
    page = pages(vera).get("/").content.decode()
    assert "mosquitto_pub -h testserver -p" in page
    assert "-t app/device/ESP32_SIM_01/telemetry" in page


def test_filters_that_match_nothing_can_be_cleared(pages: PageClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(project=acme)
    page = pages(vera).get("/?q=nothing-is-called-so").content.decode()
    assert "No device matches" in page
    assert "Clear search and filters" in page


def test_pages_are_not_kept_by_browsers(pages: PageClient, vera: User, acme: Project) -> None:
    device: Device = DeviceFactory.create(project=acme)
    for address in ("/", "/fleet/summary/", device.get_absolute_url()):
        assert "no-store" in pages(vera).get(address).headers["Cache-Control"]
