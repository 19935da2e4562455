"""Invoices as files for others: what all forms share, CSV for programs, JSON Lines for the rest.

Every form is written piece by piece, so that any number of invoices takes the memory of one page of
them. Those for people are `core.export.xlsx` and `core.export.pdf`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from core.invoice import INTERNAL, Invoice, Reading, Status
from core.ports import InvoiceStore, Query
from core.template import Kind
from core.wording import ENGLISH, Wording

PAGE_SIZE = 200
"""Invoices that are in memory at a time."""

HEAD = ("id", "status", "file", "page", "template", "received_at", "read_at")
TAIL = ("lowest_confidence", "reviewed_by", "reasons")
"""The columns before and after those of the fields."""

Cell = str | Decimal | date | datetime | float | None
"""What one cell of a table holds; times are UTC."""

# A spreadsheet takes a cell that starts so for a formula (OWASP, "CSV Injection"). Blanks before it
# don't stop every program.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def every(store: InvoiceStore, query: Query) -> Iterator[Invoice]:
    """All invoices of the query from its page on, whatever its page size."""
    query = replace(query, page_size=PAGE_SIZE)
    while True:
        page = store.list(query)
        yield from page.invoices
        if page.next_page_token is None:
            return
        query = replace(query, page_token=page.next_page_token)


def field_names(invoices: Iterable[Invoice]) -> list[str]:
    """The names of all fields of these invoices, in the order in which they are met first."""
    return list(dict.fromkeys(name for invoice in invoices for name in invoice.fields))


def columns(fields: Sequence[str]) -> list[str]:
    """The names of the columns of a table with these fields, each once: a field that is called as
    one of the others, such as `status`, is `field_status`."""

    def column(field: str) -> str:
        name = field
        while name in (*HEAD, *TAIL) or (name != field and name in fields):
            name = f"field_{name}"
        return name

    return [*HEAD, *map(column, fields), *TAIL]


def cells(invoice: Invoice, fields: Sequence[str], *, wording: Wording = ENGLISH) -> list[Cell]:
    """The row of the invoice in a table with these fields: a cell per column, typed."""
    readings = [invoice.fields.get(name) for name in fields]
    people = {r.reviewed_by for r in invoice.fields.values() if r.reviewed_by}
    if invoice.accepted:
        people |= {each.by for each in invoice.decisions if each.status is Status.DONE}
    return [
        invoice.id,
        invoice.status.value,
        invoice.source.name,
        str(invoice.part.page) if invoice.part else None,
        invoice.template.id if invoice.template else None,
        invoice.received_at.astimezone(UTC),
        invoice.read_at.astimezone(UTC) if invoice.read_at else None,
        *(typed(reading) if reading else None for reading in readings),
        min((r.confidence for r in invoice.fields.values()), default=None),
        ", ".join(sorted(people)) or None,
        "; ".join(wording.why(invoice)),
    ]


def typed(reading: Reading) -> Cell:
    """A reading's value as what it is; an identifier is text, for its leading zeros count."""
    if reading.value is None:
        return None
    if reading.kind is Kind.AMOUNT:
        return Decimal(reading.value)
    return date.fromisoformat(reading.value) if reading.kind is Kind.DATE else reading.value


def csv_lines(invoices: Iterable[Invoice], fields: Sequence[str]) -> Iterator[str]:
    """A line of names, then one per invoice with the values of `fields`, each with its line end.

    It starts with a byte order mark: without one Excel doesn't take it for UTF-8.
    """
    yield "\N{BYTE ORDER MARK}" + _csv_line([_safe(name) for name in columns(fields)])
    for invoice in invoices:
        yield _csv_line([_safe(_text(cell)) for cell in cells(invoice, fields)])


def json_lines(invoices: Iterable[Invoice]) -> Iterator[str]:
    """Each invoice as one line of JSON."""
    for invoice in invoices:
        yield invoice.model_dump_json(exclude=set(INTERNAL)) + "\n"


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:.4f}"
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return cell.isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
    return cell


def _safe(cell: str) -> str:
    """`cell` so that no spreadsheet computes it: a quote before it makes it text."""
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _csv_line(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(row)
    return line.getvalue()
