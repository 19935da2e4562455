"""The database file: its schema, and what becomes of SQLite's errors."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.adapters.local import database as module
from core.adapters.local.database import MIGRATIONS, Database
from core.adapters.query import fold, searched
from core.errors import KhanaError, SetupError, TransientError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "khana.db"


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(number)


def test_a_new_file_gets_the_schema_and_an_old_one_keeps_its_data(path: Path) -> None:
    with Database(path).write() as connection:
        connection.execute("INSERT INTO state VALUES ('key', 'value')")
    with Database(path).read() as connection:
        assert tuple(connection.execute("SELECT * FROM state").fetchone()) == ("key", "value")
    assert version(path) == len(MIGRATIONS)


def test_a_file_of_an_older_release_is_brought_forward(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(path).write() as connection:
        connection.execute("INSERT INTO state VALUES ('key', 'value')")
    newer = (*MIGRATIONS, ("ALTER TABLE state ADD COLUMN note TEXT",))
    monkeypatch.setattr(module, "MIGRATIONS", newer)
    with Database(path).read() as connection:
        assert connection.execute("SELECT value, note FROM state").fetchone()["note"] is None
    assert version(path) == len(newer)


def test_texts_of_schema_3_are_searched_as_new_ones_are(path: Path) -> None:
    # All that has another form somewhere in Arabic, and marks that nobody sees.
    codes = [*range(0x600, 0x700), *range(0x200B, 0x2070), *range(0xFB50, 0xFE00), 0xFEFF]
    texts = [f"Straße {chr(code)}{chr(follower)}" for code in codes for follower in (0x20, 0x64F)]
    connection = sqlite3.connect(path)
    for statement in (each for step in MIGRATIONS[:3] for each in step):
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 3")
    connection.executemany(
        "INSERT INTO invoices VALUES (?, '', '', '', '', '', '', ?, '')",
        [(str(n), fold(text)) for n, text in enumerate(texts)],
    )
    connection.commit()
    connection.close()
    with Database(path).read() as migrated:
        rows = migrated.execute("SELECT id, search FROM invoices").fetchall()
    assert {int(row["id"]): row["search"] for row in rows} == {
        n: searched(text) for n, text in enumerate(texts)
    }


def test_a_file_of_a_newer_release_is_left_alone(path: Path) -> None:
    Database(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(SetupError, match="newer Khana"):
        Database(path)


def test_an_exception_undoes_the_transaction(path: Path) -> None:
    database = Database(path)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute("INSERT INTO state VALUES ('key', 'value')")
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute("SELECT * FROM state").fetchone() is None


def test_a_locked_file_may_be_free_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.05)
    database = Database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="database is locked"), database.write():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.write():
        pass


def test_a_full_disk_may_have_room_later(path: Path) -> None:
    database = Database(path)
    with database.read() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    with pytest.raises(TransientError, match="full"), database.write() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("INSERT INTO state VALUES ('key', ?)", ("x" * 1_000_000,))


def test_a_damaged_file_is_for_a_person_to_mend(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(SetupError, match="not a database"):
        Database(path)


def test_no_other_error_of_sqlite_leaves(path: Path) -> None:
    with pytest.raises(KhanaError), Database(path).read() as connection:
        connection.execute("SELECT nothing FROM nowhere")


def test_readers_go_on_beside_a_writer(path: Path) -> None:
    database = Database(path)
    seen: list[object] = []

    def look() -> None:
        with database.read() as connection:
            seen.append(connection.execute("SELECT * FROM state").fetchone())

    with database.write() as connection:
        connection.execute("INSERT INTO state VALUES ('key', 'value')")
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(60)
    assert seen == [None]


def test_another_process_that_ends_leaves_the_log_to_those_that_stay(path: Path) -> None:
    """One with two stores on the same file, as `khana serve` has, and a command that comes and
    goes: what is written afterwards must be seen by all."""
    first = Database(path)
    second = Database(path)  # opening the file for that once dropped the locks of the first
    command = (
        "import sys; from pathlib import Path; from core.adapters.local.database import Database\n"
        "with Database(Path(sys.argv[1])).write() as c:\n"
        "    print(c.execute('SELECT count(*) FROM state').fetchone()[0])\n"
        "    c.execute(\"INSERT INTO state VALUES (hex(randomblob(8)), '')\")\n"
    )

    def seen_by_another() -> int:
        run = [sys.executable, "-c", command, str(path)]
        return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)

    assert seen_by_another() == 0
    for number, database in enumerate((first, second)):
        with database.write() as connection:
            connection.execute("INSERT INTO state VALUES (?, '')", (f"own {number}",))
    assert seen_by_another() == 3
    with first.read() as connection:
        assert connection.execute("SELECT count(*) FROM state").fetchone()[0] == 4
