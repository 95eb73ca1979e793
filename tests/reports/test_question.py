"""What is refused, and why."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from devices.models import Device
from iotsphere.models import User
from reports.question import read

pytestmark = pytest.mark.django_db

NONSENSE: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "fleet", "from": "2025-12-19", "to": "2025-12-18"}, "from", "before `to`"),
    ({"kind": "fleet", "from": "2199-01-01"}, "from", "before `to`"),
    ({"kind": "fleet", "from": "2199-01-01", "to": "2199-01-02"}, "from", "has not begun"),
    ({"kind": "fleet", "to": "2025-12-18"}, "from", "where it begins"),
    ({"kind": "fleet", "range": "7d", "from": "2025-12-18"}, "range", "Either"),
    ({"kind": "fleet", "range": "fortnight"}, "range", "such as 24h"),
    ({"kind": "fleet", "range": "9999w"}, "range", "at most"),
    ({"kind": "device", "range": "3650d", "resolution": "raw"}, "resolution", "366 days"),
    ({"kind": "alerts", "range": "400d"}, "range", "at most 366 days"),
    ({"kind": "horoscope"}, "kind", "not a valid choice"),
    ({}, "kind", "required"),
    ({"kind": "fleet", "sections": "summary,gossip"}, "sections", "has no gossip. It has: summary"),
    ({"kind": "fleet", "colour": "red"}, "colour", "no such parameter"),
    ({"kind": "fleet", "page_size": "A0"}, "page_size", "not a valid choice"),
    ({"kind": "fleet", "time_zone": "Mars/Olympus"}, "time_zone", "no time zone"),
    ({"kind": "fleet", "devices": {"a": 1}}, "devices", "separated by commas"),
    ({"kind": "fleet", "devices": [f"d{number}" for number in range(501)]}, "devices", "At most 500"),
    ({"kind": "fleet", "title": "x" * 201}, "title", "200 characters"),
]


def test_a_question_that_cannot_be_answered_is_told_why(vera: User) -> None:
    for said, field, sentence in NONSENSE:
        with pytest.raises(ValidationError) as refused:
            read(said, vera)
        assert list(refused.value.detail) == [field], said
        assert sentence in str(refused.value.detail), said


def test_what_one_may_not_see_is_not_found(vera: User, charlie: User, heater: Device) -> None:
    unseen = ({"devices": "WATER_HEATER_01"}, {"project": "acme"}, {"projects": "globex,acme"}, {"models": "leak"})
    for said in unseen:
        named = next(iter(said.values())).removeprefix("globex,")
        with pytest.raises(NotFound, match=f": {named}.$"):
            read({"kind": "fleet", **said}, charlie)
    assert read({"kind": "fleet", "devices": "WATER_HEATER_01", "project": "acme"}, vera).devices.get() == heater


def test_what_was_asked_is_kept_as_it_was_said(vera: User, heater: Device) -> None:
    """Stored and read again a week later, it is about another week."""
    asked = read({"kind": "device", "range": "previous-week", "devices": ["WATER_HEATER_01"], "bom": "true"}, vera)
    later = read(asked.said, vera, timezone.now() + timedelta(days=7))
    assert (later.start, later.said, later.bom) == (asked.end, asked.said, True)
    fixed = read({"kind": "fleet", "from": "2025-12-18", "to": "2025-12-19T06:00:00+01:00"}, vera)
    assert read(fixed.said, vera).end == fixed.end


def test_days_are_those_of_the_project_or_of_the_person(vera: User, heater: Device) -> None:
    heater.project.time_zone = "Asia/Kathmandu"
    heater.project.save()
    vera.time_zone = "America/New_York"
    zones = [
        str(read({"kind": "fleet", **said}, vera).zone)
        for said in ({"project": "acme"}, {"devices": "WATER_HEATER_01"}, {}, {"time_zone": "UTC"})
    ]
    assert zones == ["Asia/Kathmandu", "Asia/Kathmandu", "America/New_York", "UTC"]
