"""A hundred thousand invoices of a real store, exported over HTTP in bounded memory."""

import sqlite3
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running_khana import serving

from core.adapters.local.database import Database
from core.adapters.local.store import LocalInvoiceStore
from core.settings import Settings
from tests.bench.growth import SUPPLIERS, invoices

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COUNT = 100_000
MOST_GROWTH = 16 * 2**20
"""Bytes by which the export of all may take more than that of one supplier's, a fortieth."""


class AtOnce(Database):
    """All writes in one transaction: a sync of the disk for each would take minutes."""

    all: sqlite3.Connection | None = None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        if self.all is not None:
            yield self.all
        else:
            with super().write() as connection:
                yield connection


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    settings = Settings(data=tmp_path_factory.mktemp("many"))
    database = AtOnce(settings.data / "khana.db")
    store = LocalInvoiceStore(database)
    with database.write() as database.all:
        for invoice in invoices(0, COUNT):
            store.create(invoice)
    with serving(settings.data) as started:
        yield started


def export(server: tuple[str, int], query: str, file: Path, pause_s: float) -> int:
    """Writes the export to the file; the most memory that the server had meanwhile, in bytes."""
    url, process = server
    Path(f"/proc/{process}/clear_refs").write_text("5")  # begins to measure anew
    address = f"{url}/v1/invoices:export?{query}"
    with urllib.request.urlopen(address) as answer, file.open("wb") as out:
        while piece := answer.read(2**16):
            out.write(piece)
            time.sleep(pause_s)
    status = Path(f"/proc/{process}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


def rows(form: str, file: Path) -> int:
    if form == "xlsx":
        with zipfile.ZipFile(file) as archive:
            return archive.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1
    lines = file.read_bytes().count(b"\n")
    return lines - 1 if form == "csv" else lines


@pytest.mark.parametrize(
    ("form", "pause_s"),
    # Slower than it is made: then all waits, in one way or another, for who takes it.
    [("csv", 0), ("xlsx", 0), ("json", 0), pytest.param("json", 0.004, id="json-slowly")],
)
def test_all_that_are_stored_leave_in_the_memory_of_a_few(
    server: tuple[str, int], tmp_path: Path, form: str, pause_s: float
) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    small = export(server, f"format={form}&template=supplier-7", few, pause_s)
    large = export(server, f"format={form}", many, pause_s)
    print(f"{form}: {many.stat().st_size / 1e6:.1f} MB, {small / 1e6:.0f} → {large / 1e6:.0f} MB")
    assert (rows(form, few), rows(form, many)) == (COUNT // SUPPLIERS, COUNT)
    assert large < small + MOST_GROWTH
