"""Whose business each model is, and that its pages answer. A model that is new in the admin fails here first."""

import pytest

from devices.models import Project
from iotsphere.models import User
from tests.admin.addresses import add_to, list_of, page_of
from tests.admin.rows import OF_PROJECTS, OF_THE_PLATFORM, ROWS, SHARED, registered
from tests.fixtures.clients import PageClient

NEVER_ADDED = {
    "alerts.Alert",
    "alerts.Backtest",
    "alerts.Notification",
    "alerts.PushSubscription",
    "alerts.RuleState",
    "axes.AccessAttempt",
    "axes.AccessLog",
    "devices.Command",
    "devices.FirmwareCampaign",
    "devices.FirmwareUpdate",
    "devices.Twin",
    "devices.AuditEntry",
    "devices.ClaimCode",
    "devices.Purge",
    "devices.RevokedCertificate",
    "mlmonitor.Baseline",
    "mlmonitor.DriftCheck",
    "mlmonitor.Forecast",
    "mlmonitor.ServiceRecord",
    "mlmonitor.GroundTruth",
    "mlmonitor.PerformanceBucket",
    "mlmonitor.Prediction",
    "mlmonitor.ProfileBucket",
    "iotsphere.Dashboard",
    "reports.Delivery",
    "reports.Run",
    "telemetry.LedgerHour",
    "telemetry.Metric",
    "telemetry.OwedEvaluation",
    "telemetry.QuarantinedMessage",
    "telemetry.RejectedMessage",
    "telemetry.RetentionReceipt",
    "telemetry.RejectionCount",
}


def test_for_every_model_it_is_said_whose_business_it_is() -> None:
    assert set(ROWS) == registered()


@pytest.mark.parametrize("label", ROWS)
def test_root_sees_the_list_and_searches_it(label: str, root: User, acme: Project, pages: PageClient) -> None:
    row, client = ROWS[label](acme), pages(root)
    assert row in client.get(list_of(label)).context["cl"].result_list
    assert client.get(list_of(label), {"q": "' OR %_"}).status_code == 200


@pytest.mark.parametrize("label", ROWS)
def test_root_sees_the_pages_of_a_row(label: str, root: User, acme: Project, pages: PageClient) -> None:
    row, client = ROWS[label](acme), pages(root)
    for page in ("change", "history"):
        assert client.get(page_of(row, page)).status_code == 200, page


@pytest.mark.once
@pytest.mark.parametrize("label", ROWS)
def test_root_adds_what_people_add(label: str, root: User, pages: PageClient) -> None:
    assert pages(root).get(add_to(label)).status_code == (403 if label in NEVER_ADDED else 200)


@pytest.mark.once
@pytest.mark.parametrize("label", OF_PROJECTS)
def test_a_project_administrator_sees_the_rows_of_the_project_alone(
    label: str, alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    ours, theirs, client = OF_PROJECTS[label](acme), OF_PROJECTS[label](globex), pages(alice)
    shown = client.get(list_of(label)).context["cl"].result_list
    assert ours in shown
    assert theirs not in shown
    assert client.get(page_of(ours)).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("label", OF_THE_PLATFORM)
def test_a_project_administrator_is_refused_what_is_the_platforms(
    label: str, alice: User, acme: Project, pages: PageClient
) -> None:
    row = OF_THE_PLATFORM[label](acme)
    client = pages(alice)
    for address in (list_of(label), add_to(label), *(page_of(row, page) for page in ("change", "delete", "history"))):
        assert client.get(address).status_code in {403, 404}


@pytest.mark.once
@pytest.mark.parametrize("label", SHARED)
def test_a_project_administrator_looks_at_what_is_shared(
    label: str, alice: User, acme: Project, pages: PageClient
) -> None:
    row = SHARED[label](acme)
    client = pages(alice)
    assert client.get(page_of(row)).status_code == 200
    assert client.post(page_of(row), {"name": "taken over"}).status_code == 403
    assert client.get(page_of(row, "delete")).status_code == 403


@pytest.mark.once
@pytest.mark.parametrize("label", ROWS)
def test_staff_who_administer_no_project_see_nothing(label: str, vera: User, acme: Project, pages: PageClient) -> None:
    vera.is_staff = True
    vera.save()
    row = ROWS[label](acme)
    client = pages(vera)
    for address in (list_of(label), add_to(label), *(page_of(row, page) for page in ("change", "delete", "history"))):
        assert client.get(address).status_code in {302, 403, 404}
