from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.models import AuditEntry, Device, Project, Twin, TwinChange
from devices.twin import NoSettings, Stale, desire, read_report, report, twin_of
from iotsphere.models import User
from tests.factories import NOON, DeviceFactory, DeviceTypeFactory

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"target": {"type": "number", "maximum": 75}, "mode": {"enum": ["eco", "off"]}},
    "additionalProperties": False,
}


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(project=acme, device_type=DeviceTypeFactory.create(settings_schema=SCHEMA))


def test_a_device_without_a_twin_has_an_empty_one(boiler: Device) -> None:
    assert (twin_of(boiler).version, twin_of(boiler).desired) == (0, {})
    assert not Twin.objects.exists()


def test_what_is_desired_is_owed_until_it_is_reported(boiler: Device, oscar: User) -> None:
    twin = desire(boiler, {"target": 55, "mode": "eco"}, oscar)
    assert (twin.version, twin.delta) == (1, {"target": 55, "mode": "eco"})
    twin = report(boiler, {"target": 55.0}, version=1)
    assert (twin.delta, list(twin.pending)) == ({"mode": "eco"}, ["mode"])
    twin = report(boiler, {"mode": "eco"}, version=1)
    assert (twin.delta, twin.pending_since) == ({}, None)


def test_each_setting_is_owed_since_its_own_time(boiler: Device, oscar: User) -> None:
    with time_machine.travel(NOON, tick=False):
        desire(boiler, {"mode": "off"}, oscar)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        twin = desire(boiler, {"target": 50}, oscar)
    assert (twin.waits_for("mode"), twin.waits_for("target")) == (NOON, NOON + timedelta(hours=1))
    assert twin.pending_since == NOON


def test_who_goes_by_an_old_version_changes_nothing(boiler: Device, oscar: User) -> None:
    desire(boiler, {"mode": "eco"}, oscar)
    with pytest.raises(Stale, match="The version is 1"):
        desire(boiler, {"mode": "off"}, oscar, version=0)
    assert twin_of(boiler).desired == {"mode": "eco"}
    desire(boiler, {"mode": "off"}, oscar, version=1)


def test_what_is_desired_already_is_no_change(boiler: Device, oscar: User) -> None:
    desire(boiler, {"target": 55}, oscar)
    assert desire(boiler, {"target": 55.0}, oscar).version == 1
    assert TwinChange.objects.count() == 1


def test_null_takes_a_setting_back(boiler: Device, oscar: User) -> None:
    desire(boiler, {"mode": "eco"}, oscar)
    assert desire(boiler, {"mode": None}, oscar).desired == {}


@pytest.mark.parametrize("patch", [{"target": 90}, {"mode": "warp"}, {"colour": "red"}, {"target": "\0"}, []])
def test_what_the_type_does_not_accept_is_refused(boiler: Device, oscar: User, patch: Any) -> None:
    with pytest.raises(ValidationError):
        desire(boiler, patch, oscar)
    assert twin_of(boiler).version == 0


def test_a_device_whose_type_has_no_settings_accepts_none(acme: Project, oscar: User) -> None:
    with pytest.raises(NoSettings):
        desire(DeviceFactory.create(project=acme), {"mode": "eco"}, oscar)


def test_who_changed_what_is_kept(boiler: Device, oscar: User) -> None:
    desire(boiler, {"mode": "eco"}, oscar)
    report(boiler, {"mode": "eco"}, version=1)
    assert list(TwinChange.objects.order_by("pk").values_list("side", "version", "by", "diff")) == [
        ("desired", 1, oscar.pk, {"mode": {"from": None, "to": "eco"}}),
        ("reported", 1, None, {"mode": {"from": None, "to": "eco"}}),
    ]
    assert AuditEntry.objects.get(action="twin.desired").actor == oscar


def test_a_report_that_a_newer_one_has_overtaken_changes_nothing(boiler: Device, oscar: User) -> None:
    for mode in ("eco", "off"):
        desire(boiler, {"mode": mode}, oscar)
    report(boiler, {"mode": "off"}, version=2)
    with pytest.raises(Stale):
        report(boiler, {"mode": "eco"}, version=1)
    assert twin_of(boiler).delta == {}


def test_a_device_cannot_have_seen_what_was_never_desired(boiler: Device) -> None:
    with pytest.raises(ValidationError):
        report(boiler, {"mode": "eco"}, version=1)


def test_a_report_without_news_renews_its_time_only(boiler: Device) -> None:
    report(boiler, {"mode": "eco"})
    twin = report(boiler, {"mode": "eco"})
    assert TwinChange.objects.count() == 1
    assert twin.reported_at is not None
    assert timezone.now() - twin.reported_at < timedelta(minutes=1)


def test_a_device_cannot_report_without_bound(boiler: Device) -> None:
    report(boiler, {"a": "x" * 5000})
    with pytest.raises(ValidationError):
        report(boiler, {"b": "x" * 5000})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"state": []}', b'{"state": {}, "version": "1"}', b'{"state": {}, "version": -1}']
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read_report(body)
