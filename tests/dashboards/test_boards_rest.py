"""Own dashboards over REST: whose they are, what fits, who was faster, files, and what is withheld."""

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.models import Device, Project
from iotsphere.boards.change import KEPT_FOR, prune
from iotsphere.boards.exchange import as_file
from iotsphere.boards.kinds import KINDS
from iotsphere.models import Dashboard, User
from tests.factories import DeviceFactory
from tests.fixtures.clients import ApiClient

LIST = "/api/v1/dashboards/"
TEXT: dict[str, Any] = {"kind": "text", "x": 0, "y": 0, "w": 4, "h": 2, "settings": {"text": "Hello"}}


def value_of(device: str, **more: Any) -> dict[str, Any]:
    return {"kind": "value", "x": 0, "y": 0, "w": 3, "h": 3, "settings": {"device": device, "metric": "cpu"}, **more}


@pytest.fixture
def boiler(acme: Project) -> Device:
    device: Device = DeviceFactory.create(device_id="boiler.1", project=acme)
    return device


@pytest.fixture
def shared(acme: Project, alice: User, boiler: Device) -> Dashboard:
    widget = {"id": "a", "title": "Secret boiler", **value_of("boiler.1")}
    return Dashboard.objects.create(name="Wall", owner=alice, project=acme, widgets=[widget])


def test_what_is_not_shared_only_its_owner_sees(api: ApiClient, vera: User, alice: User) -> None:
    made = api(vera).post(LIST, {"name": "Mine", "widgets": [TEXT]}, format="json")
    assert made.status_code == 201
    assert made["ETag"] == '"1"'
    assert [row["name"] for row in api(vera).get(LIST).json()["results"]] == ["Mine"]
    assert api(alice).get(LIST).json()["count"] == 0
    assert api(alice).get(f"{LIST}{made.json()['id']}/").status_code == 404


def test_operators_share_and_viewers_do_not(api: ApiClient, oscar: User, vera: User, acme: Project) -> None:
    assert api(vera).post(LIST, {"name": "Wall", "project": "acme"}).status_code == 403
    made = api(oscar).post(LIST, {"name": "Wall", "project": "acme"}).json()
    seen = api(vera).get(f"{LIST}{made['id']}/").json()
    assert (seen["name"], seen["owner"], seen["may_change"]) == ("Wall", "oscar", False)
    assert api(vera).patch(f"{LIST}{made['id']}/", {"name": "Taken"}).status_code == 403


def test_only_the_owner_takes_a_dashboard_back(api: ApiClient, oscar: User, alice: User, shared: Dashboard) -> None:
    assert api(oscar).patch(f"{LIST}{shared.pk}/", {"project": None}, format="json").status_code == 403
    assert api(alice).patch(f"{LIST}{shared.pk}/", {"project": None}, format="json").status_code == 200
    assert api(oscar).get(f"{LIST}{shared.pk}/").status_code == 404


def test_whoever_comes_second_is_told_and_overwrites_nothing(api: ApiClient, oscar: User, shared: Dashboard) -> None:
    address, client = f"{LIST}{shared.pk}/", api(oscar)
    first = client.patch(address, {"name": "First"}, headers={"If-Match": '"1"'})
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    assert client.patch(address, {"name": "Second"}, headers={"If-Match": '"1"'}).status_code == 412
    assert client.delete(address, headers={"If-Match": '"1"'}).status_code == 412
    assert client.get(address).json()["name"] == "First"
    assert client.patch(address, {"name": "Third"}, headers={"If-Match": "three"}).status_code == 400


def test_what_is_deleted_can_be_brought_back_for_a_while(api: ApiClient, alice: User, shared: Dashboard) -> None:
    client, address = api(alice), f"{LIST}{shared.pk}/"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert prune() == 0
    assert client.post(f"{address}restore/").json()["name"] == "Wall"
    client.delete(address)
    Dashboard.objects.update(deleted_at=timezone.now() - KEPT_FOR)
    assert prune() == 1


