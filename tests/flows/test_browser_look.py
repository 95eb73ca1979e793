"""Every page on a phone and on a wide screen: nothing sticks out, and axe has nothing to say."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from alerts.models import Backtest
from devices.models import Device, Presence, Project
from iotsphere.boards.kinds import KINDS
from iotsphere.models import Dashboard, User
from reports.models import Run
from telemetry.values import value_in_words
from tests.admin.rows import report_run_of, report_schedule_of
from tests.alerts.rules import COOL, alert_of, rule_for
from tests.architecture.house import ROOT
from tests.factories import NOON, DeviceFactory
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal
from tests.mlmonitor.rows import drifted_model, forecast_of
from tests.waiting import wait_until

AXE = Path(ROOT, "node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "cards": "/?view=grid",
    "list": "/?view=list",
    "map": "/?view=map",
    "groups": "/?view=grid&group=label",
    "groups as lists": "/?view=list&group=type",
    "profile": "/profile/",
    "offline": "/offline/",
    "nothing found": "/?q=nothing-is-called-so",
    "details": "/devices/WATER_HEATER_01/details/",
    "operations": "/devices/WATER_HEATER_01/operations/",
    "predictions": "/devices/WATER_HEATER_01/predictions/",
    "history": "/devices/WATER_HEATER_01/history/",
    "servers": "/servers/",
    "console": "/console/",
    "dashboards": "/dashboards/",
    "firmware": "/firmware/",
    "style guide": "/styleguide/",
    "alerts": "/alerts/",
    "models": "/models/",
    "model's performance": "/models/performance/?model=leak",
    "model's drift": "/models/drift/?model=leak",
    "models' alerts": "/models/alerts/",
    "rules": "/alerts/rules/",
    "new rule": "/alerts/rules/new/",
    "silences": "/alerts/silences/",
    "patterns": "/alerts/patterns/?days=90",
    "notifications": "/alerts/notifications/",
    "preferences": "/alerts/notifications/preferences/",
    "deliveries": "/alerts/notifications/deliveries/",
    "reports": "/reports/",
    "new report": "/reports/new/?kind=device",
    "report templates": "/reports/templates/",
    "report schedules": "/reports/schedules/",
    "models' reports": "/models/reports/",
    "who is told": "/alerts/told/",
}
pytestmark = pytest.mark.once
EVERYTHING: dict[str, Any] = {}
SCREENS = [(360, "light"), (1440, "dark")]
WIDTHS = (360, 768, 1440)
# They have what the others are made of.
BY_NIGHT = ("cards", "profile", "list", "operations", "history", "alerts", "alert", "edit rule", "models", "dashboard")
LONG = "<b>Unbreakably_long_device_name_" + "x" * 60


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def complaints(page: Page) -> list[str]:
    """What axe finds. It is evaluated by the debugger: the policy of the page would not let it in."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE.read_text() + "; undefined")
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def sticks_out(page: Page, opened: int) -> list[int]:
    """The widths of a screen at which the page stays wider than that, from the one on at which it was opened."""

    def fits(width: int) -> bool:
        return bool(page.evaluate("width => document.documentElement.scrollWidth <= width", width))

    wide = []
    for width in WIDTHS[WIDTHS.index(opened) :]:
        page.set_viewport_size({"width": width, "height": 900})
        try:
            wait_until(partial(fits, width))  # charts and maps follow a moment later
        except AssertionError:
            wide.append(width)
    page.set_viewport_size({"width": opened, "height": 900})
    return wide


def settle(page: Page) -> None:
    if page.locator("#live").count():
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator(".skeleton:not(.guide *):visible")).to_have_count(0)
    expect(page.locator(".cell__body:empty")).to_have_count(0)
    if page.url.endswith("?edit"):
        expect(page.get_by_role("button", name="Done")).to_be_visible()


def pages_of_alerts(heater: Device) -> dict[str, str]:
    """Those of an alert, its rule, and what the rule would have raised."""
    rule = rule_for(heater, {"clear": COOL}, name=LONG, is_enabled=False)
    alert = alert_of(heater.project, device=heater, rule=rule, message=LONG)
    episode = {"device": heater.device_id, "severity": "high", "from": "2025-12-18T10:00:00+00:00", "to": None}
    backtest = Backtest.objects.create(
        rule=rule, revision=1, days=30, status="done", fires=1, devices=1, episodes=[episode], finished_at=NOON
    )
    return {
        "alert": alert.get_absolute_url(),
        "rule": rule.get_absolute_url(),
        "edit rule": reverse("rule-edit", args=[rule.pk]),
        "copy rule": reverse("rule-copy", args=[rule.pk]),
        "versions": reverse("rule-versions", args=[rule.pk]),
        "why": f"{reverse('rule-why', args=[rule.pk])}?device={heater.device_id}",
        "backtest": reverse("backtest", args=[backtest.pk]),
    }


