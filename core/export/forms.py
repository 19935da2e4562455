"""The forms that invoices are exported in, and each as bytes that are made while they are sent."""

from collections.abc import Iterator
from typing import Literal

from core.export.rows import csv_lines, every, field_names, json_lines
from core.ports import Adapters, Query
from core.settings import Settings
from core.wording import Wording

Form = Literal["csv", "xlsx", "pdf", "json"]

CONTENT_TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/jsonl",
}

ENDINGS: dict[Form, str] = {"csv": "csv", "xlsx": "xlsx", "pdf": "pdf", "json": "jsonl"}


def pieces(
    form: Form, adapters: Adapters, query: Query, settings: Settings, *, wording: Wording
) -> Iterator[bytes]:
    """All invoices of the query in that form; a page of them is in memory at a time.

    wording: of XLSX and PDF, which are for people.

    Raises:
        SetupError: something that the form needs is missing; at once, not at the first piece.
    """
    store = adapters.store
    if form == "json":
        return (line.encode() for line in json_lines(every(store, query)))
    if form == "pdf":
        from core.export.pdf import pdf_pieces  # noqa: PLC0415  # loads fpdf2

        return pdf_pieces(every(store, query), adapters, settings, wording=wording)
    # Looking twice costs time, but keeping the invoices in between would cost memory.
    fields = field_names(every(store, query))
    if form == "csv":
        return (line.encode() for line in csv_lines(every(store, query), fields))
    from core.export.xlsx import xlsx_pieces  # noqa: PLC0415  # loads XlsxWriter

    return xlsx_pieces(every(store, query), fields, wording=wording)
