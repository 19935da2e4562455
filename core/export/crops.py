"""What people corrected, as labelled pictures of boxes: what the reader is trained on further.

The folder is laid out as training reads it: pictures, and `labels.jsonl` with a line for each, such
as `{"file": "…-total.png", "text": "١٢٫٥٠", "kind": "amount"}`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import NotFoundError, SetupError
from core.export.labels import label
from core.export.rows import every
from core.invoice import Invoice
from core.pictures import PageCache, box, to_png
from core.ports import Adapters, InvoiceStore, Query
from core.settings import Settings
from core.shelf import template_of
from core.template import Kind

LABELS = "labels.jsonl"


@dataclass
class Crops:
    """How many boxes were written, and how many corrected ones were not: their picture is gone, or
    how they are printed can't be told from the correction."""

    written: int = 0
    left_out: int = 0


def write_crops(adapters: Adapters, query: Query, folder: Path, settings: Settings) -> Crops:
    """Writes the corrected numeric boxes of the invoices to `folder`, which is made if need be.

    Raises:
        SetupError: nothing can be written there.
        TransientError: a store is out of reach.
    """
    pages = PageCache(adapters, settings)
    count = Crops()
    unfinished = folder / f".{LABELS}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as labels:
            for invoice in every(adapters.store, query):
                for name, text in _labels(adapters.store, invoice, count):
                    picture = f"{invoice.id}-{name}.png"
                    reading = invoice.fields[name]
                    try:
                        pixels = box(pages.page(invoice, reading.page), reading)
                    except NotFoundError:
                        count.left_out += 1
                        continue
                    (folder / picture).write_bytes(to_png(pixels))
                    line = {"file": picture, "text": text, "kind": reading.kind.value}
                    labels.write(json.dumps(line, ensure_ascii=False) + "\n")
                    count.written += 1
        unfinished.replace(folder / LABELS)
    except OSError as error:
        raise SetupError(f"{folder}: can't be written: {error.strerror}") from error
    return count


def _labels(store: InvoiceStore, invoice: Invoice, count: Crops) -> Iterable[tuple[str, str]]:
    """Name and label of each of the invoice's boxes that a person has corrected or confirmed."""
    reviewed = {
        name: reading
        for name, reading in invoice.fields.items()
        if reading.reviewed_by is not None and reading.kind is not Kind.TEXT
    }
    if not reviewed:
        return
    template = template_of(store, invoice)
    patterns = {field.name: field.pattern for field in template.fields} if template else {}
    typed = {each.field: each.typed for each in invoice.corrections}
    for name, reading in reviewed.items():
        text = label(
            reading,
            typed=typed.get(name),
            date_order=template.date_order if template else "dmy",
            pattern=patterns.get(name),
        )
        if text is None:
            count.left_out += 1
        else:
            yield name, text
