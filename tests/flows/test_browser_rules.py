"""An administrator writes a rule, looks at what it would have raised, enables it, and acknowledges what it raises."""

import pytest
from django.utils import timezone

from alerts import backtest, rulebook
from alerts.models import Alert, AlertRule, Backtest
from devices.models import Device
from iotsphere.models import User
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.telemetry.letters import take, telemetry
from tests.waiting import wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_from_a_rule_to_an_acknowledged_alert(page_as: PageAs, alice: User, heater: Device) -> None:
    page = page_as(alice, reduced_motion="reduce")
    page.goto("/alerts/rules/new/")
    page.get_by_label("Name", exact=True).fill("Water warm")
    page.get_by_label("Project").select_option(label="Acme")
    page.get_by_label("Device type").select_option(label="Water heater")
    page.get_by_label("Limit", exact=True).fill("52.5")
    expect(page.locator(".condition").get_by_text('"metric" is the key of a metric.')).to_be_visible()
    page.get_by_label("Metric", exact=True).fill("temperature")
    expect(page.locator("[data-sentence]")).to_have_text("High when temperature is above 52.5.")
    page.get_by_role("button", name="Make the rule").click()

    page.get_by_role("button", name="7 days", exact=True).click()
    expect(page.get_by_text("It is being played")).to_be_visible()
    backtest.run(Backtest.objects.get(), timezone.now())
    expect(page.locator(".figures")).to_contain_text("1 time")
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Enable the rule").click()
    expect(page.get_by_text("Enabled", exact=True)).to_be_visible()
    assert AlertRule.objects.get().is_checked

    rulebook.forget()  # the rule was enabled by another process
    page.goto("/alerts/")
    now = timezone.now()
    take(telemetry(heater.device_id, {"temperature": 90.0}, time=now, at=now))
    page.get_by_role("link", name="Cellar heater: temperature is 90").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged.")).to_be_visible()
    wait_until(lambda: Alert.objects.get().acknowledged_by == alice)
