"""Names are texts, whatever they look like, and in whatever script they are written."""

from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from devices.models import Device
from iotsphere.models import User
from reports.question import read
from reports.render import write
from tests.reports.asking import made, words_of

pytestmark = pytest.mark.django_db


def test_markup_and_formulas_are_texts(vera: User, heater: Device) -> None:
    for name in ('<para><b>bold</b>&amp;<img src="x"/></para>', "=cmd|' /C calc'!A0", "@SUM(1+1)"):
        Device.objects.update(name=name)
        said = {"kind": "availability", "range": "2d"}
        assert "".join(name.split()) in "".join(words_of(made(vera, **said, title=name)).split())
        csv = made(vera, "csv", **said).decode()
        if name[0] in "=@":
            assert f",'{name}," in csv or f'"\'{name}"' in csv
        sheet = load_workbook(BytesIO(made(vera, "xlsx", **said)))["Devices"]
        assert (sheet["B2"].value, sheet["B2"].data_type) == (name, "s")


def test_names_are_set_in_fonts_that_have_their_letters(vera: User, heater: Device) -> None:
    """Arabic is drawn from right to left, joined: what is read out of the file are the forms of its letters."""
    names = ("Ångström Łódź Đặng", "Θερμοσίφωνας", "Водонагреватель", "เครื่องทำน้ำอุ่น", "給湯器", "保温水箱", "온수기")
    for name in names:
        Device.objects.update(name=name)
        assert name in words_of(made(vera, kind="availability", sections="devices"))
    Device.objects.update(name="مقياس الحرارة في الرياض")
    pdf = made(vera, kind="availability", sections="devices")
    words = words_of(pdf)
    assert "?" not in words
    assert any("\ufe70" <= letter <= "\ufeff" for letter in words)
    fonts = PdfReader(BytesIO(pdf)).pages[1]["/Resources"]["/Font"].values()  # type: ignore[index]
    assert all("+" in font.get_object()["/BaseFont"] for font in fonts if "/ToUnicode" in font.get_object())


def test_a_logo_that_is_no_picture_is_left_out(vera: User, heater: Device) -> None:
    file = BytesIO()
    write(replace(read({"kind": "availability"}, vera), logo=b"<svg/>"), "pdf", file)
    assert file.getvalue().startswith(b"%PDF")
