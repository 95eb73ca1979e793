"""The fleet in groups, and the views of it that people save."""

from typing import Any

import pytest

from devices.models import Presence, Project
from iotsphere.models import FleetView, User
from tests.factories import DeviceFactory, DeviceTypeFactory, MembershipFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries

ON, OFF = Presence.ONLINE, Presence.OFFLINE


def groups_of(response: Any) -> dict[str, tuple[int, list[str]]]:
    return {
        group.name: (group.count, [card.device.device_id for card in group.cards]) for group in response.context["page"]
    }


def test_a_device_is_in_the_group_of_each_of_its_labels_what_is_broken_first(
    pages: PageClient, vera: User, acme: Project, globex: Project
) -> None:
    DeviceFactory.create(device_id="a", project=acme, labels=["north", "roof"], presence=ON)
    DeviceFactory.create(device_id="b", project=acme, labels=["north"], presence=OFF)
    DeviceFactory.create(device_id="c", project=acme)
    DeviceFactory.create(device_id="theirs", project=globex, labels=["secret"])
    found = groups_of(pages(vera).get("/?group=label"))
    assert found == {"north": (2, ["b", "a"]), "roof": (1, ["a"]), "Without a label": (1, ["c"])}
    assert list(found)[-1] == "Without a label"


def test_groups_keep_the_filters_and_lead_to_all_of_theirs(
    pages: PageClient, vera: User, acme: Project, globex: Project
) -> None:
    MembershipFactory.create(user=vera, project=globex)
    pump = DeviceTypeFactory.create(name="Pump", slug="pump")
    DeviceFactory.create_batch(9, project=acme, device_type=pump, presence=OFF)
    DeviceFactory.create(device_id="fan", project=globex, presence=OFF)
    DeviceFactory.create(project=globex, presence=ON)
    page = pages(vera).get("/?group=project&presence=offline")
    assert {name: count for name, (count, _) in groups_of(page).items()} == {acme.name: 9, globex.name: 1}
    types = pages(vera).get("/?group=type&presence=offline")
    group = next(iter(types.context["page"]))
    assert (group.name, group.address, group.more) == ("Pump", "?type=pump&presence=offline", 3)
    assert 'aria-current="true"' in pages(vera).get("/?group=nonsense&view=list").content.decode()


@pytest.mark.parametrize("rows", [1, 40])
def test_the_queries_of_groups_do_not_grow(
    pages: PageClient, vera: User, acme: Project, assert_recorded_queries: AssertRecordedQueries, rows: int
) -> None:
    for number in range(rows):
        MetricFactory.create(device=DeviceFactory.create(project=acme, labels=[f"label {number % 20}"]))
    client = pages(vera)
    with assert_recorded_queries("fleet overview, grouped"):
        client.get("/?group=label")


def test_the_overview_begins_with_the_default_view_if_nothing_is_asked_for(
    pages: PageClient, vera: User, acme: Project
) -> None:
    client = pages(vera)
    first = {"name": "Cellar", "query": "?label=cellar&nonsense=1&page=7", "arrangement": "list", "is_default": "on"}
    assert client.post("/fleet/views/", first)["Location"] == "/?label=cellar&view=list"
    assert client.get("/")["Location"] == "/?label=cellar&view=list"
    assert client.get("/?q=").status_code == 200
    shown = client.get("/?label=cellar&view=list")
    assert shown.context["chosen_view"].name == "Cellar"
    client.post("/fleet/views/", {"name": "All", "query": "", "arrangement": "grid", "is_default": "on"})
    assert client.get("/")["Location"] == "/?q=&view=grid"
    client.post("/fleet/views/", {"name": "All", "query": "group=type", "arrangement": "grid"})
    assert [(view.name, view.query, view.is_default) for view in vera.fleet_views.all()] == [
        ("All", "?group=type&view=grid", False), ("Cellar", "?label=cellar&view=list", False),
    ]  # fmt: skip


def test_a_view_is_its_owners_alone(pages: PageClient, vera: User, oscar: User) -> None:
    view = FleetView.objects.create(user=oscar, name="Mine", query="?q=pump")
    for verb in ("default", "delete"):
        assert pages(vera).post(f"/fleet/views/{view.pk}/{verb}/").status_code == 404
    assert "Mine" not in pages(vera).get("/").content.decode()
    pages(oscar).post(f"/fleet/views/{view.pk}/default/")
    view.refresh_from_db()
    assert view.is_default
    pages(oscar).post(f"/fleet/views/{view.pk}/delete/")
    assert not oscar.fleet_views.exists()


def test_a_view_that_cannot_be_saved_says_why(pages: PageClient, vera: User) -> None:
    page = pages(vera).post("/fleet/views/", {"name": " ", "arrangement": "grid"}, follow=True)
    assert "needs a name" in page.content.decode()
