"""Invoices as an Excel workbook: dates are dates, amounts numbers, identifiers text.

XlsxWriter makes all of the workbook but the rows, which are put into its sheet as they come: a
library that writes a whole sheet keeps it in memory, or twice on a disk, which on Cloud Run is
memory too. So the first bytes leave at once, however many invoices follow.
(The format: ECMA-376, part 1, 18.3.1; https://support.microsoft.com, "Excel specifications and
limits".)
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from core.errors import RequestError
from core.export.rows import HEAD, Cell, cells, columns
from core.invoice import Invoice
from core.wording import Wording

MOST_ROWS = 1_048_575
"""What a sheet of Excel has beside its line of names."""

MOST_CHARACTERS = 32_767
"""Of one cell; Excel refuses a file with more."""

MOST_DIGITS = 15
"""Of a number: Excel rounds what has more, so that is text."""

_SHEET = "xl/worksheets/sheet1.xml"
_ROWS_A_PIECE = 200
_EPOCH = date(1899, 12, 30)
_FIRST_DAY = date(1900, 3, 1)
"""Before it Excel counts a day that never was (29 February 1900)."""
_DAY_S = 86_400

_FORMATS = {
    "text": "@",
    "date": "yyyy-mm-dd",
    "time": 'yyyy-mm-dd hh:mm "UTC"',
    "confidence": "0.0%",
    **{f"amount{n}": "#,##0" + ("." + "0" * n if n else "") for n in range(7)},
}
"""Formats of cells by name; amounts show the decimals that are printed."""

_WIDTHS = {"id": 12, "status": 14, "file": 28, "received_at": 21, "read_at": 21, "reasons": 60}
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML can't hold."""
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Excel takes such text for the name of a character."""


def xlsx_pieces(
    invoices: Iterable[Invoice], fields: Sequence[str], *, wording: Wording
) -> Iterator[bytes]:
    """The workbook with a row per invoice and a column per field, piece by piece.

    Raises:
        RequestError: there are more invoices than a sheet has rows.
    """
    frame = _frame(fields, wording)
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in frame.others.items():
            archive.writestr(name, data)
        with archive.open(_SHEET, "w") as sheet:
            sheet.write(frame.before)
            for number, invoice in enumerate(invoices, start=2):
                if number > MOST_ROWS + 1:
                    raise RequestError(
                        f"more than {MOST_ROWS:,} invoices fit into no sheet: narrow the filters, "
                        "or take CSV",
                        code="too_many_rows",
                    )
                row = _named(cells(invoice, fields, wording=wording), wording)
                sheet.write(_row(number, row, frame.styles))
                if number % _ROWS_A_PIECE == 0:
                    yield sink.taken()
            sheet.write(frame.after)
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What a ZIP archive is written to that goes straight on: nothing can be sought in it."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._buffer += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


@dataclass(frozen=True)
class _Frame:
    """A workbook without rows: its parts, the sheet before and after them, styles by format."""

    others: dict[str, bytes]
    before: bytes
    after: bytes
    styles: dict[str, str]


def _frame(fields: Sequence[str], wording: Wording) -> _Frame:
    """The workbook around the rows; a row with a cell per format tells what styles are called."""
    names = columns(fields)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(wording.say("Invoices"))
        if wording.right_to_left:
            sheet.right_to_left()
        bold = book.add_format({"bold": True, "bottom": 1})
        for column, name in enumerate(names):
            sheet.set_column(column, column, _WIDTHS.get(name, 16))
            sheet.write_string(0, column, wording.label(name), bold)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, MOST_ROWS, len(names) - 1)
        for column, code in enumerate(_FORMATS.values()):
            sheet.write_blank(1, column, None, book.add_format({"num_format": code}))
    with zipfile.ZipFile(file) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    text = parts.pop(_SHEET).decode()
    # The area in use was measured without the rows, and needn't be named.
    text = re.sub("<dimension [^>]*/>", "", text)
    before, sample, after = re.split('(<row r="2".*?</row>)', text, maxsplit=1, flags=re.DOTALL)
    styles = re.findall(r'<c r="[A-Z]+2" s="(\d+)"/>', sample)
    return _Frame(parts, before.encode(), after.encode(), dict(zip(_FORMATS, styles, strict=True)))


def _named(row: list[Cell], wording: Wording) -> list[Cell]:
    """The row with its status in words."""
    status = HEAD.index("status")
    return [*row[:status], wording.label(str(row[status])), *row[status + 1 :]]


def _row(number: int, row: Sequence[Cell], styles: dict[str, str]) -> bytes:
    written = "".join(
        _cell(f"{xl_col_to_name(column)}{number}", cell, styles)
        for column, cell in enumerate(row)
        if cell not in (None, "")
    )
    return f'<row r="{number}">{written}</row>'.encode()


def _cell(place: str, cell: Cell, styles: dict[str, str]) -> str:
    match cell:
        case float():
            return _number(place, f"{cell:.4f}", styles["confidence"])
        case datetime():
            seconds = (cell - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds()
            return _number(place, f"{seconds / _DAY_S:.9f}", styles["time"])
        case date() if cell >= _FIRST_DAY:
            return _number(place, str((cell - _EPOCH).days), styles["date"])
        case Decimal() if (style := _amount_style(cell)) is not None:
            return _number(place, f"{cell:f}", styles[style])
        case Decimal():
            text = f"{cell:f}"
        case _:
            text = str(cell)
    fit = _ESCAPE_LIKE.sub("_x005F_", _UNFIT.sub("", text))[:MOST_CHARACTERS]
    return (
        f'<c r="{place}" s="{styles["text"]}" t="inlineStr">'
        f'<is><t xml:space="preserve">{escape(fit)}</t></is></c>'
    )


def _number(place: str, value: str, style: str) -> str:
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def _amount_style(amount: Decimal) -> str | None:
    """The format that shows the amount as it is printed; None if Excel's numbers can't hold it."""
    _, digits, exponent = amount.as_tuple()
    style = f"amount{-int(exponent)}"
    return style if style in _FORMATS and len(digits) <= MOST_DIGITS else None
