"""What is due to go is shown, and can be thrown away at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from devices.models import RetentionClass
from iotsphere.models import User
from telemetry import partitions
from telemetry.models import RetentionReceipt
from telemetry.store import write_readings
from tests.admin.addresses import list_of, page_of
from tests.factories import MetricFactory
from tests.fixtures.clients import PageClient

LIST = "telemetry.RetentionReceipt"
THROW_AWAY = "admin:telemetry_retentionreceipt_throw_away_now"
NOW = timezone.now()


@pytest.fixture
def due(db: None) -> RetentionClass:
    """Three readings that are older than their class wants them kept."""
    kept = RetentionClass.objects.create(name="Short", raw_days=5)
    metric = MetricFactory.create(device__project__name="Brewery", device__project__retention_class=kept)
    write_readings([(metric.pk, NOW - timedelta(days=10, minutes=n), 1.0, None) for n in range(3)])
    if connection.vendor == "postgresql":
        partitions.maintain(NOW)
    return kept


def test_what_is_due_is_shown(due: RetentionClass, root: User, pages: PageClient) -> None:
    answer = pages(root).get(list_of(LIST))
    assert [loss.rows for loss in answer.context["due"]] == [3]


def test_receipts_say_whose_rows_went(due: RetentionClass, root: User, pages: PageClient) -> None:
    RetentionReceipt.objects.create(table="t", part="p", end=NOW, rows=7, whose="Brewery: Kettle")
    page = pages(root).get(list_of(LIST)).content.decode()
    assert "Brewery: Kettle" in page


def test_throwing_away_at_once_asks_first(due: RetentionClass, root: User, pages: PageClient) -> None:
    assert "Throw away 3 rows?" in pages(root).get(reverse(THROW_AWAY)).content.decode()


def test_a_worker_throws_it_away(due: RetentionClass, root: User, pages: PageClient) -> None:
    answer = pages(root).post(reverse(THROW_AWAY), {"confirmed": "yes"}, follow=True)
    assert "A worker is at it." in answer.content.decode()


def test_project_administrators_throw_nothing_away(due: RetentionClass, alice: User, pages: PageClient) -> None:
    assert pages(alice).post(reverse(THROW_AWAY), {"confirmed": "yes"}).status_code == 403


def test_who_shortens_a_class_is_told_where_to_see_what_goes(
    due: RetentionClass, root: User, pages: PageClient
) -> None:
    fields = {"name": "Short", "raw_days": 4, "five_minute_days": 180, "hourly_days": 730}
    answer = pages(root).post(page_of(due), fields, follow=True)
    assert "What is older now goes tonight" in answer.content.decode()
