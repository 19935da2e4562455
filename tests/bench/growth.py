"""How storing, lists, filters and exports grow with what is stored."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from core.adapters.local.database import Database
from core.adapters.local.store import LocalInvoiceStore
from core.export.rows import csv_lines, every
from core.invoice import Invoice, Reading, SourceRef, Status, TemplateRef
from core.ports import Query
from core.template import Kind

SEED = 78
START = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = ("number", "date", "total")
SUPPLIERS = 40
STORED = 500
"""The last so many invoices are what storing one is timed by."""


def invoices(first: int, count: int) -> Iterator[Invoice]:
    """Those of 40 suppliers, one a second, one in twenty to be reviewed."""
    for n in range(first, first + count):
        cents = Random(SEED + n).randint(1, 10**7)
        fields = {
            "number": _reading(Kind.NUMBER, f"{n:06}"),
            "date": _reading(Kind.DATE, str(date(2024, 1, 1) + timedelta(n % 700))),
            "total": _reading(Kind.AMOUNT, f"{cents // 100}.{cents % 100:02}"),
        }
        yield Invoice(
            id=f"{n:032x}",
            source=SourceRef(kind="upload", file_id=str(n), name=f"scan-{n}.jpg"),
            received_at=START + timedelta(seconds=n),
            status=Status.DONE if n % 20 else Status.NEEDS_REVIEW,
            template=TemplateRef(id=f"supplier-{n % SUPPLIERS}", version=1),
            fields=fields,
        )


def _reading(kind: Kind, text: str) -> Reading:
    return Reading(text=text, value=text, kind=kind, confidence=0.99, box=(0, 0, 9, 9))


QUERIES: dict[str, Query] = {
    "first page": Query(),
    "to be reviewed": Query(status=Status.NEEDS_REVIEW),
    "one supplier": Query(template="supplier-7"),
    "one number": Query(number="000042"),
    "a month, by total": Query(
        date_from=date(2024, 5, 1), date_to=date(2024, 5, 31), order_by="total"
    ),
    "a word": Query(q="scan-77"),
}


def measured(folder: Path, sizes: list[int]) -> dict[int, dict[str, float]]:
    """Number of invoices → what is done → milliseconds."""
    rows: dict[int, dict[str, float]] = {}
    store = LocalInvoiceStore(Database(folder / "bench.sqlite"))
    stored = 0
    for size in sorted(sizes):
        for invoice in invoices(stored, size - stored - STORED):
            store.create(invoice)
        started = time.perf_counter()
        for invoice in invoices(size - STORED, STORED):
            store.create(invoice)
        row = {"storing one": (time.perf_counter() - started) / STORED * 1e3}
        stored = size
        for name, query in QUERIES.items():
            row[name] = _median(lambda query=query: store.list(query))
        row["counting"] = _median(store.count_by_status)
        started = time.perf_counter()
        for _ in csv_lines(every(store, Query()), FIELDS):
            pass
        row["export of all, an invoice"] = (time.perf_counter() - started) / size * 1e3
        rows[size] = row
    return rows


def _median(run: Callable[[], object], times: int = 7) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e3)
    return median(taken)
