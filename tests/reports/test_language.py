"""A report speaks the language that is asked for: here one that a test alone has, in which all is written «so»."""

import json
from collections.abc import Iterator
from datetime import UTC
from gettext import NullTranslations
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.utils import translation
from django.utils.translation import trans_real
from pypdf import PdfReader
from rest_framework.exceptions import ValidationError

from devices.models import Device, MetricDefinition, Project
from iotsphere.models import User
from reports import deliveries, runs, schedules
from reports.kinds import KINDS
from reports.models import Letterhead
from reports.question import read
from reports.words import in_words
from tests.factories import NOON
from tests.fixtures.clients import PageClient
from tests.reports.asking import made, words_of
from tests.reports.schedules import schedule_of, template_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class Marked(NullTranslations):
    """German, as far as numbers and dates are concerned."""

    def gettext(self, message: str) -> str:
        return f"«{message}»"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"«{msgid1 if n == 1 else msgid2}»"

    def to_language(self) -> str:
        return "de"

    def language(self) -> str:
        return "de"


@pytest.fixture(autouse=True)
def _two_languages(settings: Any, monkeypatch: Any) -> Iterator[None]:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    real = trans_real.translation
    monkeypatch.setattr(trans_real, "translation", lambda code: Marked() if code == "de" else real(code))
    yield
    translation.deactivate()


def said_in(content: Any) -> Iterator[str]:
    """All that is there for people to read, but for rows of tables and what pages write about models."""
    if isinstance(content, list):
        for part in content:
            yield from said_in(part)
    elif isinstance(content, dict):
        for name, value in content.items():
            if name in {"title", "label", "text", "empty"} and value:
                yield value
            elif name != "rows":
                yield from said_in(value)


def test_all_that_reports_say_can_be_translated(vera: User, busy_heater: Device) -> None:
    """What is left is what people have called their things."""
    said = {
        text
        for kind in KINDS
        for text in said_in(json.loads(made(vera, "json", kind=kind, range="2d", language="de")))
        if "«" not in text
    }
    metrics = MetricDefinition.objects.values_list("label", flat=True)
    assert said - {*metrics} - {"Cellar heater", "Cellar server", "Leak", "1", "2"} == set()


def test_numbers_and_dates_are_those_of_the_language(vera: User, heater: Device) -> None:
    said = {"kind": "availability", "from_": "2025-12-01", "to": "2025-12-19T06:00", "time_zone": "UTC"}
    pdf = made(vera, **said, language="de")
    words = words_of(pdf)
    assert "«01.12.2025 00:00 to 19.12.2025 06:00»" in words
    assert "«Page 2 of» " in words
    assert PdfReader(BytesIO(pdf)).trailer["/Root"]["/Lang"] == "de"  # type: ignore[index]
    with translation.override("de"):
        assert (in_words(1234.5, UTC, 1), in_words(NOON, UTC)) == ("1.234,5", "19.12.2025 12:00")
    assert "2025-12-01 00:00 to 2025-12-19 06:00" in words_of(made(vera, **said))


def test_a_language_is_a_parameter_where_there_are_several(
    alice: User, oscar: User, acme: Project, settings: Any, pages: PageClient
) -> None:
    address = "/admin/reports/letterhead/add/"
    assert 'name="language"' in pages(alice).get(address).content.decode()
    said = {"kind": "fleet", "project": "acme", "language": "de", "format": "csv"}
    client = pages(oscar)
    assert client.post("/reports/new/", {**said, "run": "1"}, follow=True).context["run"].title == "«Fleet summary»"
    letterhead = Letterhead.objects.create(project=acme, language="de")
    assert read({"kind": "fleet", "project": "acme"}, oscar).language == "de"
    assert read({"kind": "fleet", "project": "acme", "language": "en"}, oscar).language == "en"
    letterhead.delete()
    settings.LANGUAGES = [("en", "English")]
    assert 'name="language"' not in pages(alice).get(address).content.decode()
    assert "language" not in client.get("/reports/new/").context["form"].fields
    with pytest.raises(ValidationError, match="no such parameter"):
        read({"kind": "fleet", "language": "de"}, oscar)


@pytest.mark.usefixtures("folder")
def test_mails_are_in_the_language_of_their_report(alice: User, acme: Project) -> None:
    template = template_of(acme, said={"language": "de"})
    schedule = schedule_of(alice, acme, template=template)
    assert schedule.next_due is not None
    schedules.begin_due(schedule.next_due)
    runs.work_off()
    deliveries.send_due(schedule.next_due)
    [message] = mail.outbox
    assert message.subject.startswith("««Availability»: Acme, ")
    written: Any = message
    for content in (written.body, written.alternatives[0][0]):
        for said in ("«Here is “«Availability»”", "«It is attached, too»", "«Every day at 07:00»", "«No more of it»"):
            assert said in content
    assert '<html lang="de">' in written.alternatives[0][0]
