"""Exports for people, XLSX and PDF, opened by other programs' libraries; and all forms of many."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openpyxl
import pypdfium2
import pytest

from core.adapters import connect
from core.errors import RequestError, SetupError
from core.export.forms import pieces
from core.export.pdf import INVOICES_A_PART, pdf_pieces
from core.export.xlsx import MOST_CHARACTERS, xlsx_pieces
from core.intake.arrival import receive
from core.invoice import Invoice, Outcome, Reading, Reason, SourceRef, Status, TemplateRef, finish
from core.ports import Adapters, Query
from core.settings import Settings
from core.template import Kind
from core.wording import ENGLISH, Wording

ROOT = Path(__file__).parents[3]
ARABIC = Wording(
    "ar",
    True,
    {
        "Invoices": "الفواتير",
        "Needs review": "للمراجعة",
        "Total": "الإجمالي",
        "Seller": "البائع",
    },
    {"odd": "القيمة غريبة"},
)
BOX = (20, 20, 140, 50)


def reading(value: str | None, kind: Kind = Kind.TEXT) -> Reading:
    return Reading(text=value or "", value=value, kind=kind, confidence=0.98765, box=BOX)


def invoice(**fields: Reading) -> Invoice:
    return Invoice(
        id="a" * 32,
        status=Status.DONE,
        source=SourceRef(kind="upload", file_id="x", name="=scan.png"),
        received_at=datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
        fields=fields,
    )


# --- XLSX ----------------------------------------------------------------------------------------


def sheet(invoices: Sequence[Invoice], wording: Wording = ENGLISH) -> Any:
    fields = list(dict.fromkeys(name for each in invoices for name in each.fields))
    data = b"".join(xlsx_pieces(invoices, fields, wording=wording))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
    book = openpyxl.load_workbook(io.BytesIO(data))
    return book.active


def row(*args: Any, **fields: Reading) -> dict[str, Any]:
    names, cells = sheet([invoice(**fields)], *args).iter_rows()
    return {name.value: cell for name, cell in zip(names, cells, strict=True)}


def test_cells_have_their_types() -> None:
    cells = row(
        invoice_number=reading("0042", Kind.NUMBER),
        date=reading("2026-03-14", Kind.DATE),
        total=reading("-1234.50", Kind.AMOUNT),
        tax=reading(None, Kind.AMOUNT),
    )
    assert (cells["Invoice number"].value, cells["Invoice number"].data_type) == ("0042", "s")
    assert cells["Date"].value == datetime(2026, 3, 14)  # sheets know no zones
    assert cells["Date"].number_format == "yyyy-mm-dd"
    assert (cells["Total"].value, cells["Total"].number_format) == (-1234.5, "#,##0.00")
    assert cells["Tax"].value is None
    assert cells["Received at"].value == datetime(2026, 3, 14, 9, 30)
    assert cells["Received at"].number_format == 'yyyy-mm-dd hh:mm "UTC"'
    assert cells["Lowest confidence"].value == pytest.approx(0.9877)
    assert cells["Status"].value == "Done"


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("=HYPERLINK()", Kind.TEXT, "=HYPERLINK()"),
        ("<b> & \x07\ufffe", Kind.TEXT, "<b> & "),
        ("_x0041_", Kind.TEXT, "_x0041_"),
        ("x" * 40_000, Kind.TEXT, "x" * MOST_CHARACTERS),
        ("شركة أكمي", Kind.TEXT, "شركة أكمي"),
        ("12345678901234567.25", Kind.AMOUNT, "12345678901234567.25"),  # Excel would round it
        ("1.23456789", Kind.AMOUNT, "1.23456789"),
    ],
)
def test_what_excel_could_spoil_stays_text(value: str, kind: Kind, shown: str) -> None:
    cell = row(seller=reading(value, kind))["Seller"]
    assert cell.data_type == "s"
    assert openpyxl.utils.escape.unescape(cell.value) == shown


def test_a_day_before_excel_s_calendar_is_text() -> None:
    assert row(date=reading("1900-02-28", Kind.DATE))["Date"].value == "1900-02-28"


def test_in_arabic_the_sheet_runs_from_right_to_left() -> None:
    odd = Reason(code="odd", message="total: is odd", fields=("total",))
    doubtful = invoice(total=reading("5", Kind.AMOUNT)).model_copy(update={"reasons": (odd,)})
    made = sheet([doubtful], ARABIC)
    assert made.title == "الفواتير"
    assert made.sheet_view.rightToLeft
    assert "الإجمالي" in [cell.value for cell in made[1]]
    assert made[2][-1].value == "الإجمالي: القيمة غريبة"
    assert not sheet([invoice()]).sheet_view.rightToLeft


def test_more_than_a_sheet_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.export.xlsx.MOST_ROWS", 2)
    with pytest.raises(RequestError, match="narrow the filters"):
        sheet([invoice()] * 3)


# --- PDF -----------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    return connect(settings)


@pytest.fixture
def stored(adapters: Adapters, settings: Settings) -> Invoice:
    """An invoice whose total is a red bar."""
    page = np.full((200, 160, 3), 255, np.uint8)
    left, top, right, bottom = BOX
    page[top:bottom, left:right] = (0, 0, 255)
    data = io.BytesIO(cv2.imencode(".png", page)[1])
    taken = receive(
        adapters, data, SourceRef(kind="upload", file_id="x", name="فاتورة.png"), settings
    )
    fields = {"total": reading("56000.50", Kind.AMOUNT), "seller": reading("شركة Acme")}
    outcome = Outcome(
        status=Status.NEEDS_REVIEW,
        template=TemplateRef(id="acme", version=1),
        fields=fields,
        page_sizes={1: (160, 200)},
        reasons=(Reason(code="odd", message="total: is odd"),),
    )
    return adapters.store.update(taken.id, lambda now: finish(now, outcome, reader="r"))


def document(data: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(data)


def words(page: pypdfium2.PdfPage) -> str:
    text: str = page.get_textpage().get_text_range()
    return text


def red(page: pypdfium2.PdfPage) -> tuple[float, float]:
    """The share of the page's width at which the red bar begins and ends."""
    pixels = page.render(scale=1).to_numpy()[:, :, :3].astype(int)
    columns = np.flatnonzero(((pixels[:, :, 2] > 200) & (pixels[:, :, 0] < 80)).any(axis=0))
    return columns[0] / pixels.shape[1], columns[-1] / pixels.shape[1]


