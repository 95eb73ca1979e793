"""Every page as everyone may see it, from phones to wide screens: nothing sticks out, and axe has nothing to say."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve, reverse
from django.utils import translation
from playwright.sync_api import Page

from alerts.models import Backtest
from devices.models import ClaimCode, Device, Presence, Project
from iotsphere.boards.kinds import KINDS
from iotsphere.models import Dashboard, User
from reports.models import Run
from telemetry.values import value_in_words
from tests.admin.rows import campaign_of, report_run_of, report_schedule_of
from tests.alerts.rules import COOL, alert_of, rule_for
from tests.architecture.house import ROOT
from tests.dashboards.test_roles import CAST, MATRIX
from tests.factories import NOON, DeviceFactory, FirmwarePackageFactory
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
    "device": "/devices/WATER_HEATER_01/",
    "operations": "/devices/WATER_HEATER_01/operations/",
    "predictions": "/devices/WATER_HEATER_01/predictions/",
    "history": "/devices/WATER_HEATER_01/history/",
    "quality": "/devices/WATER_HEATER_01/quality/",
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
    "new report schedule": "/reports/schedules/new/",
    "models' reports": "/models/reports/",
    "who is told": "/alerts/told/",
}
pytestmark = pytest.mark.once
EVERYTHING: dict[str, Any] = {}
SCREENS = [(360, "light"), (1440, "dark")]
WIDTHS = (360, 768, 1440)
PARTS = 3  # so that a slow machine is not taken for one that hangs
# They have what the others are made of.
BY_NIGHT = ("cards", "profile", "list", "operations", "history", "alerts", "alert", "edit rule", "models", "dashboard")
# What is fetched by pages and programs, and never looked at.
NO_PAGES = {
    "authority", "dashboard-data", "dashboard-devices", "firmware-key", "fleet-map", "fleet-summary", "manifest",
    "models-newest", "report-export", "report-file", "revoked-certificates", "service-worker",
}  # fmt: skip
LONG = "<b>Unbreakably_long_device_name_" + "x" * 60


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def complaints(page: Page) -> list[str]:
    """What axe finds. It is evaluated by the debugger: the policy of the page would not let it in."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE.read_text() + "; undefined")
    run = "axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)"
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in page.evaluate(f"rules => {run}", RULES)
        for node in violation["nodes"]
    ]


def sticks_out(page: Page) -> list[int]:
    """The widths of a screen at which the page stays wider than that."""

    def fits(width: int) -> bool:
        return bool(page.evaluate("width => document.documentElement.scrollWidth <= width", width))

    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        try:
            wait_until(partial(fits, width))  # charts and maps follow a moment later
        except AssertionError:
            wide.append(width)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return wide


def settle(page: Page) -> None:
    if page.locator("#live").count():
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator(".skeleton:not(.guide *):visible")).to_have_count(0)
    expect(page.locator(".cell__body:empty")).to_have_count(0)
    if page.url.endswith("?edit") and page.locator("[data-edit]").count():
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
        "delete rule": reverse("rule-delete", args=[rule.pk]),
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


def pages_of_firmware(heater: Device) -> dict[str, str]:
    code = ClaimCode.objects.create(device=heater, code="2222-3333-4444-5555")
    return {
        "claim": reverse("claim", args=[code.code]),
        "roll out": reverse("firmware-roll-out", args=[FirmwarePackageFactory.create(project=heater.project).pk]),
        "campaign": reverse("firmware-campaign", args=[campaign_of(heater.project).pk]),
    }


@pytest.fixture
def everything(acme: Project, heater: Device) -> dict[str, str]:
    """All pages, with something on them."""
    for presence in Presence:
        DeviceFactory.create(project=acme, name=LONG, presence=presence, labels=["x" * 40], location=LONG)
    drifted_model(acme)
    forecast_of(acme, device=heater)
    of_rows = [pages_of_alerts(heater), dashboards(heater), pages_of_reports(acme), pages_of_firmware(heater)]
    return {**PAGES, **{name: address for pages in of_rows for name, address in pages.items()}}


def may_open(person: str, route: str) -> bool:
    return MATRIX[route][CAST.index(person)] == 200


def route_of(address: str) -> str:
    return str(resolve(address.partition("?")[0]).url_name)


def test_no_page_is_left_out(everything: dict[str, str]) -> None:
    pages = {route for route in MATRIX if may_open("alice", route)} - NO_PAGES
    assert {route_of(address) for address in everything.values()} == pages


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("person", ["alice", "oscar", "vera"])
def test_pages_fit_and_axe_is_content(
    page_as: PageAs, everything: dict[str, str], person: str, part: int, request: pytest.FixtureRequest
) -> None:
    """Axe looks at all that administrators see by day, and by night at what the others see of it."""
    seen = [name for name, address in everything.items() if may_open(person, route_of(address))]
    page = page_as(
        request.getfixturevalue(person),
        viewport={"width": WIDTHS[0], "height": 900},
        color_scheme="light" if person == "alice" else "dark",
        reduced_motion="reduce",
    )
    found = {}
    for name in seen[part::PARTS]:
        page.goto(everything[name])
        settle(page)
        if (person == "alice" or name in BY_NIGHT) and (found_here := complaints(page)):
            found[name] = found_here
        if wide := sticks_out(page):
            found[name] = [*found.get(name, []), f"sticks out at {wide}"]
    assert found == {}


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_doors_fit_and_axe_is_content(
    page_as: PageAs, vera: User, width: int, scheme: str, problems: Problems
) -> None:
    screen = {"viewport": {"width": width, "height": 740}, "color_scheme": scheme}
    for user, address in ((None, "/login/"), (None, "/no-such-page/"), (vera, "/console/")):
        page = page_as(user, **screen)
        page.goto(address)
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert ["404" in problem for problem in problems.take()] == [True, False]


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


def test_a_line_of_what_does_not_change_is_level(page_as: PageAs) -> None:
    page = page_as()
    page.goto("/login/")
    drawn = page.evaluate(
        "async () => { const { Sparkline } = await import('/static/js/sparkline.js');"
        "const svg = document.querySelector('svg');"
        "new Sparkline(svg).set([[0, 2038.133], [1000, 2038.1330000000003], [2000, 2038.133]]);"
        "return svg.querySelector('.sparkline__line').getAttribute('d'); }"
    )
    assert drawn == "M0.00 16.00L50.00 16.00L100.00 16.00"


def test_scripts_write_values_as_the_first_paint_does(page_as: PageAs) -> None:
    page = page_as()
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
    write = (
        "async ([cases, language]) => { document.documentElement.lang = language;"
        "const { valueInWords } = await import('/static/js/values.js');"
        "return cases.map(([value, precision]) => valueInWords(value, precision)); }"
    )
    for language in ("en", "de"):
        page.goto("/login/")
        written = page.evaluate(write, [[list(case) for case in cases], language])
        with translation.override(language):
            assert written == [value_in_words(float(value), precision) for value, precision in cases]
