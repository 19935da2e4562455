"""The one SQLite file that everything local is kept in, and the boundary for SQLite's errors."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import KhanaError, SetupError, TransientError

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another; transactions here take milliseconds."""

_SPELT_ALIKE = (
    *((mark, "ا") for mark in "أإآٱ"),
    *zip("ةىیک٪،", "هييك%,", strict=True),
    *((chr(mark), "") for mark in (0x0640, *range(0x064B, 0x0656), 0x0670)),
    *((chr(mark), "") for mark in (0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F))),
    *((chr(mark), "") for mark in (0x2060, *range(0x2066, 0x206A), 0xFEFF)),
)
"""What texts that are searched in hold one form of, or none, since schema 4."""


def _searched_anew() -> str:
    """Brings these texts there; a few at a time, for SQLite parses no deeper nest of calls."""
    steps = ["s0(s) AS (SELECT search)"]
    for n, first in enumerate(range(0, len(_SPELT_ALIKE), 8)):
        step = "s"
        for old, new in _SPELT_ALIKE[first : first + 8]:
            step = f"replace({step}, char({ord(old)}), '{new}')"
        steps.append(f"s{n + 1}(s) AS (SELECT {step} FROM s{n})")
    last = f"SELECT s FROM s{len(steps) - 1}"
    return f"UPDATE invoices SET search = (WITH {', '.join(steps)} {last})"  # nosec B608


MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE invoices (
            id TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            template TEXT NOT NULL,
            received_at TEXT NOT NULL,
            date TEXT NOT NULL,
            total TEXT NOT NULL,
            number TEXT NOT NULL,
            search TEXT NOT NULL,
            document TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX invoices_received_at ON invoices (received_at, id)",
        "CREATE INDEX invoices_date ON invoices (date, id)",
        "CREATE INDEX invoices_total ON invoices (total, id)",
        "CREATE INDEX invoices_number ON invoices (number, id)",
        "CREATE INDEX invoices_status ON invoices (status, received_at, id)",
        "CREATE INDEX invoices_template ON invoices (template, received_at, id)",
        """
        CREATE TABLE templates (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            document TEXT NOT NULL,
            reference BLOB,
            PRIMARY KEY (id, version)
        ) STRICT
        """,
        "CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        # AUTOINCREMENT never gives a number twice, so a generation names one set of bytes forever.
        """
        CREATE TABLE objects (
            generation INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            content_type TEXT NOT NULL,
            metadata TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE events (
            id TEXT PRIMARY KEY,
            bucket TEXT NOT NULL,
            name TEXT NOT NULL,
            generation INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'set_aside')),
            due REAL NOT NULL,
            attempts INTEGER NOT NULL,
            interruptions INTEGER NOT NULL,
            error TEXT
        ) STRICT
        """,
        "CREATE INDEX events_due ON events (state, due)",
        "CREATE TABLE seen (path TEXT PRIMARY KEY, revision TEXT NOT NULL) STRICT",
    ),
    (
        "ALTER TABLE templates ADD COLUMN looks BLOB",
        "ALTER TABLE templates ADD COLUMN revision TEXT NOT NULL DEFAULT ''",
        "UPDATE templates SET revision = lower(hex(randomblob(16)))",
    ),
    (
        "CREATE TABLE deliveries "
        "(id TEXT PRIMARY KEY, due TEXT NOT NULL, document TEXT NOT NULL) STRICT",
        "CREATE INDEX deliveries_due ON deliveries (due)",
    ),
    (_searched_anew(),),
)
"""Statements that take the schema from version N to N + 1; the file's `user_version` says N.
Released ones never change: a change of the schema is a new entry."""

_TRANSIENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_SETUP = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class Database:
    """Transactions on one file, from any thread and any number of processes.

    Each thread has a connection of its own. Write-ahead logging lets readers and one writer work
    side by side; a commit is on the disk when it returns (`synchronous=FULL`), because an answer
    like "202 accepted" or a file marked as taken rests on it.

    Raises (from every method):
        TransientError: it is locked for too long, or the disk is full or failing.
        SetupError: the file is damaged, not writable, or of a newer Khana.
    """

    def __init__(self, path: Path) -> None:
        with suppress(OSError):  # SQLite says what is wrong
            make_private(path)
        self._path = path
        self._threads = threading.local()
        self._migrate()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer works beside; an exception undoes it."""
        # Taking the lock at the start means that a transaction never has to be run again because
        # another one came first.
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connection()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise mapped(error, self._path) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._threads.connection = connection
        return connection

    def _migrate(self) -> None:
        with self.write() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            check_schema(version, self._path)
            if version == len(MIGRATIONS):
                return  # looking leaves the file as it is, to the byte
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def check_schema(version: int, path: Path) -> None:
    """Raises SetupError if the file at `path`, of that version, is of a newer Khana."""
    if version > len(MIGRATIONS):
        raise SetupError(
            f"{path}: was written by a newer Khana (schema {version}, this one knows "
            f"{len(MIGRATIONS)}): install that one or use another data folder"
        )


def make_private(path: Path) -> None:
    """Makes an empty file that this user alone may read, unless there is a file already: a store
    holds invoices, and the secrets of sessions and webhooks. SQLite's other files are as this one.
    """
    # One that is there must not even be opened: closing it would drop this process's locks on it
    # (POSIX), and the next other process to let go of it would take its log away from under this.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def mapped(error: sqlite3.Error, path: Path) -> KhanaError:
    """What an error of SQLite, met with the file at `path`, is to Khana."""
    # The low byte is the kind of error, the rest its variety; a misuse of the module has none.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind in _TRANSIENT:
        return TransientError(f"{path}: {error}")
    if kind in _SETUP:
        return SetupError(f"{path}: {error}: check the data folder, or restore it from a copy")
    return KhanaError(f"{path}: {error}")