def test_one_begins_with_a_dashboard_of_ones_choice(api: ApiClient, vera: User, shared: Dashboard) -> None:
    client, address = api(vera), f"{LIST}{shared.pk}/"
    assert client.post(f"{address}default/").status_code == 204
    vera.refresh_from_db()
    assert client.get(address).json()["is_default"]
    assert client.delete(f"{address}default/").status_code == 204
    vera.refresh_from_db()
    assert not client.get(address).json()["is_default"]


@pytest.mark.parametrize(
    ("widget", "path"),
    [
        ({**TEXT, "kind": "clock"}, "widgets.0.kind"),
        ({**TEXT, "x": 10}, "widgets.0.w"),
        ({**TEXT, "h": 0}, "widgets.0.h"),
        ({**TEXT, "settings": {}}, "widgets.0.settings.text"),
        ({**TEXT, "settings": {"text": "x" * 5001}}, "widgets.0.settings.text"),
        ({**TEXT, "settings": {"text": "a\0b"}}, "widgets.0.settings.text"),
        ({**TEXT, "settings": {"text": "a", "onclick": "b"}}, "widgets.0.settings.onclick"),
        (value_of("../etc"), "widgets.0.settings.device"),
        (value_of("nobody"), "widgets.0.settings.device"),
        ({**value_of("boiler.1"), "settings": {"device": "boiler.1"}}, "widgets.0.settings.metric"),
        (
            {
                **value_of("boiler.1"),
                "kind": "gauge",
                "settings": {"device": "boiler.1", "metric": "cpu", "minimum": 5, "maximum": 5},
            },
            "widgets.0.settings.maximum",
        ),
        ({**TEXT, "kind": "chart", "settings": {"series": [{"device": "boiler.1"}]}}, "widgets.0.settings.series"),
        ({**TEXT, "kind": "alerts", "settings": {"project": "globex"}}, "widgets.0.settings.project"),
        ({**TEXT, "kind": "table", "settings": {"limit": 2.5}}, "widgets.0.settings.limit"),
        ({**TEXT, "is_withheld": True}, "widgets.0.is_withheld"),
        ("text", "widgets.0.non_field_errors"),
    ],
)
def test_what_does_not_fit_is_named(
    widget: Any, path: str, api: ApiClient, alice: User, boiler: Device, globex: Project
) -> None:
    answer = api(alice).post(LIST, {"name": "Mine", "widgets": [widget]}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [path]
    assert not Dashboard.objects.exists()


def test_two_widgets_of_one_id_are_refused(api: ApiClient, alice: User) -> None:
    answer = api(alice).post(LIST, {"name": "Mine", "widgets": [{**TEXT, "id": "a"}] * 2}, format="json")
    assert answer.json()["errors"] == {"widgets": ["Two widgets have the ID a."]}


def test_what_one_may_not_see_is_withheld_over_every_door_and_kept(
    api: ApiClient, charlie: User, globex: Project, shared: Dashboard, pages: Any
) -> None:
    """Charlie operates Globex; the dashboard that is shared with it has a widget about a boiler of Acme."""
    charlie.memberships.update(role="operator")
    Dashboard.objects.update(project=globex)
    address, client = f"{LIST}{shared.pk}/", api(charlie)
    seen = client.get(address).json()
    assert seen["widgets"] == [{"id": "a", "kind": "value", "x": 0, "y": 0, "w": 3, "h": 3, "is_withheld": True}]
    for answer in (
        client.get(address),
        client.get(f"{address}export/"),
        pages(charlie).get(f"/dashboards/{shared.pk}/"),
        pages(charlie).get(f"/dashboards/{shared.pk}/data/"),
        client.post(f"{address}duplicate/"),
    ):
        assert b"boiler" not in answer.content
    saved = client.patch(address, {"widgets": [{**seen["widgets"][0], "x": 6}, TEXT]}, format="json")
    assert saved.status_code == 200, saved.json()
    kept, added = Dashboard.objects.get(pk=shared.pk).widgets
    assert (kept["title"], kept["settings"]["device"], kept["x"]) == ("Secret boiler", "boiler.1", 6)
    assert added["settings"] == TEXT["settings"]


def test_a_copy_is_ones_own(api: ApiClient, vera: User, shared: Dashboard) -> None:
    copy = api(vera).post(f"{LIST}{shared.pk}/duplicate/").json()
    assert (copy["name"], copy["owner"], copy["project"]) == ("Wall (copy)", "vera", None)
    assert copy["widgets"][0]["settings"] == {"device": "boiler.1", "metric": "cpu"}


# --- Files ---


def test_of_a_file_what_fits_is_taken_and_the_rest_is_told(api: ApiClient, vera: User, boiler: Device) -> None:
    file = as_file("Brought", [])
    file["widgets"] = [{**TEXT, "title": ""}, {**TEXT, "w": 99}, value_of("stranger"), 7]
    answer = api(vera).post(f"{LIST}import/", file, format="json")
    assert answer.status_code == 201
    told = answer.json()
    assert [widget["kind"] for widget in told["dashboard"]["widgets"]] == ["text"]
    assert [(each["index"], list(each["reasons"])) for each in told["skipped"]] == [
        (1, ["w"]),
        (2, ["settings.device"]),
        (3, ["non_field_errors"]),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"format": "grafana"}, "format"), ({"version": 2}, "version"), ({"widgets": [7]}, "widgets.0.non_field_errors")],
)
def test_what_is_no_dashboard_is_refused(change: dict[str, Any], field: str, api: ApiClient, vera: User) -> None:
    answer = api(vera).post(f"{LIST}import/", {**as_file("Brought", []), **change}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
WORDS = TEXTS.map(str.strip).filter(bool)
DEVICE = st.just("boiler.1")
KEYS = st.from_regex(r"[a-z_.]{1,8}", fullmatch=True)
SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "text": st.fixed_dictionaries({"text": TEXTS}),
    "value": st.fixed_dictionaries({"device": DEVICE, "metric": KEYS}),
    "gauge": st.fixed_dictionaries(
        {"device": DEVICE, "metric": KEYS}, optional={"minimum": st.floats(-1e6, 0), "maximum": st.floats(1, 1e6)}
    ),
    "chart": st.fixed_dictionaries(
        {"series": st.lists(st.fixed_dictionaries({"device": DEVICE, "metric": KEYS}), min_size=1, max_size=6)},
        optional={"range": st.sampled_from(["1h", "30d"]), "style": st.sampled_from(["line", "area", "bar"])},
    ),
    "table": st.fixed_dictionaries({}, optional={"label": TEXTS, "metrics": st.lists(KEYS, max_size=6, unique=True)}),
    "button": st.fixed_dictionaries(
        {"device": DEVICE, "command": TEXTS},
        optional={"params": st.dictionaries(KEYS, st.integers(-9, 9) | st.booleans() | TEXTS, max_size=3)},
    ),
    "switch": st.fixed_dictionaries({"device": DEVICE, "setting": TEXTS}, optional={"on": st.just("eco")}),
}
WIDGETS = st.sampled_from(sorted(SETTINGS)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "kind": st.just(kind),
            "x": st.integers(0, 6),
            "y": st.integers(0, 500),
            "w": st.integers(1, 6),
            "h": st.integers(1, 24),
            "title": WORDS | st.just(""),
            "settings": SETTINGS[kind],
        }
    )
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(widgets=st.lists(WIDGETS, max_size=6))
def test_what_is_taken_out_can_be_taken_in(
    widgets: list[dict[str, Any]], api: ApiClient, vera: User, boiler: Device
) -> None:
    file, client = as_file("Brought", widgets), api(vera)
    answer = client.post(f"{LIST}import/", file, format="json")
    assert answer.status_code == 201, answer.json()
    assert answer.json()["skipped"] == []
    assert client.get(f"{LIST}{answer.json()['dashboard']['id']}/export/").json() == file


def test_every_kind_says_what_it_is_and_fits_its_grid() -> None:
    for name, kind in KINDS.items():
        assert kind.label
        assert all(0 < least <= usual <= 12 for least, usual in zip(kind.least, kind.size, strict=True)), name
        described = kind.described()["fields"]
        assert [field["name"] for field in described] == [field.name for field in kind.fields]
