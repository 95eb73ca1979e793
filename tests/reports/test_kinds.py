"""Every kind of report, on both databases, in every format."""

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from devices.models import Device
from iotsphere.models import User
from reports.kinds import KINDS
from reports.question import read
from reports.render import file_name, is_small, write
from tests.reports.asking import made, words_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_written_in_every_format(kind: str, vera: User, charlie: User, busy_heater: Device) -> None:
    """All sections that one can choose are in it; who is of another project gets a report of nothing."""
    pdf, csv, book, data = (made(vera, form, kind=kind, range="2d") for form in ("pdf", "csv", "xlsx", "json"))
    reader = PdfReader(BytesIO(pdf))
    assert str(KINDS[kind].label) in reader.pages[0].extract_text()
    assert f"Page 2 of {len(reader.pages)}" in " ".join(reader.pages[1].extract_text().split())
    assert len(csv.splitlines()) > 1
    assert load_workbook(BytesIO(book)).sheetnames[0] == "Report"
    assert json.loads(data)["kind"] == kind
    about = words_of(pdf)
    assert "Cellar" in about or "Leak" in about
    nothing = words_of(made(charlie, kind=kind, range="2d"))
    assert "Cellar" not in nothing
    assert "Leak" not in nothing
    assert len(made(charlie, "csv", kind=kind, range="2d").splitlines()) == 1


def test_what_is_chosen_is_what_is_there(vera: User, busy_heater: Device) -> None:
    said = {"kind": "fleet", "sections": "devices,summary", "title": "For the boss", "page_size": "Letter"}
    pdf = made(vera, **said)
    reader = PdfReader(BytesIO(pdf))
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == ["Summary", "Devices"]
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.pages[0].mediabox.width) == ("For the boss", 612)
    asked = read(said, vera)
    name = f"for-the-boss-{asked.start:%Y-%m-%d}-{asked.end:%Y-%m-%d}.pdf"
    assert (is_small(asked, "pdf"), file_name(asked, "pdf")) == (True, name)


def test_a_heater_has_its_target_and_its_counters_beside_what_it_measured(vera: User, busy_heater: Device) -> None:
    words = words_of(made(vera, kind="device", range="2d", devices=busy_heater.device_id))
    for said in ("Water temperature", "Target temperature", "Above target", "Energy, in all", "Pressure, bar"):
        assert said in words


def test_whoever_watches_may_stop_it(vera: User, busy_heater: Device) -> None:
    class Stop(Exception):
        pass

    told: list[float] = []

    def progress(share: float) -> None:
        told.append(share)
        if share > 0.3:
            raise Stop

    with pytest.raises(Stop):
        write(read({"kind": "fleet"}, vera), "pdf", BytesIO(), progress)
    assert told == sorted(told)
