from datetime import timedelta

from django.utils import timezone

from devices.models import Presence, PresenceSpan, Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient


def test_a_day_of_which_a_quarter_was_offline(api: ApiClient, vera: User, acme: Project) -> None:
    device, now = DeviceFactory.create(device_id="boiler", project=acme), timezone.now()
    for hours, presence in ((48, Presence.ONLINE), (6, Presence.OFFLINE)):
        PresenceSpan.objects.create(device=device, presence=presence, since=now - timedelta(hours=hours))
    answer = api(vera).get("/api/v1/devices/boiler/availability/").json()
    day, week, month = answer["periods"]
    assert round(day["percent"]) == 75
    assert round(week["percent"]) == round(month["percent"])
    assert 87 < week["percent"] < 88
    assert round(week["unknown"] / 3600) == 5 * 24
    assert [span["presence"] for span in answer["spans"]] == ["unknown", "online", "offline"]


def test_of_a_new_device_nothing_is_known(api: ApiClient, vera: User, acme: Project) -> None:
    DeviceFactory.create(device_id="boiler", project=acme)
    answer = api(vera).get("/api/v1/devices/boiler/availability/").json()
    assert [period["percent"] for period in answer["periods"]] == [None, None, None]


def test_a_device_of_another_project_does_not_exist(api: ApiClient, charlie: User, acme: Project) -> None:
    DeviceFactory.create(device_id="boiler", project=acme)
    assert api(charlie).get("/api/v1/devices/boiler/availability/").status_code == 404
