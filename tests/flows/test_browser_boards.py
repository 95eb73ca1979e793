"""Own dashboards in the browser: arranged by pointer and keyboard, saved, seen by others, and never overwritten."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from devices.models import Device, Project
from iotsphere.models import Dashboard, User
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal
from tests.waiting import wait_until

pytestmark = pytest.mark.once
XSS = "<img src=x onerror=document.title='owned'>\"'><script>document.title='owned'</script>"
WIDE = {"width": 1440, "height": 900}


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def text(name: str, place: tuple[int, int, int, int], words: str = "Hello") -> dict[str, Any]:
    x, y, w, h = place
    return {"id": name, "kind": "text", "x": x, "y": y, "w": w, "h": h, "title": name, "settings": {"text": words}}


@pytest.fixture
def wall(acme: Project, oscar: User) -> Dashboard:
    widgets = [text("one", (0, 0, 3, 2)), text("two", (3, 0, 3, 2))]
    return Dashboard.objects.create(name="Wall", owner=oscar, project=acme, widgets=widgets)


def places(board: Dashboard) -> dict[str, tuple[int, ...]]:
    board.refresh_from_db()
    return {widget["id"]: tuple(widget[name] for name in "xywh") for widget in board.widgets}


def drag(page: Page, what: Any, right: float, down: float) -> None:
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()


def test_widgets_are_arranged_saved_undone_and_seen_by_others(
    page_as: PageAs, oscar: User, vera: User, wall: Dashboard
) -> None:
    page = page_as(oscar, viewport=WIDE)
    page.goto(f"/dashboards/{wall.pk}/")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("button", name="Done")).to_be_visible()  # the editor is fetched only now
    one = page.locator(".cell[data-id=one]")
    column = one.evaluate("element => element.offsetWidth") / 3
    drag(page, one, 6 * column + 60, 0)
    wait_until(lambda: places(wall)["one"] == (6, 0, 3, 2))
    drag(page, one.locator(".cell__corner"), 2 * column, 120)
    wait_until(lambda: places(wall)["one"] == (6, 0, 5, 4))
    # By keyboard: to the left, then narrower; the buttons of the toolbar do the same.
    one.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.get_by_role("button", name="Shorter").click()
    wait_until(lambda: places(wall)["one"] == (5, 0, 4, 3))
    page.keyboard.press("Control+z")
    wait_until(lambda: places(wall)["one"] == (5, 0, 4, 4))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Edit")).to_be_focused()
    other = page_as(vera, viewport=WIDE)
    other.goto(f"/dashboards/{wall.pk}/")
    expect(other.locator(".cell[data-id=two] h2")).to_have_text("two")
    assert other.locator(".cell[data-id=one]").bounding_box() == one.bounding_box()
    expect(other.get_by_role("button", name="Edit")).to_have_count(0)


def test_a_widget_is_added_and_shows_what_its_device_says(
    page_as: PageAs, oscar: User, wall: Dashboard, heater: Device
) -> None:
    page = page_as(oscar, viewport=WIDE)
    page.goto(f"/dashboards/{wall.pk}/?edit")
    page.get_by_role("button", name="Add widget").click()
    page.get_by_role("button", name="Gauge").click()
    page.get_by_label("Device", exact=True).fill("WATER_HEATER_01")
    expect(page.get_by_label("Metric")).to_have_value("temperature")
    page.get_by_role("button", name="Apply").click()
    gauge = page.locator(".cell[data-kind=gauge]")
    expect(gauge.locator(".gauge__value")).to_have_text("52.9")
    wait_until(lambda: len(places(wall)) == 3)
    assert wall.widgets[2]["settings"] == {"device": "WATER_HEATER_01", "metric": "temperature"}
    page.reload()
    expect(gauge.locator(".cell__of")).to_have_text("Cellar heater")


@pytest.mark.parametrize("choice", ["Keep mine as a copy", "Load theirs"])
def test_a_conflict_is_told_and_nothing_is_lost(
    choice: str, page_as: PageAs, oscar: User, wall: Dashboard, problems: Problems
) -> None:
    page = page_as(oscar, viewport=WIDE)
    page.goto(f"/dashboards/{wall.pk}/?edit")
    one = page.locator(".cell[data-id=one]")
    expect(page.get_by_role("button", name="Done")).to_be_visible()
    Dashboard.objects.update(version=2, widgets=[text("theirs", (0, 0, 3, 2))])
    one.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name=choice).click()
    assert len(problems.take()) == 1  # the answer 412, on the console
    if choice == "Load theirs":
        expect(page.locator(".cell[data-id=theirs]")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        wait_until(lambda: places(wall) == {"one": (0, 0, 3, 3), "two": (3, 0, 3, 2)})
    else:
        expect(page.get_by_role("heading", name="Wall (mine)")).to_be_visible()
        assert places(Dashboard.objects.get(owner=oscar, project=None)) == {"one": (0, 0, 3, 3), "two": (3, 0, 3, 2)}
        assert list(places(wall)) == ["theirs"]


def test_nothing_that_people_write_becomes_part_of_the_page(page_as: PageAs, oscar: User, acme: Project) -> None:
    """The policy would report what it stops: that would be among the problems."""
    device = DeviceFactory.create(device_id="boiler.1", name=XSS, project=acme, latitude=1, longitude=1)
    MetricFactory.create(device=device, label=XSS, unit="<b>", last_value=1, last_time="2025-12-19T12:00Z")
    about = {"device": "boiler.1", "metric": "temperature"}
    kinds = {
        "value": about,
        "gauge": about,
        "chart": {"series": [about]},
        "status": {"device": "boiler.1"},
        "table": {},
        "map": {},
        "alerts": {},
        "button": {"device": "boiler.1", "command": XSS},
        "text": {
            "text": f"# {XSS}\n\n- {XSS}\n\n[**{XSS}**](javascript:alert(1)) [a](data:text/html,x) [fine](/alerts/)"
        },
    }
    widgets = [
        {**text(kind, (0, 4 * row, 6, 4)), "kind": kind, "title": XSS if row % 2 else "", "settings": settings}
        for row, (kind, settings) in enumerate(kinds.items())
    ]
    board = Dashboard.objects.create(name=XSS, owner=oscar, project=acme, widgets=widgets)
    page = page_as(oscar, viewport={"width": 1440, "height": 2600})
    page.goto(f"/dashboards/{board.pk}/")
    expect(page.locator(".cell[data-kind=table] tbody th")).to_have_text(XSS)
    expect(page.locator(".prose li")).to_have_text(XSS)
    expect(page.locator(".mark")).to_have_count(1)
    assert [link.get_attribute("href") for link in page.locator(".prose a").all()] == ["/alerts/"]
    page.goto("/dashboards/")
    expect(page.locator(".board-card h2")).to_have_text(XSS)
    assert page.evaluate("document.title") == "Dashboards · IoTSphere"
    assert page.locator("main img, main script:not([type])").count() == 0


def test_kiosk_turns_to_the_next_dashboard_and_escape_leaves(page_as: PageAs, oscar: User, wall: Dashboard) -> None:
    other = Dashboard.objects.create(name="Other", owner=oscar, widgets=[text("three", (0, 0, 12, 2))])
    page = page_as(oscar, viewport=WIDE)
    page.goto(f"/dashboards/{wall.pk}/?kiosk={wall.pk},{other.pk}&every=60")
    expect(page.locator(".bar")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cell[data-id=three]")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Other")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"/dashboards/{other.pk}/$"))
    expect(page.locator(".bar")).to_be_visible()


def test_what_is_deleted_comes_back_by_undo(page_as: PageAs, oscar: User, wall: Dashboard) -> None:
    page = page_as(oscar)
    page.goto("/dashboards/")
    page.get_by_label("More about Wall").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No dashboards yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Wall")).to_be_visible()