def test_a_pdf_shows_values_and_what_they_were_read_from(
    adapters: Adapters, settings: Settings, stored: Invoice
) -> None:
    data = b"".join(pdf_pieces([stored], adapters, settings, wording=ENGLISH))
    (page,) = document(data)
    text = words(page)
    assert "56000.50" in text
    assert "total: is odd" in text
    assert "Needs review" in text
    begin, end = red(page)
    assert 0.5 < begin < end < 0.9


def test_in_arabic_the_columns_change_sides_and_letters_join(
    adapters: Adapters, settings: Settings, stored: Invoice
) -> None:
    data = b"".join(pdf_pieces([stored], adapters, settings, wording=ARABIC))
    (page,) = document(data)
    begin, end = red(page)
    assert 0.1 < begin < end < 0.5
    text = words(page)
    assert "البائع" in text
    assert "القيمة غريبة" in text
    assert "is odd" not in text
    assert b"/Direction /R2L" in data
    # Shaped, the letters of a word are glyphs of their own, which a font without shaping has not.
    plain = b"".join(pdf_pieces([stored], adapters, settings, wording=ENGLISH))
    assert b"/Direction /L2R" in plain


def test_after_arabic_a_date_stands_as_it_is_read(
    adapters: Adapters, settings: Settings, stored: Invoice
) -> None:
    came = {"template": None, "received_at": datetime(2026, 3, 14, 9, 30, tzinfo=UTC)}
    unknown = stored.model_copy(update=came)
    data = b"".join(pdf_pieces([unknown], adapters, settings, wording=ARABIC))
    (page,) = document(data)
    text = page.get_textpage()
    boxes = [(text.get_charbox(i), text.get_text_range(i, 1)) for i in range(text.count_chars())]
    line = max(box[1] for box, char in boxes if char == "-")  # the date is the first to have one
    seen = sorted((box[0], char) for box, char in boxes if abs(box[1] - line) < 5)
    assert "2026-03-1409:30UTC" in "".join(char.strip() for _, char in seen)


