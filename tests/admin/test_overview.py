"""The admin's first page: figures that lead to the lists they count."""

from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.utils import timezone

from devices.credentials import issue
from devices.models import CredentialKind, Lifecycle, Presence, Project
from iotsphere.models import User
from telemetry import throughput
from telemetry.models import LedgerHour
from tests.admin.addresses import list_of, page_of
from tests.alerts.rules import alert_of
from tests.factories import NOON, DeviceFactory
from tests.fixtures.clients import PageClient
from tests.mlmonitor.rows import drifted_model, model_of
from tests.telemetry.letters import envelope, take, telemetry

INDEX, FIGURES = "/admin/", "/admin/overview/"


def by_presence(answer: Any) -> dict[str, int]:
    return {tile.kind: tile.count for tile in answer.context["tiles"]}


def test_devices_in_service_are_counted_by_presence(root: User, acme: Project, pages: PageClient) -> None:
    for presence in (Presence.ONLINE, Presence.ONLINE, Presence.OFFLINE):
        DeviceFactory.create(project=acme, presence=presence)
    DeviceFactory.create(project=acme, presence=Presence.OFFLINE, lifecycle=Lifecycle.ARCHIVED)
    assert by_presence(pages(root).get(INDEX)) == {"online": 2, "stale": 0, "offline": 1, "unknown": 0}


@pytest.mark.parametrize("presence", Presence)
def test_a_figure_leads_to_the_devices_it_counts(
    presence: Presence, root: User, acme: Project, pages: PageClient
) -> None:
    for state in Presence:
        DeviceFactory.create_batch(2, project=acme, presence=state)
        DeviceFactory.create(project=acme, presence=state, lifecycle=Lifecycle.ARCHIVED)
    client = pages(root)
    [tile] = [tile for tile in client.get(INDEX).context["tiles"] if tile.kind == presence]
    assert len(client.get(tile.address).context["cl"].result_list) == tile.count == 2


def test_open_alerts_lead_to_their_list(alice: User, acme: Project, globex: Project, pages: PageClient) -> None:
    for project in (acme, globex):
        alert_of(project, severity="critical")
        alert_of(project, severity="critical", resolved_at=NOON)
    client = pages(alice)
    tiles = client.get(INDEX).context["alerts"]
    assert {tile.kind: tile.count for tile in tiles} == {"critical": 1, "high": 0, "medium": 0, "low": 0}
    assert len(client.get(tiles[0].address).context["cl"].result_list) == 1


def test_models_in_drift_lead_to_their_list(alice: User, acme: Project, pages: PageClient) -> None:
    drifted_model(acme)
    model_of(acme, key="calm")
    client = pages(alice)
    models = client.get(INDEX).context["models"]
    assert (models["count"], models["drifting"]) == (2, 1)
    assert len(client.get(models["address"]).context["cl"].result_list) == 1


def test_a_project_administrator_sees_the_figures_of_the_project(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    DeviceFactory.create(project=acme, presence=Presence.OFFLINE, name="Our boiler")
    DeviceFactory.create(project=globex, presence=Presence.OFFLINE, name="Their boiler")
    answer = pages(alice).get(INDEX)
    assert by_presence(answer)["offline"] == 1
    assert "Our boiler" in answer.content.decode()
    assert "Their boiler" not in answer.content.decode()


def test_a_project_administrator_sees_nothing_of_the_platform(alice: User, globex: Project, pages: PageClient) -> None:
    theirs = DeviceFactory.create(project=globex)
    LedgerHour.objects.create(sender=theirs.device_id, device=theirs, hour=timezone.now(), received=7, rejected=7)
    take(telemetry("stranger", {"temperature": 20}, at=timezone.now()))
    answer = pages(alice).get(INDEX)
    assert answer.context["day"]["rejected"] == 0
    assert not [name for name in ("throughput", "newcomers", "health") if name in answer.context]


def test_what_fell_silent_last_comes_first(root: User, acme: Project, pages: PageClient) -> None:
    now = timezone.now()
    for hours in (3, 1, 2):
        DeviceFactory.create(
            project=acme,
            name=f"{hours} hours",
            presence=Presence.OFFLINE,
            last_message=now - timedelta(hours=hours),
        )
    broken = pages(root).get(INDEX).context["broken"]
    assert [device.name for device in broken] == ["1 hours", "2 hours", "3 hours"]


def test_unknown_devices_that_wait_are_counted(root: User, pages: PageClient) -> None:
    for sender in ("one", "other", "other"):
        take(telemetry(sender, {"temperature": 20}, at=timezone.now()))
    answer = pages(root).get(INDEX)
    assert answer.context["newcomers"] == 2
    assert answer.context["day"]["quarantined"] == 3


def test_rejected_items_of_the_day_are_counted(root: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme, device_id="boiler")
    take(envelope("boiler", b"{not json", at=timezone.now()))
    take(envelope("boiler", b"{not json", at=timezone.now() - timedelta(days=3)))
    assert pages(root).get(INDEX).context["day"]["rejected"] == 1


def test_readings_a_minute_are_shown(root: User, redis_client: redis.Redis, pages: PageClient) -> None:
    with time_machine.travel(timezone.now().replace(second=30), tick=False):
        minute = throughput.MINUTE.format(timezone.now() - timedelta(minutes=1))
        redis_client.set(minute, 4321)
        assert "4,321" in pages(root).get(INDEX).content.decode()


def test_without_redis_the_page_says_so(root: User, pages: PageClient, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = pages(root).get(INDEX)
    assert "Redis does not answer" in answer.content.decode()
    assert answer.context["health"]["redis"] is False


def test_the_figures_come_alone_for_an_open_page(root: User, pages: PageClient) -> None:
    page = pages(root).get(FIGURES).content.decode()
    assert "Readings a minute" in page
    assert "<html" not in page


def test_an_empty_portal_says_how_to_begin(root: User, pages: PageClient) -> None:
    assert "There are no devices yet" in pages(root).get(INDEX).content.decode()


def test_staff_without_a_project_are_told_why_they_see_nothing(vera: User, acme: Project, pages: PageClient) -> None:
    vera.is_staff = True
    vera.save()
    DeviceFactory.create(project=acme, name="Our boiler")
    page = pages(vera).get(INDEX).content.decode()
    assert "You administer no project" in page
    assert "Our boiler" not in page


def test_a_broken_device_leads_to_its_page(root: User, acme: Project, pages: PageClient) -> None:
    device = DeviceFactory.create(project=acme, presence=Presence.STALE)
    assert page_of(device) in pages(root).get(INDEX).content.decode()


def test_credentials_that_expire_soon_are_counted_and_listed(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    for project, days in ((acme, 10), (acme, 100), (globex, 10)):
        expires_at = timezone.now() + timedelta(days=days)
        issue(DeviceFactory.create(project=project), CredentialKind.MQTT, None, expires_at=expires_at)
    client = pages(alice)
    assert client.get(INDEX).context["expiring"] == 1
    assert len(client.get(f"{list_of('devices.Credential')}?state=expiring").context["cl"].result_list) == 1