def dashboards(heater: Device) -> dict[str, str]:
    """One with a widget of each kind, as it is looked at and as it is edited."""
    shown = {"device": heater.device_id, "metric": "temperature"}
    settings: dict[str, dict[str, Any]] = {
        **dict.fromkeys(KINDS, shown),
        "chart": {"series": [shown]},
        "status": {"device": heater.device_id},
        **dict.fromkeys(("presence", "alerts", "map", "table"), EVERYTHING),
        "button": {"device": heater.device_id, "command": "boost"},
        "switch": {"device": heater.device_id, "setting": "mode", "on": "eco", "off": "off"},
        "slider": {"device": heater.device_id, "setting": "target_temperature"},
        "text": {"text": f"# {LONG}\n\n- **bold** and [a link](/alerts/)"},
    }
    widgets = [
        {
            "id": kind,
            "kind": kind,
            "x": 3 * (row % 4),
            "y": 4 * (row // 4),
            "w": 3,
            "h": 4,
            "title": "",
            "settings": said,
        }
        for row, (kind, said) in enumerate(settings.items())
    ]
    board = Dashboard.objects.create(name=LONG, project=heater.project, widgets=widgets)
    return {"dashboard": board.get_absolute_url(), "edited": f"{board.get_absolute_url()}?edit"}


def pages_of_reports(acme: Project) -> dict[str, str]:
    """One that is done, and a schedule that has sent one and failed with another."""
    run, schedule = report_run_of(acme), report_schedule_of(acme)
    Run.objects.filter(pk=run.pk).update(
        title=LONG, file_name=f"{LONG}.csv", sha256="f" * 64, schedule=schedule, slot=NOON
    )
    schedule.deliveries.create(slot=NOON, run=run, address=f"{'x' * 60}@example.com", answer=LONG, due_at=NOON)
    schedule.unsubscriptions.create(address=f"{'y' * 60}@example.com")
    return {"report": run.get_absolute_url(), "report schedule": schedule.get_absolute_url()}


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_pages_fit_and_axe_is_content(
    page_as: PageAs, alice: User, acme: Project, heater: Device, width: int, scheme: str
) -> None:
    for presence in Presence:
        DeviceFactory.create(project=acme, name=LONG, presence=presence, labels=["x" * 40], location=LONG)
    drifted_model(acme)
    forecast_of(acme, device=heater)
    page = page_as(alice, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    pages = {**PAGES, **pages_of_alerts(heater), **dashboards(heater), **pages_of_reports(acme)}
    found = {}
    for name in pages if scheme == "light" else BY_NIGHT:
        page.goto(pages[name])
        settle(page)
        if found_here := complaints(page):
            found[name] = found_here
        assert sticks_out(page, width) == [], name
    assert found == {}


def test_operators_and_viewers_see_pages_that_fit_too(page_as: PageAs, oscar: User, vera: User, heater: Device) -> None:
    """What they see is a part of what administrators do: those pages where the part is another one are looked at."""
    alerts, boards = pages_of_alerts(heater), dashboards(heater)
    pages = [PAGES["cards"], PAGES["details"], PAGES["alerts"], alerts["alert"], alerts["rule"], boards["dashboard"]]
    for user in (oscar, vera):
        page = page_as(user, viewport={"width": 360, "height": 900}, reduced_motion="reduce")
        for address in pages:
            page.goto(address)
            settle(page)
            assert sticks_out(page, 360) == [], address


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_doors_fit_and_axe_is_content(
    page_as: PageAs, db: None, width: int, scheme: str, problems: Problems
) -> None:
    page = page_as(viewport={"width": width, "height": 740}, color_scheme=scheme)
    for address in ("/login/", "/no-such-page/"):
        page.goto(address)
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all("404" in problem for problem in problems.take())


def test_the_first_tab_stop_skips_to_the_content(page_as: PageAs, vera: User) -> None:
    page = page_as(vera)
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_menu_closes_with_escape(page_as: PageAs, vera: User) -> None:
    page = page_as(vera)
    page.goto("/")
    page.get_by_label("Account of vera").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_scripts_write_values_as_the_first_paint_does(page_as: PageAs, vera: User) -> None:
    page = page_as(vera)
    page.goto("/")
    values: list[float] = [
        0,
        -0.04,
        0.5,
        1.5,
        25.55,
        1234567.891,
        12.345678,
        123456789.0,
        0.000123456789,
        -61,
        999999999999.4,
    ]
    values += [1e12, -3.4e15, 1e300]
    cases = [(value, precision) for value in values for precision in (None, 0, 1, 2)]
    written = page.evaluate(
        "async cases => { const { valueInWords } = await import('/static/js/values.js');"
        "return cases.map(([value, precision]) => valueInWords(value, precision)); }",
        [list(case) for case in cases],
    )
    assert written == [value_in_words(float(value), precision) for value, precision in cases]
