"""The admin in Chromium: no page breaks the content security policy, and no name is more than a name."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from devices.models import Device, DeviceType, Presence, Project, Purge
from devices.removal import carry_out
from iotsphere.models import User
from tests.admin.addresses import add_to, list_of, page_of
from tests.admin.rows import ROWS
from tests.architecture.house import ROOT
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricFactory, ReadingFactory
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.telemetry.letters import take, telemetry

pytestmark = pytest.mark.once

AXE = Path(ROOT, "node_modules/axe-core/axe.min.js")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# With every widget, link and table that there is; the other models' pages are made of the same.
OF_EVERY_KIND = (
    "alerts.AlertRule",
    "devices.Credential",
    "devices.Device",
    "devices.DeviceType",
    "devices.Project",
    "django_celery_beat.PeriodicTask",
    "iotsphere.User",
    "telemetry.LedgerHour",
    "telemetry.QuarantinedMessage",
)
MARKUP = [
    "</title></textarea><script>hit()</script><img src=x onerror=hit()>",
    "\"><svg onload=hit()>' onfocus='hit()' autofocus='",
    "'+hit()+'${hit()}{{ 7 * 7 }}{% now 'Y' %}javascript:hit()",
]


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_pages_of_every_kind_keep_to_the_policy_and_fit_a_phone(page_as: PageAs, root: User, acme: Project) -> None:
    """Reports of the policy and errors of scripts end up in `problems`, which fails the test."""
    rows = {label: ROWS[label](acme) for label in OF_EVERY_KIND}
    page = page_as(root, viewport={"width": 360, "height": 740})
    addresses = [address for label, row in rows.items() for address in (list_of(label), page_of(row))]
    device = rows["devices.Device"]
    for address in (*addresses, add_to("devices.Device"), page_of(device, "history"), page_of(device, "delete")):
        page.goto(address)
        page.wait_for_function("document.readyState === 'complete' && window.Alpine !== undefined")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_a_device_is_deleted_with_all_it_has_sent(page_as: PageAs, root: User, acme: Project) -> None:
    device = ReadingFactory.create(metric__device=DeviceFactory.create(project=acme, name="Boiler")).metric.device
    page = page_as(root)
    page.goto(page_of(device))
    page.get_by_role("link", name="Delete device").click()
    expect(page.get_by_text("Still kept of what they have sent: 1 reading.")).to_be_visible()
    expect(page.get_by_label("Keep it")).to_be_checked()
    page.get_by_label("Purge it").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 device will be gone before long")).to_be_visible()
    carry_out(Purge.objects.get())
    page.reload()
    expect(page.get_by_role("row", name="Boiler")).to_contain_text("Gone")
    expect(page.get_by_role("row", name="Boiler")).to_contain_text("1 readings")


def test_a_device_is_where_the_map_is_clicked(page_as: PageAs, root: User, acme: Project) -> None:
    device = DeviceFactory.create(project=acme)
    page = page_as(root, viewport={"width": 1440, "height": 900})
    page.goto(page_of(device))
    expect(page.locator(".place-map canvas")).to_be_visible()
    page.locator(".place-map").click(position={"x": 300, "y": 120})
    clicked = page.get_by_label("Latitude").input_value()
    expect(page.locator(".place-map .mark")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".place-map")).to_have_count(0)
    device.refresh_from_db()
    assert device.latitude == float(clicked)
    assert device.longitude is not None


def test_names_are_only_names(page_as: PageAs, root: User, acme: Project) -> None:
    for number, name in enumerate(MARKUP):
        project = Project.objects.create(name=name, slug=f"p-{number}")
        device_type = DeviceTypeFactory.create(name=name, description=name)
        device = DeviceFactory.create(
            project=project,
            device_type=device_type,
            name=name,
            location=name,
            labels=[name[:40]],
            presence=Presence.STALE,
        )
        MetricFactory.create(
            device=device, key="status", label=name[:64], unit=name[:16], value_type="text", last_text=name
        )
        User.objects.create_user(f"user-{number}", first_name=name, last_name=name)
        take(telemetry(f"stranger-{number}", {"status": name}))
        take(telemetry(device.device_id, {name: name, "status": 1}))
        device.name = f"{name} once more"
        device.save()
    page = page_as(root)
    page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1 }")
    labels = ("Project", "DeviceType", "Device", "Credential")
    addresses = [
        "/admin/",
        list_of("iotsphere.User"),
        list_of("telemetry.Metric"),
        list_of("telemetry.RejectedMessage"),
    ]
    addresses += [list_of("telemetry.QuarantinedMessage"), *(list_of(f"devices.{label}") for label in labels)]
    for device in Device.objects.all():
        addresses += [page_of(device), page_of(device, "history"), page_of(device, "delete")]
        addresses += [page_of(device.project), page_of(device.metrics.get())]
    addresses += [page_of(device_type) for device_type in DeviceType.objects.all()]
    for address in addresses:
        page.goto(address)
        page.wait_for_function("document.readyState === 'complete' && window.Alpine !== undefined")
        assert page.evaluate("window.hits") == 0, address
    assert not page.locator("main img[src=x]").count()


def test_the_overview_follows_while_it_is_looked_at(page_as: PageAs, root: User, acme: Project) -> None:
    DeviceFactory.create(project=acme, presence=Presence.ONLINE)
    page = page_as(root)
    page.goto("/admin/")
    expect(page.locator(".tile[data-presence=online] .tile__figure")).to_have_text("1")
    DeviceFactory.create(project=acme, presence=Presence.ONLINE)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".tile[data-presence=online] .tile__figure")).to_have_text("2")


def test_a_credential_is_issued_from_the_device_and_shown_once(page_as: PageAs, alice: User, acme: Project) -> None:
    device = DeviceFactory.create(project=acme, device_id="boiler-1")
    page = page_as(alice)
    page.goto(page_of(device))
    page.get_by_role("link", name="Issue a credential").click()
    page.get_by_role("button", name="Issue credential").click()
    secret = shown_secret(page)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert secret not in page.content()


def test_unknown_devices_are_registered_from_the_list(page_as: PageAs, root: User, acme: Project) -> None:
    take(telemetry("stranger", {"temperature": 20}))
    page = page_as(root)
    page.goto(list_of("telemetry.QuarantinedMessage"))
    page.locator("#result_list input.action-select").check()
    page.locator("select[name=action]").select_option(label="Register these devices")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Project").select_option(label="Acme")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("1 device registered in Acme; 1 reading stored.")).to_be_visible()
    assert Device.objects.get(device_id="stranger").project == acme


def test_axe_is_content(page_as: PageAs, root: User, acme: Project) -> None:
    for presence in Presence:
        DeviceFactory.create(project=acme, presence=presence)
    take(telemetry("stranger", {"temperature": 20}))
    page = page_as(root, reduced_motion="reduce")
    found = {}
    looks: list[tuple[str, Literal["light", "dark"]]] = [
        ("/admin/", "light"),
        ("/admin/", "dark"),
        (list_of("devices.Device"), "light"),
        (list_of("telemetry.QuarantinedMessage"), "dark"),
        (page_of(root), "dark"),
    ]
    for address, scheme in looks:
        page.emulate_media(color_scheme=scheme)
        page.goto(address)
        page.wait_for_function("document.readyState === 'complete' && window.Alpine !== undefined")
        page.evaluate(AXE.read_text() + "; undefined")
        for violation in page.evaluate("rules => axe.run(document, {runOnly: rules})", WCAG)["violations"]:
            found[address, scheme, violation["id"]] = [node["html"] for node in violation["nodes"]]
    assert not found


def shown_secret(page: Page) -> Any:
    found = re.search(r"iot_[0-9a-f]{16}_[\w-]+", page.locator(".panel").inner_text())
    assert found
    return found[0]
