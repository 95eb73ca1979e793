"""A report is made once, by whoever holds it; who may look at it is asked each time."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError

from devices.models import Project
from iotsphere.models import User
from reports import runs, schedules
from reports.models import Format, Run, RunStatus
from reports.render import FORMATS
from tests.factories import DeviceFactory, MembershipFactory
from tests.fixtures.clients import ApiClient, PageClient
from tests.reports.schedules import DAY, content, made, run_of, schedule_of, template_of

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("folder")]


def test_the_formats_are_those_that_are_written() -> None:
    assert {form: FORMATS[form].label for form in FORMATS} == dict(Format.choices)


def test_a_run_that_is_made_has_a_file_and_its_hash(oscar: User, acme: Project) -> None:
    run = made(run_of(oscar, acme))
    assert (run.status, run.percent, run.problem) == (RunStatus.DONE, 100, "")
    assert run.sha256 == hashlib.sha256(content(run)).hexdigest()
    assert run.size == len(content(run)) > 0
    assert run.file_name.endswith(".csv")


def test_nobody_makes_it_a_second_time(oscar: User, acme: Project) -> None:
    run = run_of(oscar, acme)
    assert [runs.make(run.pk), runs.make(run.pk)] == [True, False]


def test_of_a_worker_that_died_another_one_takes_it_over(oscar: User, acme: Project, folder: Path) -> None:
    run = run_of(oscar, acme)
    late = runs._claim(run.pk, timezone.now() - timedelta(hours=1))
    assert late is not None
    made(run)
    # Who comes back from the dead writes nothing any more.
    with pytest.raises(runs.Cancelled):
        runs.Progress(late)(0.5)
    assert (run.status, run.attempts) == (RunStatus.DONE, 2)
    assert [file.name for file in folder.iterdir()] == [run.file.name]


def test_what_kills_its_workers_is_given_up(oscar: User, acme: Project) -> None:
    run = run_of(oscar, acme)
    Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, attempts=3, leased_until=timezone.now() - DAY)
    runs.work_off()
    run.refresh_from_db()
    assert (run.status, run.problem) == (RunStatus.FAILED, runs.DIED)


def test_no_more_are_made_at_once_than_the_settings_say(oscar: User, acme: Project) -> None:
    busy, waiting = run_of(oscar, acme), run_of(oscar, acme)
    runs._claim(busy.pk, timezone.now())
    assert runs.work_off() == 0
    runs.cancel(busy)
    assert runs.work_off() == 1
    waiting.refresh_from_db()
    assert waiting.status == RunStatus.DONE


def test_a_run_that_is_cancelled_leaves_no_file(oscar: User, acme: Project, folder: Path, monkeypatch: Any) -> None:
    run = run_of(oscar, acme)

    def cancelled_meanwhile(asked: Any, form: str, file: Any, progress: Any) -> None:
        file.write(b"half of it")
        assert runs.cancel(run)
        progress(0.5)

    monkeypatch.setattr(runs, "write", cancelled_meanwhile)
    made(run)
    assert (run.status, list(folder.iterdir())) == (RunStatus.CANCELLED, [])
    assert not runs.cancel(run)


def test_a_failure_says_so_and_hides_its_cause(oscar: User, acme: Project, folder: Path, monkeypatch: Any) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(runs, "write", fail)
    run = made(run_of(oscar, acme))
    assert (run.status, run.problem, list(folder.iterdir())) == (RunStatus.FAILED, runs.FAILED, [])


def test_it_is_made_with_the_rights_of_now(oscar: User, acme: Project) -> None:
    run = run_of(oscar, acme)
    oscar.memberships.get().delete()
    made(run)
    assert run.status == RunStatus.FAILED
    assert "may not run reports in Acme any more" in run.problem


def test_files_are_thrown_away_and_rows_stay(oscar: User, acme: Project, folder: Path, settings: Any) -> None:
    run = made(run_of(oscar, acme))
    now = timezone.now()
    assert runs.throw_away(now + 29 * DAY) == 0
    assert runs.throw_away(now + 31 * DAY) == 1
    run.refresh_from_db()
    assert (run.status, run.has_file, list(folder.iterdir())) == (RunStatus.DONE, False, [])
    (folder / "left-by.part").touch()
    assert runs.throw_away(now + 2 * DAY) == 1


def test_viewers_run_nothing_and_nobody_runs_what_they_cannot_see(vera: User, charlie: User, acme: Project) -> None:
    with pytest.raises(PermissionDenied):
        run_of(vera, acme)
    with pytest.raises(APIException):
        run_of(charlie, acme)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "no-such-kind"}, "kind"),
        ({"range": "-7d"}, "range"),
        ({"range": "", "from": "2025-12-02T00:00Z", "to": "2025-12-01T00:00Z"}, ""),
        ({"nonsense": "1"}, "nonsense"),
    ],
)
def test_bad_parameters_are_named(oscar: User, acme: Project, said: dict[str, str], field: str, api: ApiClient) -> None:
    parameters = {"kind": "availability", "project": "acme", **said}
    answer = api(oscar).post("/api/v1/reports/runs/", {"parameters": parameters}, format="json")
    assert answer.status_code == 400
    assert field in str(answer.json())
    with pytest.raises(ValidationError):
        runs.request(oscar, parameters, "csv")


def test_exports_answer_with_the_right_type_and_name(oscar: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme)
    client = pages(oscar)
    for form, mime, beginning in (
        ("pdf", "application/pdf", b"%PDF"),
        ("csv", "text/csv; charset=utf-8", b"device_id"),
    ):
        answers: tuple[Any, ...] = (
            client.get(f"/reports/export/{form}?kind=availability&project=acme&range=7d"),
            client.post(f"/reports/export/{form}", {"kind": "availability"}, content_type="application/json"),
        )
        for answer in answers:
            assert answer.status_code == 200, answer.content
            assert answer["Content-Type"] == mime
            assert answer["Content-Disposition"].startswith('attachment; filename="availability')
            assert b"".join(answer.streaming_content).startswith(beginning)
    assert pages(None).get("/reports/export/pdf").status_code == 401
    assert client.get("/reports/export/exe").status_code == 404


def test_a_long_export_is_answered_with_the_address_of_its_run(
    oscar: User, acme: Project, pages: PageClient, monkeypatch: Any
) -> None:
    DeviceFactory.create(project=acme)
    monkeypatch.setattr(runs, "is_small", lambda asked, form: False)
    client = pages(oscar)
    answer = client.get("/reports/export/pdf?kind=availability", HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer["Location"]) == (202, answer.json()["run"])
    assert client.get(answer.json()["file"]).status_code == 409
    runs.work_off()
    told = client.get(answer["Location"]).json()
    assert (told["status"], told["percent"]) == ("done", 100)
    assert client.get(answer.json()["file"])["Content-Type"] == "application/pdf"
    # A person's browser is led to its page.
    assert client.get("/reports/export/pdf?kind=availability", HTTP_ACCEPT="text/html").status_code == 302


def test_a_report_of_two_projects_is_for_those_who_see_both(
    oscar: User, vera: User, acme: Project, globex: Project, api: ApiClient
) -> None:
    MembershipFactory.create(user=oscar, project=globex, role="operator")
    for project in (acme, globex):
        DeviceFactory.create(project=project)
    third = MembershipFactory.create(user=oscar, project__name="Initech", role="operator").project
    DeviceFactory.create(project=third)
    run = made(runs.request(oscar, {"kind": "availability", "project": "acme", "projects": ["globex"]}, "csv"))
    assert {row.split(",")[2] for row in content(run).decode().splitlines()[1:]} == {"Acme", "Globex"}
    address = f"/api/v1/reports/runs/{run.pk}/file/"
    assert (api(vera).get(address).status_code, api(oscar).get(address).status_code) == (404, 200)
    MembershipFactory.create(user=vera, project=globex)
    assert api(vera).get(address).status_code == 200
    # A viewer of one of them makes none of both.
    said = {"parameters": {"kind": "availability", "projects": "acme,globex"}}
    oscar.memberships.filter(project=globex).update(role="viewer")
    assert api(oscar).post("/api/v1/reports/runs/", said, format="json").status_code == 403
    oscar.memberships.get(project=globex).delete()
    assert api(oscar).post("/api/v1/reports/runs/", said, format="json").status_code == 404


def test_a_template_may_be_of_other_projects_besides(
    alice: User, acme: Project, globex: Project, pages: PageClient
) -> None:
    client = pages(alice)
    said = {"kind": "availability", "project": "acme", "format": "csv", "keep": "1", "name": "Both"}
    for foreign in ("globex", "gibberish"):
        answer = client.post("/reports/new/", {**said, "projects": foreign})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["projects"])
    MembershipFactory.create(user=alice, project=globex, role="operator")
    client.post("/reports/new/", {**said, "projects": "globex"})
    template = acme.report_templates.get()
    assert client.get(template.get_absolute_url()).context["form"]["projects"].value() == ["globex"]
    schedule = schedule_of(alice, acme, template=template)
    schedules.begin_due(timezone.now() + DAY)
    run = schedule.runs.get()
    assert (run.project, list(run.also.all())) == (acme, [globex])


def test_a_member_who_is_removed_finds_nothing_any_more(
    vera: User, oscar: User, charlie: User, acme: Project, pages: PageClient
) -> None:
    run = made(run_of(oscar, acme))
    address = f"{run.get_absolute_url()}file/"
    assert pages(vera).get(address).status_code == 200
    assert pages(charlie).get(address).status_code == 404
    vera.memberships.get().delete()
    assert (pages(vera).get(address).status_code, pages(None).get(address).status_code) == (404, 302)


def test_a_run_is_made_again_as_of_now(alice: User, acme: Project, pages: PageClient) -> None:
    run = made(run_of(alice, acme))
    answer = pages(alice).post(f"{run.get_absolute_url()}again/", follow=True)
    other = answer.context["run"]
    assert (other.said, other.status, other.pk == run.pk) == (run.said, RunStatus.DONE, False)


def test_a_template_is_kept_and_run(alice: User, acme: Project, pages: PageClient) -> None:
    DeviceFactory.create(project=acme)
    client = pages(alice)
    said = {"kind": "availability", "project": "acme", "range": "7d", "format": "csv", "page_size": "A4"}
    refused = client.post("/reports/new/", {**said, "keep": "1", "name": ""})
    assert (refused.status_code, "Give the template a name." in refused.content.decode()) == (422, True)
    client.post("/reports/new/", {**said, "keep": "1", "name": "Weekly"})
    kept = acme.report_templates.get()
    assert (kept.name, kept.said["range"], kept.created_by) == ("Weekly", "7d", alice)
    opened = client.get(kept.get_absolute_url()).context["form"]
    assert (opened["kind"].value(), opened["range"].value()) == ("availability", "7d")
    assert client.post("/reports/new/", {**said, "run": "1"}, follow=True).context["run"].status == RunStatus.DONE
    assert client.post("/reports/new/", {**said, "kind": "x"}).status_code == 422
    assert template_of(acme, name="Other").parameters["project"] == "acme"
