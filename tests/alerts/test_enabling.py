"""A rule is enabled after a look at what it would have raised, or knowingly without: over REST and in the admin too."""

from typing import Any

import pytest

from alerts.models import AlertRule, Backtest
from alerts.models.backtest import BacktestStatus
from devices.models import Project
from iotsphere.models import User
from tests.alerts.rules import HOT, rule_for
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory
from tests.fixtures.clients import ApiClient, PageClient

RULES = "/api/v1/alert-rules/"
LEVELS = [{"severity": "high", "when": HOT}]


@pytest.fixture
def rule(acme: Project) -> AlertRule:
    return rule_for(DeviceFactory.create(device_id="boiler", project=acme), about=None, is_enabled=False)


def tried(rule: AlertRule) -> Backtest:
    return Backtest.objects.create(rule=rule, revision=rule.revision, status=BacktestStatus.DONE, fires=3, devices=1)


def state(rule: AlertRule) -> tuple[bool, bool, bool]:
    rule.refresh_from_db()
    return rule.is_enabled, rule.is_checked, rule.was_enabled_untried


def test_over_rest_it_takes_a_look_or_a_word(rule: AlertRule, api: ApiClient, alice: User) -> None:
    client, address = api(alice), f"{RULES}{rule.pk}/"
    refused = client.patch(address, {"is_enabled": True})
    assert "Try the rule on the past first" in refused.json()["errors"]["is_enabled"][0]
    seen = tried(rule)
    changed: dict[str, Any] = {"levels": [{"severity": "low", "when": HOT}], "is_enabled": True, "seen": seen.pk}
    assert client.patch(address, changed, format="json").status_code == 400  # it means something else then
    assert state(rule) == (False, False, False)
    assert client.patch(address, {"is_enabled": True, "seen": seen.pk}).status_code == 200
    assert state(rule) == (True, True, False)


def test_over_rest_one_can_be_made_and_enabled_knowingly(acme: Project, api: ApiClient, alice: User) -> None:
    wanted: dict[str, Any] = {"name": "Hot", "project": "acme", "levels": LEVELS, "is_enabled": True}
    assert api(alice).post(RULES, wanted, format="json").status_code == 400
    assert api(alice).post(RULES, {**wanted, "untried": True}, format="json").status_code == 201
    assert state(AlertRule.objects.get()) == (True, True, True)


@pytest.mark.parametrize("is_tried", [True, False])
def test_the_admin_shows_what_it_would_have_raised(
    rule: AlertRule, pages: PageClient, alice: User, is_tried: bool
) -> None:
    if is_tried:
        tried(rule)
    client, address = pages(alice), f"/admin/alerts/alertrule/{rule.pk}/switch_on/"
    text = "would have fired 3 times" if is_tried else "not tried as it is now"
    assert text in client.get(address).content.decode()
    client.post(address, {"confirmed": "yes"})
    assert state(rule) == (is_tried, is_tried, False)
    client.post(address, {"confirmed": "yes", "untried": "on"})
    assert state(rule) == (True, True, not is_tried)


def test_the_admin_s_form_does_not_enable(rule: AlertRule, pages: PageClient, alice: User, acme: Project) -> None:
    form = {"name": "Hot", "project": acme.pk, "levels": '[{"severity": "high", "when": {"presence": "offline"}}]'}
    formset = {"backtests-TOTAL_FORMS": 0, "backtests-INITIAL_FORMS": 0}
    pages(alice).post(f"/admin/alerts/alertrule/{rule.pk}/change/", {**form, **formset, "is_enabled": "on"})
    rule.refresh_from_db()
    assert (rule.name, rule.is_enabled) == ("Hot", False)


# --- Copies ---


@pytest.fixture
def furnace(rule: AlertRule) -> Any:
    furnace = DeviceTypeFactory.create(slug="furnace", name="Furnace")
    MetricDefinitionFactory.create(device_type=furnace, key="temperature")
    lamp = DeviceTypeFactory.create(slug="lamp", name="Lamp")
    MetricDefinitionFactory.create(device_type=lamp, key="brightness")
    return furnace


def test_a_rule_is_copied_to_the_types_that_send_what_it_asks_for(
    rule: AlertRule, furnace: Any, api: ApiClient, alice: User
) -> None:
    client, address = api(alice), f"{RULES}{rule.pk}/copy/"
    wanted = {"device_types": ["furnace", "lamp"], "dry_run": True}
    preview = client.post(address, wanted, format="json").json()
    assert [(copy["rule"], copy["problem"]) for copy in preview] == [
        (None, ""),
        (None, "Devices of type Lamp sent no temperature, but brightness."),
    ]
    made = client.post(address, {**wanted, "dry_run": False}, format="json")
    [copy] = AlertRule.objects.filter(device_type=furnace)
    assert (made.status_code, made.json()[0]["rule"]) == (201, copy.pk)
    assert (copy.name, copy.levels, copy.is_enabled) == ("Too hot (Furnace)", rule.levels, False)
    again = client.post(address, wanted, format="json").json()
    assert again[0]["problem"] == "“Too hot (Furnace)” says this of them already."
    assert client.post(address, {"device_types": []}, format="json").status_code == 400


def test_the_page_shows_the_copies_before_it_makes_them(
    rule: AlertRule, furnace: Any, pages: PageClient, alice: User, oscar: User
) -> None:
    client, address = pages(alice), f"/alerts/rules/{rule.pk}/copy/"
    preview = client.post(address, {"device_type": ["furnace", "lamp"]})
    assert "sent no temperature" in preview.content.decode()
    said = {"device_type": ["furnace", "lamp"], "seen": preview.context["seen"]}
    rule.levels = [{"severity": "low", "when": HOT}]
    rule.save()
    client.post(address, said)  # it means something else by now
    assert not AlertRule.objects.filter(device_type=furnace).exists()
    client.post(address, {**said, "seen": client.post(address, said).context["seen"]})
    assert AlertRule.objects.filter(device_type=furnace).count() == 1
    assert pages(oscar).post(address, said).status_code == 403
