"""Khana on one machine: SQLite, a folder, the dispatcher and its queue, with Drive as the source.

The server, its watcher and its readers die together, or a reader alone; the machine has one clock,
and one disk, which may be full.
"""

import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, BinaryIO, cast
from unittest.mock import patch

from cloudevents.http import from_http
from emulators.drive import DriveServer

from core.adapters.google.drive import DriveSource
from core.adapters.local.backend import Backend
from core.adapters.local.database import Database
from core.adapters.local.folder import FolderSource
from core.adapters.local.objects import LocalObjectStore
from core.adapters.local.outbox import LocalOutbox
from core.adapters.local.queue import EventQueue
from core.adapters.local.store import LocalInvoiceStore
from core.errors import FileError
from core.ports import Adapters
from core.settings import Settings
from functions.local.dispatch import Dispatcher

from .turns import ReaderDied, Turns
from .weather import Weather
from .wires import drive_api

TIMES = (
    "core.adapters.local.queue",
    "core.adapters.local.queue:now",
    "functions.local.dispatch",
    "functions.local.dispatch:now",
)
MEMORY = Path("/dev/shm")
"""Deaths here are simulated, so nothing has to reach a disk: each commit would wait for it."""

IDLE_S = 3.0
"""Between looks at an empty queue: at its own pace there would be nothing else to simulate."""

NO_LIMIT = 1_073_741_823
"""SQLite's own, in pages."""


class _Database(Database):
    """A database that the weather reaches, before and after each transaction and within."""

    def __init__(self, path: Path, weather: Weather) -> None:
        self._weather = weather
        super().__init__(path)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        full = self._weather.before("disk")
        with super()._transaction(begin) as connection:
            if full:
                (pages,) = connection.execute("PRAGMA page_count").fetchone()
                connection.execute(f"PRAGMA max_page_count = {pages}")
            try:
                yield connection
            finally:
                if full:
                    connection.execute(f"PRAGMA max_page_count = {NO_LIMIT}")
            self._weather.may_end()
        self._weather.after("disk", may_be_lost=False)


class _Reader:
    """Stands for `functions.local.workers.Worker`: the function, in this process."""

    def __init__(self, post: Callable[[Any], tuple[int, bytes]], weather: Weather) -> None:
        self._post = post
        self._weather = weather

    def post(self, headers: dict[str, str], body: bytes, *, timeout: float) -> tuple[int, bytes]:
        try:
            with self._weather.reading():  # and not while the server notes what came of it
                return self._post(from_http(headers, body))
        except ReaderDied as died:
            raise FileError("the reader died (signal 9)", code="reader_crashed") from died


class LocalWorld:
    def __init__(self, turns: Turns, weather: Weather, drive: DriveServer, data: Path) -> None:
        self.turns = turns
        self.weather = weather
        self.drive = drive
        self.folder = drive.state.folder("Inbox")
        self.settings = Settings(data=data, access="none", rate_limit=0)
        (data / "inbox").mkdir(parents=True)
        self._served = 0

    def _backend(self) -> Backend:
        """That of a process which has just started."""
        database = _Database(self.settings.data / "khana.db", self.weather)
        source = DriveSource(
            lambda: drive_api(self.drive, self.weather, self.turns),
            [self.folder],
            max_bytes=self.settings.max_file_bytes,
        )
        return Backend(
            objects=LocalObjectStore(self.settings.data / "bucket", database),
            store=LocalInvoiceStore(database),
            source=cast(FolderSource, source),
            queue=EventQueue(
                database,
                max_attempts=self.settings.max_attempts,
                retry_delay=self.settings.retry_delay,
            ),
            outbox=LocalOutbox(database),
        )

    @contextmanager
    def adapters(self) -> Iterator[Adapters]:
        backend = self._backend()
        if self.weather.killed != self._served:
            # `khana serve` comes back; the others of it are dead and touch nothing any more.
            backend.recover()
            self._served = self.weather.killed
        try:
            yield backend.adapters
        finally:
            cast(DriveSource, backend.source)._disconnect()
            backend.store._database._connection().close()

    def deliver(self, post: Callable[[Any], tuple[int, bytes]]) -> None:
        backend = self._backend()
        dispatcher = Dispatcher(backend, self.settings, Path("extract"), "extract")
        # Its waits take simulated time.
        dispatcher._stopping = SimpleNamespace(wait=self._wait, is_set=lambda: False)
        reader = _Reader(post, self.weather)
        while True:
            if (delivery := dispatcher._next()) is not None:
                dispatcher._deliver(reader, delivery)

    def _wait(self, seconds: float) -> bool:
        self.turns.pause(max(seconds, IDLE_S))
        return False

    def left_over(self) -> list[str]:
        with self._backend().store._database.read() as connection:
            rows = connection.execute(
                "SELECT state, count(*) FROM events GROUP BY state"
            ).fetchall()
        parts = list((self.settings.data / "bucket" / ".tmp").iterdir())
        return [f"{count} events are {state}" for state, count in rows] + list(map(str, parts))

    def stored(self) -> dict[str, bytes]:
        bucket = self.settings.data / "bucket"
        return {
            str(path.relative_to(bucket)): path.read_bytes()
            for path in bucket.rglob("*")
            if path.is_file()
        }


@contextmanager
def local_world(turns: Turns, weather: Weather) -> Iterator[LocalWorld]:
    weather.one_machine = True

    def copyfileobj(source: BinaryIO, target: BinaryIO, length: int) -> None:
        if weather.before("disk"):
            target.write(source.read(100))
            raise OSError(errno.ENOSPC, "No space left on device")
        shutil.copyfileobj(source, target, length)

    with ExitStack() as stack:
        drive = stack.enter_context(DriveServer())
        data = Path(
            stack.enter_context(TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None))
        )
        stack.enter_context(turns.as_time(*TIMES))
        copying = SimpleNamespace(copyfileobj=copyfileobj)
        stack.enter_context(patch("core.adapters.local.objects.shutil", copying))
        yield LocalWorld(turns, weather, drive, data / "data")
