"""Stores that earlier releases wrote open in this one, with all that is in them.

`write_release.py` writes one for each release; what it wrote is never changed.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.adapters.local.backend import Backend, open_backend
from core.adapters.local.database import MIGRATIONS
from core.adapters.local.health import check_database
from core.invoice import Invoice, Status
from core.pipeline import object_of, read_again
from core.ports import Query
from core.settings import Settings

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.sql"))
assert RELEASES


@pytest.fixture(params=RELEASES, ids=[path.stem for path in RELEASES])
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param.read_text(encoding="utf-8"))


@pytest.fixture
def data(release: str, tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "khana.db")) as connection:
        connection.executescript(release)
    return tmp_path


@pytest.fixture
def backend(data: Path) -> Backend:
    return open_backend(Settings(data=data))


def schema(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(name, " ".join(sql.split())) for name, sql in rows}


def test_released_migrations_never_change(release: str) -> None:
    with closing(sqlite3.connect(":memory:")) as old, closing(sqlite3.connect(":memory:")) as new:
        old.executescript(release)
        (version,) = old.execute("PRAGMA user_version").fetchone()
        for statement in (each for step in MIGRATIONS[:version] for each in step):
            new.execute(statement)
        assert schema(old) == schema(new)


def test_a_migrated_schema_is_that_of_a_new_store(data: Path, tmp_path: Path) -> None:
    open_backend(Settings(data=data))
    open_backend(Settings(data=tmp_path / "new"))
    with (
        closing(sqlite3.connect(data / "khana.db")) as old,
        closing(sqlite3.connect(tmp_path / "new" / "khana.db")) as new,
    ):
        assert schema(old) == schema(new)
    assert f"schema {len(MIGRATIONS)} of {len(MIGRATIONS)}" in check_database(data)


def by_name(backend: Backend) -> dict[str, Invoice]:
    return {each.source.name: each for each in backend.store.list(Query()).invoices}


def test_every_invoice_is_there_as_it_was(backend: Backend) -> None:
    invoices = by_name(backend)
    assert {name: each.status.value for name, each in invoices.items()} == {
        "done.png": "done",
        "corrected.png": "done",
        "review.png": "needs_review",
        "failed.jpg": "failed",
        "waiting.png": "received",
        "aside.png": "received",
    }
    done, corrected = invoices["done.png"], invoices["corrected.png"]
    assert {name: field.value for name, field in done.fields.items()} == {
        "invoice_number": "1024",
        "total": "560.25",
        "date": "2026-03-04",
    }
    assert [each.name for each in done.duplicates] == ["done again.png"]
    total = corrected.fields["total"]
    assert (total.value, total.original, total.reviewed_by) == ("71.50", "70", "mona")
    assert [(each.before, each.after) for each in corrected.corrections] == [("70", "71.50")]
    assert corrected.decisions == ()
    assert total.vouched_by is None
    assert invoices["review.png"].reasons
    assert invoices["failed.jpg"].error is not None


def test_it_is_found_corrected_and_read_again(backend: Backend, data: Path) -> None:
    query = Query(number="1024", status=Status.DONE)
    (found,) = backend.store.list(query).invoices
    # The store alone is kept of each release; the picture lay beside it.
    picture = data / "bucket" / object_of(found).name
    picture.parent.mkdir()
    picture.write_bytes(b"a picture")
    again = read_again(backend.adapters, found.id)
    assert (again.status, backend.store.get(found.id)) == (Status.RECEIVED, again)


def test_templates_cursors_and_events_go_on(backend: Backend) -> None:
    (latest,) = backend.store.list_templates()
    assert (latest.id, latest.version, latest.name) == ("form", 2, "نموذج")
    picture = backend.store.get_template("form", 1).reference
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert backend.store.get_state("cursor:folder") == "seen"
    delivery = backend.queue.take()
    assert delivery is not None
    assert (delivery.ref.generation, delivery.attempt) == (5, 2)
    assert backend.queue.take() is None
