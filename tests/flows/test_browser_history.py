import csv
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route

from devices.commands import send as issue_command
from devices.models import Device, Project
from iotsphere.models import User
from telemetry.store import write_readings
from tests.alerts.rules import alert_of
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def page(page_as: PageAs, vera: User, heater: Device) -> Page:
    page = page_as(vera, viewport={"width": 1280, "height": 900})
    page.goto("/devices/WATER_HEATER_01/history/")
    expect(page.locator("canvas")).to_have_count(4)
    return page


def shown_range(page: Page) -> tuple[str, str]:
    return page.get_by_label("From", exact=True).input_value(), page.get_by_label("To", exact=True).input_value()


def test_actual_and_target_temperature_share_a_chart(page: Page) -> None:
    chart = page.get_by_role("region", name="Temperature", exact=False).first
    expect(chart.locator("[data-legend]")).to_have_text("Water temperatureTarget temperature")


def test_what_was_never_sent_says_that_there_is_nothing(page: Page) -> None:
    anode = page.locator("[data-chart]", has=page.get_by_role("heading", name="Anode left"))
    expect(anode.get_by_text("No readings in this range")).to_be_visible()


def test_a_range_is_chosen_with_a_button(page: Page) -> None:
    with page.expect_response(re.compile("agg=delta&interval=1h")):
        page.get_by_role("button", name="24 h").click()
    expect(page.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "false")


def test_a_range_is_chosen_by_its_ends(page: Page) -> None:
    _, end = shown_range(page)
    start = f"{end[:10]}T00:00"
    page.get_by_label("From", exact=True).fill(start)
    page.get_by_label("To", exact=True).fill(f"{end[:10]}T23:59")
    with page.expect_response(re.compile("history")):
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "false")
    assert shown_range(page) == (start, f"{end[:10]}T23:59")


def test_a_range_that_ends_before_it_begins_is_not_asked_for(page: Page) -> None:
    page.get_by_label("From", exact=True).fill("2026-01-02T00:00")
    page.get_by_label("To", exact=True).fill("2026-01-01T00:00")
    page.get_by_role("button", name="Show").click()
    assert (
        page.get_by_label("To", exact=True).evaluate("input => input.validationMessage")
        == "The end must be after the beginning."
    )


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        ("2090-01-01T00:00", "2090-01-02T00:00", "This has not come yet. Choose a time that has passed."),
        ("2001-01-01T00:00", "2026-01-01T00:00", "At most 5,000 days at once."),
    ],
)
def test_a_range_that_cannot_be_answered_says_why(start: str, end: str, reason: str, page: Page) -> None:
    page.get_by_label("From", exact=True).fill(start)
    page.get_by_label("To", exact=True).fill(end)
    page.get_by_role("button", name="Show").click()
    field = page.get_by_label("From", exact=True)
    assert field.evaluate("input => input.validationMessage") == reason
    field.fill("2026-01-01T00:00")
    assert field.evaluate("input => input.validationMessage") == ""


def test_where_nothing_was_sent_the_line_is_broken(page_as: PageAs, vera: User, acme: Project) -> None:
    metric = MetricFactory.create(device=DeviceFactory.create(device_id="gap", project=acme), key="level")
    now = timezone.now()
    minutes = [*range(600, 400, -10), *range(100, 0, -10)]
    write_readings((metric.pk, now - timedelta(minutes=minute), 1.0, None) for minute in minutes)
    page = page_as(vera)
    page.goto("/devices/gap/history/")
    expect(page.locator("canvas")).to_have_count(1)
    holes = """() => {
        const chart = Chart.getChart(document.querySelector("canvas"));
        return chart.data.datasets[0].data.filter(({ y }) => Number.isNaN(y)).length;
    }"""
    assert page.evaluate(holes) == 1


def test_dragging_over_a_chart_zooms_all_of_them_and_back(page: Page) -> None:
    before = shown_range(page)
    box = page.locator("canvas").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 90, steps=5)
    with page.expect_response(re.compile("history")):
        page.mouse.up()
    expect(page.get_by_role("button", name="Reset zoom")).to_be_visible()
    assert shown_range(page)[0] > before[0]
    with page.expect_response(re.compile("history")):
        page.get_by_role("button", name="Reset zoom").click()
    expect(page.get_by_role("button", name="Reset zoom")).to_be_hidden()
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")


def test_the_figures_are_there_as_a_table(page: Page) -> None:
    page.get_by_role("button", name="Table").first.click()
    table = page.get_by_role("region", name="Temperature as a table")
    expect(table.get_by_role("columnheader")).to_have_text(["Time", "Water temperature °C", "Target temperature °C"])
    expect(table.get_by_role("row").last).to_contain_text("52.9")


def test_the_figures_are_there_as_csv(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    download.value.save_as(tmp_path / "history.csv")
    rows = list(csv.reader((tmp_path / "history.csv").read_text().splitlines()))
    assert len(rows) > 280
    assert any("temperature" in column for column in rows[0])


def test_a_failure_can_be_tried_again(page: Page, problems: Problems) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "The portal is tired."}')

    page.route("**/history/?*", fail)
    page.get_by_role("button", name="14 days").click()
    expect(page.get_by_role("alert")).to_contain_text("The portal is tired.")
    expect(page.locator("[data-charts]")).to_be_hidden()
    page.unroute("**/history/?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("canvas")).to_have_count(4)
    assert all("503" in problem for problem in problems.take())


def test_a_device_with_a_dozen_metrics_has_a_dozen_charts(page_as: PageAs, vera: User, acme: Project) -> None:
    device = DeviceFactory.create(device_id="many", project=acme)
    for number in range(12):
        MetricFactory.create(device=device, key=f"metric_{number:02}")
    page = page_as(vera)
    page.goto("/devices/many/")
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("No readings in this range")).to_have_count(12)


def test_alerts_and_commands_are_marked_and_the_time_before_is_compared(
    page: Page, heater: Device, oscar: User
) -> None:
    alert_of(heater.project, device=heater, message="Too hot", event_time=timezone.now() - timedelta(hours=3))
    issue_command(oscar, "identify", {}, [heater])
    page.reload()
    events = page.get_by_role("region", name="Alerts and commands")
    expect(events.get_by_role("listitem")).to_contain_text(["Identify, by oscar", "Too hot, still open"])
    page.get_by_label("Compare with").select_option("before")
    legend = page.get_by_role("region", name="Temperature", exact=False).first.locator("[data-legend]")
    expect(legend).to_contain_text("Water temperature, the time before")
    page.get_by_role("button", name="Alerts and commands").click()
    expect(events).to_be_hidden()
