"""Invoices as files for other programs: CSV for spreadsheets, JSON Lines for the rest.

Both are written line by line, so that any number of invoices takes the memory of one page of them.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.invoice import Invoice
from core.ports import InvoiceStore, Query

PAGE_SIZE = 200
"""Invoices that are in memory at a time."""

INTERNAL = frozenset({"lease_until", "requested_template"})
"""What an invoice notes for Khana's own sake: not part of what leaves it."""

_HEAD = ("id", "status", "file", "template", "received_at", "read_at")
_TAIL = ("lowest_confidence", "reviewed_by", "reasons")

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


def csv_lines(invoices: Iterable[Invoice], fields: Sequence[str]) -> Iterator[str]:
    """A line of names, then one per invoice with the values of `fields`, each with its line end.

    It starts with a byte order mark: without one Excel doesn't take it for UTF-8.
    """
    names = [*_HEAD, *fields, *_TAIL]
    yield "\N{BYTE ORDER MARK}" + _csv_line(names)
    for invoice in invoices:
        yield _csv_line([_safe(cell) for cell in _cells(invoice, fields)])


def json_lines(invoices: Iterable[Invoice]) -> Iterator[str]:
    """Each invoice as one line of JSON."""
    for invoice in invoices:
        yield invoice.model_dump_json(exclude=set(INTERNAL)) + "\n"


def public(invoice: Invoice) -> dict[str, Any]:
    """The invoice as the contract's JSON."""
    return invoice.model_dump(mode="json", exclude=set(INTERNAL))


def _cells(invoice: Invoice, fields: Sequence[str]) -> list[str]:
    readings = [invoice.fields.get(name) for name in fields]
    return [
        invoice.id,
        invoice.status.value,
        invoice.source.name,
        invoice.template.id if invoice.template else "",
        invoice.received_at.isoformat(timespec="seconds"),
        invoice.read_at.isoformat(timespec="seconds") if invoice.read_at else "",
        *((reading.value or "") if reading else "" for reading in readings),
        min((f"{r.confidence:.4f}" for r in invoice.fields.values()), default=""),
        ", ".join(sorted({r.reviewed_by for r in invoice.fields.values() if r.reviewed_by})),
        invoice.error.message if invoice.error else "; ".join(r.message for r in invoice.reasons),
    ]


def _safe(cell: str) -> str:
    """`cell` so that no spreadsheet computes it: a quote before it makes it text."""
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
