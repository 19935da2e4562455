"""Writes the store of this release as SQL text, for later releases to be tested with:

    .venv/bin/python tests/core/adapters/write_release.py > tests/core/adapters/releases/VERSION.sql

Run it once, before a release. What it writes never changes afterwards.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np

from core.adapters.local.backend import Backend, open_backend
from core.errors import KhanaError
from core.extract import Extractor
from core.intake.arrival import receive
from core.invoice import ErrorInfo, Invoice, SourceRef
from core.pipeline import process
from core.ports import StoredTemplate
from core.review import correct
from core.settings import Settings
from core.template import Kind, parse_template
from core.values.parse import parse_value

FORM = parse_template(
    {
        "id": "form",
        "name": "نموذج",
        "page_size": [400, 200],
        "date_order": "mdy",
        "fields": [
            {"name": "invoice_number", "kind": "number", "box": [10, 10, 200, 60]},
            {"name": "total", "kind": "amount", "box": [10, 70, 200, 120]},
            {"name": "date", "kind": "date", "box": [10, 130, 390, 190], "required": False},
        ],
        "rules": ["total > 0"],
    }
)


def page(number: str, total: str, date: str) -> bytes:
    picture = np.full((200, 400), 255, np.uint8)
    for text, bottom in ((number, 50), (total, 110), (date, 175)):
        cv2.putText(picture, text, (20, bottom), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0,), 2)
    return bytes(cv2.imencode(".png", picture)[1])


def fill(backend: Backend, settings: Settings) -> None:
    """An invoice of every status, a template of two versions, a cursor, seen files, events."""
    extractor = Extractor(settings)
    picture = bytes(cv2.imencode(".png", np.full((20, 40), 255, np.uint8))[1])
    backend.store.put_template(StoredTemplate(FORM, picture))
    backend.store.put_template(StoredTemplate(FORM))
    backend.store.set_state("cursor:folder", "seen")

    def take_in(name: str, data: bytes) -> Invoice:
        source = SourceRef(kind="upload", file_id=name, name=name)
        return receive(backend.adapters, BytesIO(data), source, settings)

    for name, data in {
        "done.png": page("1024", "560.25", "03/04/2026"),
        "corrected.png": page("1025", "70", "12/31/2025"),
        "review.png": page("1026", "", ""),
        "failed.jpg": b"not a picture",
    }.items():
        invoice = take_in(name, data)
        assert invoice.object is not None
        process(backend.adapters, extractor, invoice.object, settings)
        delivery = backend.queue.take()
        assert delivery is not None
        backend.queue.acknowledge(delivery)
        if name == "corrected.png":
            value = {"total": parse_value(Kind.AMOUNT, "71.50")}
            backend.store.update(invoice.id, partial(correct, values=value, by="mona"))
    take_in("done again.png", page("1024", "560.25", "03/04/2026"))
    take_in("waiting.png", page("1027", "1", ""))
    aside = take_in("aside.png", page("1028", "1", ""))
    delivery = backend.queue.take()
    assert delivery is not None
    backend.queue.retry(delivery, ErrorInfo.of(KhanaError("out of luck")))
    delivery = backend.queue.take()
    assert delivery is not None
    assert aside.object is not None
    backend.queue.set_aside(delivery, ErrorInfo.of(KhanaError("out of luck")))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        fill(open_backend(settings), settings)
        with closing(sqlite3.connect(settings.data / "khana.db")) as connection:
            connection.execute("INSERT INTO seen VALUES ('a/b.png', '1-2-3')")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            sys.stdout.write(f"PRAGMA user_version = {version};\n")
            sys.stdout.writelines(line + "\n" for line in connection.iterdump())


if __name__ == "__main__":
    main()
