"""The history of several devices in one answer."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from devices.models import Project
from iotsphere.models import User
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.clients import ApiClient
from tests.fixtures.query_counts import AssertRecordedQueries

DAY = "from=2025-12-19T00:00:00Z&to=2025-12-20T00:00:00Z"


@pytest.fixture(autouse=True)
def boilers(acme: Project, globex: Project) -> None:
    for device_id, project, value in (("a", acme, 1.0), ("b", acme, 2.0), ("hidden", globex, 3.0)):
        metric = MetricFactory.create(device=DeviceFactory.create(device_id=device_id, project=project), key="level")
        write_readings((metric.pk, NOON + timedelta(minutes=number), value, None) for number in range(3))


@pytest.fixture
def ask(api: ApiClient, vera: User) -> Any:
    return lambda query: api(vera).get(f"/api/v1/history/?{query}")


def test_devices_come_in_the_order_asked_for_and_in_the_same_intervals(ask: Any) -> None:
    found = ask(f"devices=b,a&metrics=level&interval=1h&agg=sum&{DAY}").json()
    assert list(found["devices"]) == ["b", "a"]
    assert found["interval"] == 3600
    assert [one["series"]["level"]["points"] for one in found["devices"].values()] == [
        [[NOON.timestamp() * 1000, 6.0]],
        [[NOON.timestamp() * 1000, 3.0]],
    ]


def test_devices_that_are_not_there_and_those_of_others_are_named_alike(ask: Any) -> None:
    answer = ask(f"devices=a,hidden,c&metrics=level&{DAY}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Nothing here, or in a project you are not a member of: hidden, c."


def test_a_metric_that_only_some_have_is_named_with_the_others(ask: Any, acme: Project) -> None:
    MetricFactory.create(device=DeviceFactory.create(device_id="c", project=acme), key="pressure")
    answer = ask(f"devices=a,c&metrics=level&{DAY}")
    assert answer.json()["errors"] == {"metrics": ["c has no level. It has: pressure."]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("metrics=level", "devices"),
        ("devices=&metrics=level", "devices"),
        ("devices=%00&metrics=level", "devices"),
        (f"devices={','.join('abcdefghijk')}&metrics=level", "devices"),
        ("devices=a,b&metrics=level&points=99999", "points"),
        ("devices=a,b", "metrics"),
    ],
)
def test_what_cannot_be_answered_is_named_in_a_400(query: str, field: str, ask: Any) -> None:
    answer = ask(query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_more_points_in_all_than_fit_are_refused_with_what_does(ask: Any, acme: Project) -> None:
    keys = [f"metric_{number}" for number in range(10)]
    for device_id in ("c", "d"):
        device = DeviceFactory.create(device_id=device_id, project=acme)
        for key in keys:
            MetricFactory.create(device=device, key=key)
    answer = ask(f"devices=c,d&metrics={','.join(keys)}&points=5000&{DAY}")
    assert answer.json()["errors"] == {"points": ["At most 2,500 each for 20 series; or ask for fewer."]}


def test_a_table_names_its_columns_by_device_and_metric(ask: Any) -> None:
    for interval in ("1h", "raw"):
        answer = ask(f"devices=a,b&metrics=level&interval={interval}&format=csv&{DAY}")
        assert next(csv.reader(StringIO(answer.getvalue().decode()))) == ["time", "a/level", "b/level"]
        assert answer["Content-Disposition"] == 'attachment; filename="history_2025-12-19_2025-12-20.csv"'


def test_raw_readings_of_several_come_in_pages_of_them_together(ask: Any) -> None:
    found = ask(f"devices=a,b&metrics=level&interval=raw&points=10&{DAY}").json()
    assert found["next"] is None
    assert {name: len(one["series"]["level"]["points"]) for name, one in found["devices"].items()} == {"a": 3, "b": 3}


def test_devices_of_several_zones_are_cut_in_utc(ask: Any, vera: User, acme: Project, globex: Project) -> None:
    vera.memberships.create(project=globex)
    Project.objects.filter(pk=acme.pk).update(time_zone="Europe/Vienna")
    assert ask(f"devices=a,b&metrics=level&{DAY}").json()["time_zone"] == "Europe/Vienna"
    assert ask(f"devices=a,hidden&metrics=level&{DAY}").json()["time_zone"] == "UTC"


def test_a_comparison_takes_the_queries_on_record(ask: Any, assert_recorded_queries: AssertRecordedQueries) -> None:
    with assert_recorded_queries("REST comparison of two devices"):
        ask(f"devices=a,b&metrics=level&{DAY}")
