"""The dashboard of models on an open page: a drift alert comes, is acknowledged, and goes after two clean checks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts.models import Alert
from devices.models import Project
from iotsphere.models import User
from mlmonitor.checks import check
from mlmonitor.ingest import hour_of, take_predictions
from tests.fixtures.browser import PageAs, expect
from tests.fixtures.live import Portal
from tests.mlmonitor.rows import baseline_of, model_of, rows

DAY = timedelta(days=1)


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


def test_a_drift_alert_comes_is_acknowledged_and_goes(page_as: PageAs, oscar: User, acme: Project) -> None:
    model = model_of(acme)
    baseline_of(model)
    version = model.versions.get()
    end = hour_of(timezone.now())

    def live_a_day(number: int, shift: float) -> None:
        start = end + (number - 3) * DAY
        take_predictions(model, rows(300, at=start, shift=shift, seed=number, name=f"d{number}-"), end)
        check(version, start, start + DAY, timezone.now())

    page = page_as(oscar)
    with page.expect_websocket() as opened:
        page.goto("/models/alerts/")
        opened.value.wait_for_event("framereceived", lambda frame: '"alerts"' in frame)
    expect(page.get_by_text("Nothing is wrong with the models")).to_be_visible()
    live_a_day(0, shift=2)
    expect(page.locator(".alert-list")).to_contain_text("gets other data than it learned from: flow")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".alert-list")).to_contain_text("acknowledged by oscar")
    page.get_by_role("tab", name="Drift").click()
    expect(page.locator("#panel-drift .model-feature").first).to_contain_text("flow")
    page.get_by_role("tab", name="Alerts").click()
    live_a_day(1, shift=0)
    assert Alert.objects.get().is_open
    live_a_day(2, shift=0)
    expect(page.get_by_text("Nothing is wrong with the models")).to_be_visible()
