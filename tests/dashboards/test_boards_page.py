"""The pages of own dashboards: what they ask of the database, and where one begins."""

import pytest

from devices.models import Project
from iotsphere.models import Dashboard, User
from tests.factories import CommandTypeFactory, DeviceFactory, MetricDefinitionFactory, MetricFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.query_counts import AssertRecordedQueries


def board_of(project: Project, devices: int) -> Dashboard:
    widgets = []
    for number in range(devices):
        device_type = MetricDefinitionFactory.create().device_type
        CommandTypeFactory.create(device_type=device_type)
        device = DeviceFactory.create(project=project, device_type=device_type)
        MetricFactory.create(device=device)
        settings = {"device": device.device_id, "metric": "temperature"}
        place = {"id": f"w{number}", "kind": "value", "x": 0, "y": number, "w": 2, "h": 2}
        widgets.append({**place, "title": "", "settings": settings})
    return Dashboard.objects.create(name="Wall", project=project, widgets=widgets)


@pytest.mark.parametrize("devices", [1, 4])
def test_a_dashboard_takes_the_queries_on_record_however_many_devices_it_shows(
    devices: int, pages: PageClient, vera: User, acme: Project, assert_recorded_queries: AssertRecordedQueries
) -> None:
    board, client = board_of(acme, devices), pages(vera)
    with assert_recorded_queries("page dashboard"):
        assert client.get(board.get_absolute_url()).status_code == 200


def test_one_begins_with_the_default_as_long_as_one_may_see_it(
    pages: PageClient, vera: User, acme: Project, globex: Project
) -> None:
    board, client = board_of(acme, 0), pages(vera)
    User.objects.filter(pk=vera.pk).update(default_dashboard=board)
    assert client.get("/dashboards/default/")["Location"] == board.get_absolute_url()
    Dashboard.objects.update(project=globex)
    assert client.get("/dashboards/default/")["Location"] == "/dashboards/"


def test_a_page_that_is_open_asks_for_what_is_new_alone(pages: PageClient, vera: User, acme: Project) -> None:
    board, client = board_of(acme, 1), pages(vera)
    address = f"{board.get_absolute_url()}data/"
    assert client.get(f"{address}?unless=1").status_code == 204
    assert client.get(f"{address}?unless=0").json()["board"]["version"] == 1
