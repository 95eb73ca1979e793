"""The pages on which rules are written, tried and enabled."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from alerts.models import AlertEvent, AlertRule, Backtest, Notification, Silence
from alerts.models.backtest import BacktestStatus
from devices.models import Device, Project
from iotsphere.models import User
from tests.alerts.rules import HOT, alert_of, rule_for
from tests.factories import NOON, DeviceFactory
from tests.fixtures.clients import ApiClient, PageClient

BAD: list[tuple[str, Any]] = [
    ("levels", ""),
    ("levels", "{"),
    ("levels", "[" * 5000),
    ("levels", "[1" + "0" * 5000 + "]"),
    ("levels", "x" * 30_000),
    ("levels", "null"),
    ("levels", '[{"severity": [], "when": {}}]'),
    ("levels", '[{"severity": "high", "when": {"metric": "\\u0000", "is": ">", "value": 1}}]'),
    ("levels", '[{"severity": "high", "when": {"metric": "a", "is": [], "value": 1}}]'),
    ("levels", '[{"severity": "high", "when": {"metric": "a", "is": ">", "value": 1' + "0" * 400 + "}}]"),
    ("levels", '[{"severity": "high", "when": {"metric": "a", "is": ">", "value": NaN}}]'),
    ("project", "999"),
    ("project", "x"),
    ("device", "nobody's"),
    ("device", "\0"),
    ("device_type", "x"),
    ("days", ["someday"]),
    ("opens", "25:00"),
    ("time_zone", "Moon/Sea"),
    ("message", "{secret}"),
    ("name", "x" * 101),
]


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


@pytest.fixture
def rule(boiler: Device) -> AlertRule:
    return rule_for(boiler, about=None, is_enabled=False)


def written(project: Project, *levels: Any, **fields: Any) -> dict[str, Any]:
    """What a form says: high when HOT, unless levels say otherwise."""
    said = levels or ({"severity": "high", "when": HOT},)
    return {"name": "Too hot", "project": project.pk, "levels": json.dumps(said), **fields}


def problems(client: Any, said: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = client.post(reverse("rule-preview"), said).json()["errors"]
    return errors


def tried(rule: AlertRule, **fields: Any) -> Backtest:
    return Backtest.objects.create(
        **{"rule": rule, "revision": rule.revision, "status": BacktestStatus.DONE, "fires": 3, **fields}
    )


def test_an_administrator_makes_a_rule(acme: Project, alice: User, pages: PageClient) -> None:
    said = written(acme, days=["mon", "tue"], opens="08:00", closes="18:00", time_zone="Europe/Vienna")
    page = pages(alice).post(reverse("rule-new"), said, follow=True)
    rule = AlertRule.objects.get()
    assert page.redirect_chain == [(rule.get_absolute_url(), 302)]
    assert (rule.is_enabled, rule.created_by) == (False, alice)
    assert rule.schedule == {"days": ["mon", "tue"], "from": "08:00", "to": "18:00"}


def test_what_is_not_said_of_hours_is_always(acme: Project, alice: User, pages: PageClient) -> None:
    pages(alice).post(reverse("rule-new"), written(acme))
    assert AlertRule.objects.get().schedule == {}


def test_only_superusers_make_rules_for_all_projects(acme: Project, alice: User, root: User, pages: PageClient) -> None:
    said = {**written(acme), "project": ""}
    assert pages(alice).post(reverse("rule-new"), said).status_code == 422
    assert pages(root).post(reverse("rule-new"), said).status_code == 302


def test_the_sentence_comes_while_it_is_written(acme: Project, boiler: Device, alice: User, pages: PageClient) -> None:
    level = {"severity": "high", "when": HOT, "for": 300}
    answer = pages(alice).post(reverse("rule-preview"), written(acme, level, name="")).json()
    assert answer["sentence"] == "High when temperature is above 80 for 5 min."
    assert (answer["devices"], answer["message"]) == (1, "Boiler 3: Temperature is 81.5 °C (limit 75 °C)")


def test_what_is_wrong_is_said_where_it_is(acme: Project, alice: User, pages: PageClient) -> None:
    level = {"severity": "high", "when": {"all": [HOT, {"metric": "pressure", "is": ">", "value": "much"}]}}
    problem = problems(pages(alice), written(acme, level))["levels"][0]
    assert problem["code"] == "/0/when/all/1"
    assert problem["message"] == "A text can be equal or not, and nothing else."


def test_bad_input_is_refused_with_a_sentence(acme: Project, alice: User, pages: PageClient) -> None:
    client = pages(alice)
    for field, value in BAD:
        said = {**written(acme), field: value}
        assert problems(client, said)[field][0]["message"], (field, value)
        assert client.post(reverse("rule-new"), said).status_code == 422, (field, value)
    assert not AlertRule.objects.exists()


def test_a_copy_says_the_same_and_is_another(rule: AlertRule, alice: User, pages: PageClient) -> None:
    form = pages(alice).get(f"{reverse('rule-new')}?copy={rule.pk}").context["form"]
    assert (form["name"].value(), form.instance.levels, form.instance.pk) == ("Too hot (copy)", rule.levels, None)


def test_it_is_not_enabled_untried(rule: AlertRule, alice: User, pages: PageClient) -> None:
    pages(alice).post(reverse("rule-enable", args=[rule.pk]))
    rule.refresh_from_db()
    assert not rule.is_enabled


def test_it_is_enabled_knowingly_untried(rule: AlertRule, alice: User, pages: PageClient) -> None:
    pages(alice).post(reverse("rule-enable", args=[rule.pk]), {"untried": "1"})
    rule.refresh_from_db()
    assert (rule.is_enabled, rule.is_checked, rule.was_enabled_untried) == (True, True, True)


def test_it_is_enabled_after_a_look(rule: AlertRule, alice: User, pages: PageClient) -> None:
    pages(alice).post(reverse("rule-enable", args=[rule.pk]), {"backtest": tried(rule).pk})
    rule.refresh_from_db()
    assert (rule.is_enabled, rule.is_checked, rule.was_enabled_untried) == (True, True, False)


def test_once_looked_at_is_enough_until_it_means_something_else(
    rule: AlertRule, alice: User, acme: Project, pages: PageClient
) -> None:
    client = pages(alice)
    client.post(reverse("rule-enable", args=[rule.pk]), {"backtest": tried(rule).pk})
    client.post(reverse("rule-disable", args=[rule.pk]))
    client.post(reverse("rule-enable", args=[rule.pk]))
    rule.refresh_from_db()
    assert rule.is_enabled
    client.post(reverse("rule-edit", args=[rule.pk]), written(acme, {"severity": "low", "when": HOT}))
    rule.refresh_from_db()
    assert (rule.revision, rule.is_checked) == (2, False)


@pytest.mark.parametrize("other", [{"revision": 7}, {"status": BacktestStatus.RUNNING}])
def test_a_look_at_something_else_is_none(
    other: dict[str, Any], rule: AlertRule, alice: User, pages: PageClient
) -> None:
    client = pages(alice)
    asked = [tried(rule, **other).pk, tried(rule_for(rule.devices().get())).pk, "9" * 30, "x", ""]
    for backtest in asked:
        client.post(reverse("rule-enable", args=[rule.pk]), {"backtest": backtest})
    rule.refresh_from_db()
    assert not rule.is_enabled


@pytest.mark.parametrize("name", ["rule-edit", "rule-delete", "rule-try", "rule-enable", "rule-disable"])
def test_operators_change_no_rules(name: str, rule: AlertRule, oscar: User, pages: PageClient) -> None:
    said = {**written(rule.project), "untried": "1"} if rule.project else {}
    assert pages(oscar).post(reverse(name, args=[rule.pk]), said).status_code == 403


def test_an_administrator_changes_no_rule_of_all_projects(boiler: Device, alice: User, pages: PageClient) -> None:
    everywhere = rule_for(boiler, about=None, project=None)
    assert pages(alice).post(reverse("rule-disable", args=[everywhere.pk])).status_code == 403


def test_it_is_tried_from_its_page(
    rule: AlertRule, alice: User, pages: PageClient, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("alerts.views.backtests.run_backtest.delay", lambda pk: None)
    client = pages(alice)
    with django_capture_on_commit_callbacks(execute=True):
        for days in ("30", "9", "x"):
            client.post(reverse("rule-try", args=[rule.pk]), {"days": days})
    assert sorted(rule.backtests.values_list("days", flat=True)) == [7, 7, 30]


def test_a_trial_is_shown_with_its_noisiest_devices(rule: AlertRule, alice: User, pages: PageClient) -> None:
    times = [("boiler", "2026-01-01T10:00:00+00:00", None), ("other", "2026-01-01T10:00:00+00:00", None)] * 2
    episodes = [{"device": device, "severity": "high", "from": since, "to": to} for device, since, to in times[:3]]
    found = tried(rule, episodes=episodes, devices=2, finished_at="2026-01-02T00:00:00+00:00")
    page = pages(alice).get(reverse("backtest", args=[found.pk]))
    assert [(each.device_id, each.fires) for each in page.context["result"].devices] == [("boiler", 2), ("other", 1)]
    assert b"Enable the rule" in page.content


def test_versions_say_who_changed_what(rule: AlertRule, alice: User, acme: Project, pages: PageClient) -> None:
    client = pages(alice)
    client.post(reverse("rule-edit", args=[rule.pk]), written(acme, {"severity": "low", "when": HOT}))
    newest, first = client.get(reverse("rule-versions", args=[rule.pk])).context["versions"]
    assert (newest.by, newest.revision, first.is_first) == (alice, 2, True)
    (change,) = newest.differences
    assert change.before == "High when temperature is above 80."
    assert change.after == "Low when temperature is above 80."


def test_a_rule_says_why_not(rule: AlertRule, vera: User, pages: PageClient) -> None:
    address = reverse("rule-why", args=[rule.pk])
    client = pages(vera)
    page = client.get(address, {"device": "boiler"})
    assert page.context["why"].obstacles == ("The rule is not enabled.", "The device has never sent temperature.")
    for odd in ("", "nobody", "\0", "x" * 300):
        assert client.get(address, {"device": odd}).status_code == 200


def test_a_rule_says_who_keeps_people_from_being_told_and_who_was(
    rule: AlertRule, boiler: Device, acme: Project, vera: User, pages: PageClient, api: ApiClient
) -> None:
    now = timezone.now()
    silence = Silence.objects.create(project=acme, reason="works", starts_at=now, ends_at=now + timedelta(hours=1))
    alert = alert_of(acme, rule=rule, device=boiler)
    event = AlertEvent.objects.create(alert=alert, at=NOON, kind="opened")
    Notification.objects.create(alert=alert, event=event, transport="email", user=vera, due_at=NOON, answer="silenced")
    page = pages(vera).get(reverse("rule-why", args=[rule.pk]), {"device": boiler.device_id})
    assert "works" in page.content.decode()
    assert "vera, e-mail: waiting (silenced)" in page.content.decode()
    told = api(vera).get(f"/api/v1/alert-rules/{rule.pk}/why/?device={boiler.device_id}").json()
    assert [each["id"] for each in told["silences"]] == [silence.pk]
    assert [(each["whom"], each["status"]) for each in told["told"]] == [("vera", "queued")]


def test_rules_are_found(rule: AlertRule, vera: User, charlie: User, pages: PageClient) -> None:
    def found(client: Any, query: str) -> list[AlertRule]:
        return list(client.get(f"{reverse('rules')}?{query}").context["page"].object_list)

    client = pages(vera)
    for query in ("", "q=hot", "shown=off", "project=acme", "shown=x&page=x", "page=-1"):
        assert found(client, query) == [rule], query
    for query in ("q=cold", "shown=on", "type=server", "project=globex", "q=%00cold"):
        assert found(client, query) == [], query
    assert found(pages(charlie), "") == []


def test_a_deleted_rule_leaves_its_page(rule: AlertRule, alice: User, pages: PageClient) -> None:
    client = pages(alice)
    assert client.get(reverse("rule-delete", args=[rule.pk])).status_code == 200
    client.post(reverse("rule-delete", args=[rule.pk]))
    assert not AlertRule.objects.exists()


def test_a_list_of_rules_takes_as_many_queries_however_long(
    boiler: Device, alice: User, pages: PageClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        rule_for(boiler, name=f"Rule {number}", is_enabled=number % 2 == 0)
    client = pages(alice)
    with django_assert_max_num_queries(14):
        client.get(reverse("rules"))
