"""Reports in the admin: run, tried, paused, looked ahead at; those of other projects are not there."""

from typing import Any

import pytest

from devices.models import Project
from iotsphere.models import User
from reports.models import Delivery, Purpose, Schedule
from tests.admin.addresses import page_of
from tests.fixtures.clients import PageClient
from tests.reports.schedules import schedule_of, template_of

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("folder")]


def test_a_template_is_run(alice: User, charlie: User, acme: Project, globex: Project, pages: PageClient) -> None:
    client = pages(alice)
    ours, theirs = template_of(acme), template_of(globex)
    address = "/admin/reports/reporttemplate/{}/run_report/"
    client.get(address.format(ours.pk))
    run = acme.report_runs.get()
    assert (run.has_file, run.requested_by) == (True, alice)
    assert client.get(address.format(theirs.pk)).status_code == 404
    assert not globex.report_runs.exists()


def test_parameters_that_mean_nothing_are_refused(alice: User, acme: Project, pages: PageClient) -> None:
    said = {"project": acme.pk, "name": "New", "kind": "fleet", "format": "pdf", "said": '{"range": "sometimes"}'}
    answer = pages(alice).post("/admin/reports/reporttemplate/add/", said)
    assert "range: " in str(answer.context["adminform"].form.errors["said"])
    said["said"] = '{"range": "7d"}'
    assert pages(alice).post("/admin/reports/reporttemplate/add/", said).status_code == 302
    assert acme.report_templates.get().created_by == alice


def test_a_schedule_is_made_tried_paused_and_resumed(alice: User, acme: Project, pages: PageClient) -> None:
    client = pages(alice)
    said: dict[str, Any] = {
        "template": template_of(acme).pk, "every": "weekly", "at": "07:00", "weekdays": ["0", "4"], "day": 1,
        "time_zone": "Europe/Vienna", "roles": ["admin"], "addresses": "ann@example.com", "subject": "{title}",
        "text": "", "attach_up_to": 5, "deliveries-TOTAL_FORMS": 0, "deliveries-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = client.post("/admin/reports/schedule/add/", said)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    schedule = Schedule.objects.get()
    assert (schedule.owner, schedule.weekdays, schedule.next_due is None) == (alice, [0, 4], False)
    shown = client.get(page_of(schedule)).content.decode()
    assert "Every Monday and Friday at 07:00 (Europe/Vienna)" in shown
    assert shown.count("07:00 CE") == 5
    client.get(f"/admin/reports/schedule/{schedule.pk}/send_test/")
    assert Delivery.objects.get().purpose == Purpose.TEST
    client.get(f"/admin/reports/schedule/{schedule.pk}/pause_schedule/")
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.next_due) == (True, None)
    client.get(f"/admin/reports/schedule/{schedule.pk}/resume_schedule/")
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.next_due is None) == (False, False)


def test_schedules_of_other_projects_are_left_alone(
    alice: User, charlie: User, globex: Project, pages: PageClient
) -> None:
    theirs = schedule_of(charlie, globex)
    assert pages(alice).get(f"/admin/reports/schedule/{theirs.pk}/pause_schedule/").status_code in {403, 404}
    theirs.refresh_from_db()
    assert not theirs.is_paused