def test_short_documents_become_one(
    adapters: Adapters, settings: Settings, stored: Invoice
) -> None:
    count = 2 * INVOICES_A_PART + 1
    parts = list(pdf_pieces([stored] * count, adapters, settings, wording=ENGLISH))
    assert len(parts) == 5
    whole = document(b"".join(parts))
    text = "".join(words(page) for page in whole)
    assert text.count("56000.50") == count
    assert [words(page).rstrip().splitlines()[-1] for page in whole] == [
        str(number) for number in range(1, len(whole) + 1)
    ]
    assert whole.get_metadata_value("Title") == "Invoices"


def test_without_invoices_or_their_pages_there_is_a_pdf_all_the_same(
    adapters: Adapters, settings: Settings, stored: Invoice
) -> None:
    assert len(document(b"".join(pdf_pieces([], adapters, settings, wording=ENGLISH)))) == 1
    assert stored.object is not None
    adapters.objects.delete(stored.object)
    gone = b"".join(pdf_pieces([stored], adapters, settings, wording=ENGLISH))
    assert "56000.50" in words(document(gone)[0])


def test_a_missing_font_is_said_at_once(adapters: Adapters, settings: Settings) -> None:
    without = settings.model_copy(update={"font": Path("nowhere.ttf")})
    with pytest.raises(SetupError, match="fonts-dejavu-core"):
        pieces("pdf", adapters, Query(), without, wording=ENGLISH)


@pytest.mark.parametrize("name", ["words.txt", "words.ttf", "cut.ttf"])
def test_a_font_that_is_none_is_said_at_once(
    adapters: Adapters, settings: Settings, tmp_path: Path, name: str
) -> None:
    font = tmp_path / name
    font.write_bytes(settings.font.read_bytes()[:5000] if name == "cut.ttf" else b"words")
    wrong = settings.model_copy(update={"font": font})
    with pytest.raises(SetupError, match=r"is no font that can be used.*fonts-dejavu-core") as said:
        pieces("pdf", adapters, Query(), wrong, wording=ENGLISH)
    assert said.value.code == "font_unusable"


# --- many ----------------------------------------------------------------------------------------

PEAK = """
import sys, tempfile
from pathlib import Path
from core.adapters import connect
from core.export.pdf import pdf_pieces
from core.export.rows import csv_lines, json_lines
from core.export.xlsx import xlsx_pieces
from core.settings import Settings
from core.wording import ENGLISH
from tests.bench.growth import FIELDS, invoices

form, count = sys.argv[1], int(sys.argv[2])
with tempfile.TemporaryDirectory() as data:
    settings = Settings(data=Path(data))
    adapters = connect(settings)
    many = invoices(0, count)
    pieces = {
        "csv": lambda: csv_lines(many, FIELDS),
        "json": lambda: json_lines(many),
        "xlsx": lambda: xlsx_pieces(many, FIELDS, wording=ENGLISH),
        "pdf": lambda: pdf_pieces(many, adapters, settings, wording=ENGLISH),
    }[form]()
    total = sum(map(len, pieces))
# Not ru_maxrss: a process has that of the one that started it, at least, and that one tests much.
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(total, int(peak) * 1024)
"""
"""Writes that many invoices in a form; prints its size, and the most memory that took (bytes)."""


def peak(form: str, count: int) -> tuple[int, int]:
    command = [sys.executable, "-c", PEAK, form, str(count)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    size, memory = run.stdout.split()
    return int(size), int(memory)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("form", "few", "lots"),
    [
        ("csv", 1_000, 100_000),
        ("json", 1_000, 100_000),
        ("xlsx", 1_000, 100_000),
        ("pdf", 60, 1_500),  # 100,000 would take most of an hour
    ],
)
def test_more_invoices_take_no_more_memory(form: str, few: int, lots: int) -> None:
    (_, small), (size, large) = peak(form, few), peak(form, lots)
    print(f"{form}: {lots:,} invoices, {size / 1e6:.1f} MB, in {large / 1e6:.0f} MB of memory")
    assert large < small + 16_000_000


def test_amounts_are_exact_where_a_number_can_hold_them() -> None:
    cell = row(total=reading("20717.5", Kind.AMOUNT))["Total"]
    assert Decimal(str(cell.value)) == Decimal("20717.5")
    assert cell.number_format == "#,##0.0"
