"""When partitions are not made, everybody who might do something about it is told."""

import pytest
from django.db import connection
from django.test import Client

from iotsphere.models import User
from telemetry.partitioned import READINGS
from telemetry.partitions import drop, partitions
from tests.fixtures.clients import PageClient

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no partitions"),
]

WARNING = "Partitions were not made ahead"


@pytest.fixture(autouse=True)
def _nobody_makes_partitions() -> None:
    for part in partitions(READINGS):
        drop(READINGS, part)


def test_readyz_tells(client: Client) -> None:
    [warning] = client.get("/readyz").json()["warnings"]
    assert warning.startswith(WARNING)


def test_the_portal_serves_all_the_same(client: Client) -> None:
    assert client.get("/readyz").status_code == 200


def test_the_admins_overview_tells(root: User, pages: PageClient) -> None:
    assert WARNING in pages(root).get("/admin/").content.decode()


def test_prometheus_is_told(root: User, pages: PageClient) -> None:
    metrics = pages(root).get("/metrics").content.decode()
    assert "iotsphere_missing_partitions 2.0" in metrics
    assert 'iotsphere_default_partition_rows{table="telemetry_reading"} 0.0' in metrics
