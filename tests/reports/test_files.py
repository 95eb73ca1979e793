import json
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from devices.models import Device
from iotsphere.models import User
from tests.reports.asking import made, words_of

pytestmark = pytest.mark.django_db


def test_one_report_says_the_same_in_every_format(vera: User, heater: Device) -> None:
    said = {"kind": "availability", "range": "7d", "project": "acme"}
    pdf, csv, book, data = (made(vera, form, **said) for form in ("pdf", "csv", "xlsx", "json"))
    assert "WATER_HEATER_01" in words_of(pdf)
    assert csv.decode().splitlines()[0].startswith("device_id,device,project,percent,online_seconds")
    assert "WATER_HEATER_01" in [cell.value for cell in load_workbook(BytesIO(book))["Devices"]["A"]]
    assert [section["name"] for section in json.loads(data)["sections"]] == [
        "summary",
        "timeline",
        "devices",
        "outages",
    ]


def test_a_pdf_has_pages_that_are_numbered_and_listed(vera: User, heater: Device) -> None:
    reader = PdfReader(BytesIO(made(vera, kind="availability")))
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == [
        "Summary",
        "When devices were there",
        "Devices",
        "Outages",
    ]
    assert f"Page 2 of {len(reader.pages)}" in " ".join(reader.pages[1].extract_text().split())


def test_csv_is_for_programs_and_on_request_for_old_spreadsheets(vera: User, heater: Device) -> None:
    """RFC 4180, names that stay, times with their offset; a byte order mark only for who wants one."""
    said = {"kind": "device", "devices": heater.device_id, "range": "1d", "time_zone": "Asia/Kathmandu"}
    head, *rows = made(vera, "csv", **said).decode().split("\r\n")
    assert head == "time,device_id,metric,unit,value,lowest,highest"
    assert len(rows) == 5 * 143 + 1  # of a reading every ten minutes; the file ends with a line's end
    assert rows[0].startswith("20")
    assert "+05:45,WATER_HEATER_01,energy,,1801.45,," in rows[0]
    assert made(vera, "csv", bom="true", **said).startswith(b"\xef\xbb\xbftime,")
    hourly = made(vera, "csv", resolution="1h", **said).decode().splitlines()
    assert 5 * 24 < len(hourly) <= 5 * 26 + 1
