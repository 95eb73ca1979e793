"""Whose reports they are: the letterhead on their covers, and who asked for and took them."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfReader

from devices.models import AuditEntry, Project
from iotsphere.models import User
from reports import schedules
from reports.admin.letterhead import MOST_BYTES
from reports.models import Letterhead
from tests.admin.addresses import add_to
from tests.fixtures.clients import PageClient
from tests.reports.schedules import DAY, content, made, run_of, schedule_of, template_of

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("folder")]


def picture(kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 20), "red").save(file, kind)
    return file.getvalue()


def test_the_cover_bears_the_letterhead_of_the_project(oscar: User, acme: Project) -> None:
    Letterhead.objects.create(project=acme, organisation="Acme & <Sons>", logo=picture())
    run = made(run_of(oscar, acme, template=template_of(acme, format="pdf")))
    cover = PdfReader(BytesIO(content(run))).pages[0]
    assert "Acme & <Sons>" in cover.extract_text()
    assert len(cover.images) == 1


def test_an_administrator_gives_the_project_a_logo_and_takes_it_back(
    alice: User, acme: Project, pages: PageClient
) -> None:
    client = pages(alice)
    said = {"project": acme.pk, "organisation": "Acme Ltd"}
    client.post(add_to("reports.Letterhead"), {**said, "picture": SimpleUploadedFile("logo.png", picture())})
    letterhead = Letterhead.objects.get()
    assert (letterhead.organisation, bytes(letterhead.logo)) == ("Acme Ltd", picture())
    client.post(f"/admin/reports/letterhead/{letterhead.pk}/change/", {**said, "forget_picture": "on"})
    letterhead.refresh_from_db()
    assert bytes(letterhead.logo) == b""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"<svg onload='alert(1)'/>", "no picture"),
        (picture("GIF"), "no picture"),
        (picture()[:30], "no picture"),
        (picture() + b"x" * MOST_BYTES, "512 kB at the most"),
    ],
)
def test_what_is_no_small_picture_is_refused(
    file: bytes, words: str, alice: User, acme: Project, pages: PageClient
) -> None:
    said = {"project": acme.pk, "picture": SimpleUploadedFile("logo.png", file)}
    answer = pages(alice).post(add_to("reports.Letterhead"), said)
    assert words in answer.content.decode()
    assert not Letterhead.objects.exists()


def test_the_audit_log_says_who_asked_for_a_report_and_who_took_it(
    oscar: User, vera: User, acme: Project, pages: PageClient
) -> None:
    run = made(run_of(oscar, acme))
    pages(vera).get(f"/reports/runs/{run.pk}/file/")
    said = AuditEntry.objects.filter(action__startswith="report.").order_by("pk").values_list("action", "actor_name")
    assert list(said) == [("report.requested", "oscar"), ("report.downloaded", "vera")]


def test_that_time_passes_is_no_change_of_a_schedule(alice: User, acme: Project) -> None:
    schedule = schedule_of(alice, acme)
    before = schedule.history.count()
    assert schedule.next_due is not None
    assert schedules.begin_due(schedule.next_due + DAY)
    assert schedule.history.count() == before
