"""Rules that cannot be meant are refused with a sentence, wherever they are written."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from alerts import evaluate
from alerts.models import Alert, AlertRule
from devices.models import Device, Project, RetentionClass
from iotsphere.models import User
from telemetry.models import OwedEvaluation, Reading
from tests.alerts.rules import COOL, HOT, rule_for
from tests.factories import DeviceFactory, DeviceTypeFactory, MetricDefinitionFactory, MetricFactory
from tests.fixtures.clients import ApiClient, PageClient
from tests.telemetry.letters import NOW, take, telemetry

pytestmark = pytest.mark.django_db
AVERAGE = {"metric": "temperature", "agg": "avg", "over": 600}
OUTSIDE = {"metric": "temperature", "is": "outside", "low": 5, "high": 70}
BOILING, FREEZING = {**HOT, "value": 90}, {"metric": "temperature", "is": "<", "value": 4}


@pytest.fixture
def boiler(acme: Project) -> Device:
    device = DeviceFactory.create(device_id="boiler", name="Boiler", project=acme)
    MetricFactory.create(device=device, key="temperature")
    MetricFactory.create(device=device, key="pressure")
    return device


def checked(*levels: dict[str, Any], **fields: Any) -> str:
    """What is wrong with it; nothing if nothing is."""
    said = [{"severity": severity, **level} for severity, level in zip(("critical", "high"), levels, strict=False)]
    try:
        AlertRule(name="Rule", levels=said, **fields).full_clean()
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ([{"when": {"all": [HOT, COOL]}}], "It can never be that temperature is above 80 and temperature is below 70."),
        ([{"when": {"all": [HOT, {"presence": "online"}, COOL]}}], "It can never be that"),
        ([{"when": {"any": [HOT, {**HOT, "is": "<=", "value": 85}]}}], "It is always so that"),
        ([{"when": HOT, "clear": {**HOT, "value": 70}}], "both can be so at once"),
        ([{"when": HOT, "clear": {**COOL, "value": 90}}], "both can be so at once"),
        ([{"when": OUTSIDE, "clear": HOT}], "both can be so at once"),
        ([{"when": HOT}, {"when": BOILING}], "It can never be high: whenever temperature is above 90, it is critical."),
        ([{"when": HOT, "for": 60}, {"when": HOT, "for": 60}], "It can never be high"),
        ([{"when": {"no_data_for": 60}, "readings": 3}], "Silence and presence bring no readings"),
        ([{"when": {"presence": "offline"}, "readings": 2}], "Silence and presence bring no readings"),
    ],
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_refused(levels: list[dict[str, Any]], sentence: str) -> None:
    assert sentence in checked(*levels)


@pytest.mark.parametrize(
    "levels",
    [
        [{"when": HOT, "clear": COOL}],
        [{"when": BOILING}, {"when": HOT}],
        [{"when": HOT, "for": 600}, {"when": BOILING}],
        [{"when": {"any": [HOT, FREEZING]}}],
        [{"when": {**AVERAGE, "is": ">", "value": 80}, "clear": COOL}],
        [{"when": {"any": [{"no_data_for": 60}, HOT]}, "readings": 3}],
        [{"when": {"metric": "door", "is": "=", "value": True}}],
        [{"when": {"metric": "temperature", "is": "<", "than_desired": "target"}}],
    ],
)
def test_one_that_can_be_meant_is_not(levels: list[dict[str, Any]]) -> None:
    assert checked(*levels) == ""


def test_metrics_that_nobody_sends_are_refused(boiler: Device, acme: Project) -> None:
    damp: dict[str, Any] = {"when": {"metric": "humidity", "is": ">", "value": 80}}
    heater = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=heater, key="temperature")
    sentences = [
        checked(damp, project=acme),
        checked(damp, project=acme, device=boiler),
        checked(damp, device_type=heater),
    ]
    assert [sentence.partition(" no ")[2] for sentence in sentences] == [
        "humidity, but pressure, temperature.", "humidity, but pressure, temperature.", "humidity, but temperature."
    ]  # fmt: skip
    assert checked(damp, project=acme, label="of none yet") == ""


def test_windows_longer_than_readings_are_kept_are_refused(boiler: Device, acme: Project) -> None:
    short = RetentionClass.objects.create(name="Short", raw_days=1)
    RetentionClass.objects.exclude(pk=short.pk).update(raw_days=7)
    of_type = DeviceTypeFactory.create(retention_class=short)
    week: dict[str, Any] = {"when": {**AVERAGE, "over": 8 * 86_400, "is": ">", "value": 80}}
    day: dict[str, Any] = {"when": {**AVERAGE, "over": 2 * 86_400, "is": ">", "value": 80}}
    for fields in ({"project": acme}, {"device": boiler, "project": acme}, {}):
        assert "longer than readings are kept: 7 days" in checked(week, **fields)
        assert checked(day, **fields) == ""
    MetricDefinitionFactory.create(device_type=of_type, key="temperature")
    assert "kept: 1 days" in checked(day, device_type=of_type)


def test_they_are_refused_over_rest_and_in_the_admin(
    boiler: Device, acme: Project, alice: User, api: ApiClient, pages: PageClient
) -> None:
    rule = rule_for(boiler)
    wrong = [{"severity": "high", "when": {"all": [HOT, COOL]}}]
    answers = [
        api(alice).patch(f"/api/v1/alert-rules/{rule.pk}/", {"levels": wrong}),
        api(alice).post("/api/v1/alert-rules/", {"name": "New", "project": "acme", "levels": wrong}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all("It can never be" in answer.json()["errors"]["levels"][0] for answer in answers)
    form = {"name": "Rule", "project": acme.pk, "levels": json.dumps(wrong), "schedule": "{}", "message": "{secret}"}
    page = pages(alice).post(f"/admin/alerts/alertrule/{rule.pk}/change/", form)
    assert b"It can never be" in page.content
    assert b"{secret} is not known here" in page.content


def test_rules_that_fail_lose_no_reading(boiler: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    rule_for(boiler)
    with monkeypatch.context() as broken:
        broken.setattr(evaluate, "observe", fail)
        assert take(telemetry("boiler", {"temperature": 85}, time=NOW)).stored == 1
    assert (Reading.objects.count(), Alert.objects.count()) == (1, 0)
    assert OwedEvaluation.objects.get().error.startswith("ZeroDivisionError")
