"""How a PDF is put together: pages, contents, tables over many pages, texts of any kind."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from reports.documents import (
    Block,
    Chart,
    Column,
    Document,
    Form,
    Heading,
    Limit,
    Missing,
    Section,
    Series,
    Table,
    Text,
)
from reports.files.pdf import type as type_
from reports.files.pdf.ticks import nice, times
from reports.files.pdf.type import ELLIPSIS, lines_of, shortened, width_of
from reports.files.pdf.write import write_pdf

pytestmark = pytest.mark.once

START, END = datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 8, tzinfo=UTC)
NUMBERS = st.floats(-1e15, 1e15)


def pdf_of(*sections: Section, page_size: str = "A4", **fields: Any) -> PdfReader:
    usual = {"kind": "fleet", "title": "Title", "subtitle": "Acme", "zone": UTC, "generated_for": "vera"}
    made = Document(start=START, end=END, generated_at=END, sections=sections, **{**usual, **fields})
    file = BytesIO()
    write_pdf(made, file, page_size, lambda share: None)
    return PdfReader(file)


def text_of(page: Any) -> str:
    return " ".join(page.extract_text().split())


def test_a_long_table_has_its_head_on_every_page_and_every_row_once() -> None:
    columns = [Column("name", "The name"), Column("number", "The number", Form.NUMBER, "kWh", 1)]
    rows = [(f"row-{number}", number * 1000.25) for number in range(150)]
    pages = pdf_of(Section("rows", "Rows", [Table("rows", "All rows", columns, rows)])).pages[1:]
    assert len(pages) > 2
    assert all("The name The number, kWh row-" in text_of(page) for page in pages)
    words = " ".join(text_of(page) for page in pages) + " "
    assert [words.count(f"row-{number} {number * 1000.25:,.1f} ") for number in range(150)] == [1] * 150
    assert words.count("All rows") == 1


def test_what_is_too_long_for_paper_says_where_the_rest_is() -> None:
    table = Table("rows", "", [Column("n", "Number", Form.NUMBER)], lambda: ((n,) for n in range(10_000_000)))
    last = pdf_of(Section("rows", "Rows", [table])).pages[-1]
    assert "The first 2,000 rows. A file for spreadsheets has all of them." in text_of(last)


def test_contents_lead_to_headings_and_say_their_pages() -> None:
    texts: list[Block] = [Text("word " * 900), Heading("Part"), Text("end")]
    reader = pdf_of(Section("one", "First", texts), Section("two", "Second", []))
    cover: Any = reader.pages[0]
    targets = [link.get_object()["/Dest"][0].get_object() for link in cover["/Annots"]]
    numbers = [reader.pages.index(target) + 1 for target in targets]
    assert len(numbers) == 3
    assert numbers == sorted(numbers)
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == ["First", "Second"]
    for number in numbers:
        assert f"Page {number} of {len(reader.pages)}" in text_of(reader.pages[number - 1])


def test_readers_are_told_its_title_its_language_and_its_outline() -> None:
    reader = pdf_of(Section("one", "First", []), title="Näytös Ω")
    assert reader.metadata is not None
    assert reader.metadata.title == "Näytös Ω"
    root: Any = reader.trailer["/Root"]
    assert (root["/Lang"], root["/ViewerPreferences"]["/DisplayDocTitle"], "/Outlines" in root) == ("en", True, True)


def test_letters_that_only_a_font_of_the_machine_has_are_embedded(tmp_path: Path, monkeypatch: Any) -> None:
    """As that of Debian's package, where it is installed."""
    installed = tmp_path / "font.ttf"
    installed.write_bytes(type_.FILES["FiraGO"])
    monkeypatch.setattr(type_, "EASTERN_FILE", installed)
    monkeypatch.setattr(type_, "REGULAR", ("NotoSans", type_.EASTERN))
    for cached in (type_._letters_of, type_.runs_of, type_.width_of):
        cached.cache_clear()
    try:
        page = pdf_of(Section("one", "First", [Text("Boiler เครื่อง")])).pages[1]
    finally:
        for cached in (type_._letters_of, type_.runs_of, type_.width_of):
            cached.cache_clear()
    assert "Boiler เครื่อง" in text_of(page)
    fonts: Any = page["/Resources"]["/Font"].values()  # type: ignore[index]
    assert any("FiraGO" in font.get_object()["/BaseFont"] for font in fonts)


def test_it_says_what_is_missing_who_asked_and_when_it_was_made() -> None:
    reader = pdf_of(Section("one", "First", [Missing("nothing is known of Boiler.")]), zone=ZoneInfo("Europe/Vienna"))
    cover, first = (text_of(page) for page in reader.pages)
    assert "Data was missing. First: nothing is known of Boiler." in first
    assert "2025-12-01 01:00 to 2025-12-08 01:00" in cover
    assert "Made 2025-12-08 01:00 (Europe/Vienna)" in first
    assert "vera" in cover
    assert reader.metadata is not None
    assert (reader.metadata.author, reader.metadata.subject) == (
        "IoTSphere",
        "Acme, 2025-12-01 01:00 to 2025-12-08 01:00",
    )


def test_a_project_has_its_logo_on_the_cover() -> None:
    file = BytesIO()
    Image.new("RGBA", (400, 100), "#2163c2").save(file, "PNG")
    [image] = pdf_of(logo=file.getvalue(), page_size="Letter").pages[0].images
    assert image.image is not None
    assert image.image.size == (400, 100)


@given(st.text(max_size=80), st.floats(20, 300))
def test_any_text_fits_into_its_lines(text: str, width: float) -> None:
    lines = lines_of(text, 8, width, most=3)
    assert len(lines) <= 3
    assert all(width_of(line, 8) <= width + 0.01 or len(line) == 1 for line in lines)
    short = shortened(text, 8, width)
    assert short == text or short.endswith(ELLIPSIS)


@given(st.lists(st.tuples(st.integers(0, 600), NUMBERS), max_size=20), st.lists(NUMBERS, max_size=2))
def test_any_figures_can_be_drawn(values: list[tuple[int, float]], limits: list[float]) -> None:
    points = [(START + timedelta(minutes=at), value, value - 1, value + 1) for at, value in sorted(values)]
    lines = [Limit(value, "limit") for value in limits]
    chart = Chart("Chart", "°C", START, END, [Series("a", "A", points)], lines, timedelta(hours=1))
    assert "Chart, °C" in text_of(pdf_of(Section("one", "First", [chart])).pages[1])


@given(NUMBERS, NUMBERS)
def test_ticks_are_even_and_enclose_what_is_drawn(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = nice(low, high)
    steps = [later - earlier for earlier, later in pairwise(ticks)]
    assert 2 <= len(ticks) <= 9
    assert max(steps) - min(steps) <= max(abs(ticks[0]), abs(ticks[-1]), 1.0) * 1e-9
    unseen = 1e-6 * max(high - low, abs(low), abs(high))
    assert ticks[0] <= low + unseen
    assert ticks[-1] >= high - unseen


@given(st.integers(1, 5_000), st.sampled_from(["UTC", "Europe/Vienna", "America/New_York"]).map(ZoneInfo))
def test_times_are_few_and_in_their_order(hours: int, zone: ZoneInfo) -> None:
    found = times(START, START + timedelta(hours=hours), zone)
    assert len(found) <= 9
    assert [moment for moment, _ in found] == sorted({moment for moment, _ in found})
