"""The watched folder: takes each file once it is whole, and leaves it where it is."""

import errno
import fcntl
import logging
import os
import signal
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

from core.adapters.local.database import Database
from core.errors import FileError, SetupError, TransientError
from core.invoice import SourceRef
from core.page import looks_complete
from core.ports import Batch, SourceFile

log = logging.getLogger(__name__)

BATCH_FILES = 50
"""Files after which it is noted that they are safe: what a crash has hashed again at most."""

PATIENCE_S = 10.0
"""How long a file must be quiet whose end is missing. A copy over a network pauses for seconds, and
a file that really ends too early may wait that long for its error."""

HELD_PATIENCE_S = 60.0
"""How long a file must be quiet that is open for writing. Programs that keep a finished file open
are rare, and file systems that can't tell (NFS) answer as if it were; both end here."""

_TEMPORARY_PREFIXES = (".", "~")
_TEMPORARY_SUFFIXES = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp")
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})

_RAW = "bytes:"
"""Begins the id of a file whose name is no UTF-8; the rest is percent-encoded."""

_CLOSED = "closed:"
"""Begins the revision of a file that this user may not read; the rest is what it will have once
somebody lets him."""

_CURSOR = "seen"
"""What was seen is in the database; the cursor only says that it counts."""


@dataclass(frozen=True)
class _Found:
    """A file as one look found it. `path` is relative to the folder, as the system spells it."""

    path: str
    modified: float
    size: int
    revision: str

    @property
    def quiet(self) -> float:
        """Seconds since the last change. A time far ahead is a wrong clock, not a fresh change."""
        return abs(time.time() - self.modified)


class FolderSource:
    """Every regular file under `root` but hidden and temporary ones, also in subfolders.

    A file is taken once it has been quiet for `settle` seconds, nobody has it open for writing, and
    its end is there (`core.page.looks_complete`); for the last two there is a limit to patience.
    What was taken is remembered by path and revision until it leaves the folder. A file that may
    not be read is given once, for its refusal to be seen, and once more when it may.
    """

    name = "folder"
    shared = False

    def __init__(self, root: Path, database: Database, *, settle: float) -> None:
        self._root = root
        self._database = database
        self._settle = settle
        self._seen: dict[str, str] | None = None
        self._unreadable: set[str] = set()

    def batches(self, cursor: str | None) -> Iterable[Batch]:
        """The files that are new, oldest first.

        A batch counts as taken when the next one is asked for. Without a cursor everything that is
        there is new.

        Raises:
            SetupError: the folder can't be read.
        """
        seen = self._recall(forget=cursor is None)
        unread: list[str] = []
        found = {file.path: file for file in self._scan(unread)}
        below = tuple(f"{folder}/" for folder in unread)
        self._forget({path for path in seen.keys() - found.keys() if not path.startswith(below)})
        new = (file for file in found.values() if seen.get(file.path) != file.revision)
        ready = [
            given
            for given in map(self._ready, new)
            if given is not None and seen.get(given.path) != given.revision
        ]
        ready.sort(key=lambda file: (file.modified, file.path))
        for start in range(0, len(ready), BATCH_FILES):
            batch = ready[start : start + BATCH_FILES]
            yield Batch([self._source_file(file, seen.get(file.path)) for file in batch], _CURSOR)
            self._remember(batch)

    def listen(self, kept: str | None) -> str | None:
        """Nothing: `functions.local.watcher` hears of changes from the operating system."""
        return None

    def open(self, file: SourceFile) -> BinaryIO:
        """The bytes of the file, which nobody changes until it is closed, where leases work.

        Raises:
            FileError: `access_denied`: this user may not read it.
            TransientError: it was changed or moved since it was seen; the next look tells.
        """
        path = _path_of(file.ref.file_id)
        try:
            descriptor = _open(self._root / path)
        except OSError as error:
            if isinstance(error, PermissionError) and file.revision.startswith(_CLOSED):
                raise FileError(
                    f"{file.ref.name}: the user that Khana runs as may not read it: "
                    "change its owner or mode",
                    code="access_denied",
                ) from error
            raise TransientError(f"{file.ref.file_id}: {error.strerror}") from error
        found = _found(path, os.fstat(descriptor))
        if found.revision != file.revision or not _is_unwritten(descriptor, found.quiet):
            os.close(descriptor)
            raise TransientError(f"{file.ref.file_id}: was changed since it was seen")
        return os.fdopen(descriptor, "rb")

    def _scan(self, unread: list[str], folder: str = "") -> Iterator[_Found]:
        """The files in a folder and those below it; adds to `unread` each that can't be read."""
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    if _is_temporary(entry.name):
                        continue
                    path = os.path.join(folder, entry.name)  # noqa: PTH118  # 5 times Path's speed
                    if entry.is_dir(follow_symlinks=False):
                        yield from self._scan(unread, path)
                    elif entry.is_file(follow_symlinks=False):
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:
                            continue  # moved away since it was listed
                        yield _found(path, status)
                    elif entry.is_symlink():
                        self._complain(path, "is a link: put the file or folder itself there")
        except FileNotFoundError:
            # Moved away meanwhile; if it is the folder itself, somebody will want it back.
            if not folder:
                self._make_root()
        except OSError as error:
            if not folder:
                raise SetupError(f"inbox {self._root}: {error.strerror}") from error
            unread.append(folder)
            self._complain(folder, f"can't be read: {error.strerror}")

    def _make_root(self) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"inbox {self._root}: {error.strerror}") from error

    def _ready(self, file: _Found) -> _Found | None:
        """The file if it is to be given now, as closed if it may not be read."""
        if file.quiet < self._settle:
            return None
        path = self._root / file.path
        try:
            descriptor = _open(path)
            unwritten = _is_unwritten(descriptor, file.quiet)
            os.close(descriptor)
            ready = unwritten and (file.quiet >= PATIENCE_S or looks_complete(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(file.path, f"can't be read: {error.strerror}")
            # Who copies a file may let others read it last of all.
            closed = isinstance(error, PermissionError) and file.quiet >= PATIENCE_S
            return replace(file, revision=_CLOSED + file.revision) if closed else None
        self._unreadable.discard(file.path)
        return file if ready else None

    def _source_file(self, file: _Found, before: str | None) -> SourceFile:
        """before: the revision under which it was given last, if it was."""
        name = _id_of(file.path)
        folder, _, last = name.rpartition("/")
        ref = SourceRef(kind="folder", file_id=name, name=last)
        size = int(before.rsplit("-", 2)[1]) if before else 0
        if before and (before.startswith(_CLOSED) or not size):
            return SourceFile(ref, file.revision, file.size, folder, refused=before)
        return SourceFile(ref, file.revision, file.size, folder, self._began(file, size))

    def _began(self, file: _Found, size: int) -> int | None:
        """`size`, that it had when it was given last, if it had no end then and has grown since."""
        try:
            if 0 < size < file.size and not looks_complete(self._root / file.path, size):
                return size
        except OSError:
            pass  # whoever opens it says so
        return None

    def _complain(self, path: str, why: str) -> None:
        """Says once why something isn't taken; it is tried again at every look."""
        if path not in self._unreadable:
            self._unreadable.add(path)
            log.warning("%s: %s", self._root / path, why)

    def _recall(self, *, forget: bool) -> dict[str, str]:
        if self._seen is None:
            with self._database.read() as connection:
                rows = connection.execute("SELECT path, revision FROM seen").fetchall()
            self._seen = {_path_of(row["path"]): row["revision"] for row in rows}
        if forget:
            self._forget(set(self._seen))
        return self._seen

    def _remember(self, files: Iterable[_Found]) -> None:
        revisions = {file.path: file.revision for file in files}
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?, ?)",
                [(_id_of(path), revision) for path, revision in revisions.items()],
            )
        self._recall(forget=False).update(revisions)

    def _forget(self, paths: Set[str]) -> None:
        """What is no longer there need not be remembered, which bounds what is."""
        self._unreadable -= paths
        if not paths:
            return
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM seen WHERE path = ?", [(_id_of(path),) for path in paths]
            )
        seen = self._recall(forget=False)
        for path in paths:
            seen.pop(path, None)


def _is_temporary(name: str) -> bool:
    lower = name.lower()
    return (
        lower.startswith(_TEMPORARY_PREFIXES)
        or lower.endswith(_TEMPORARY_SUFFIXES)
        or lower in _SYSTEM_FILES
    )


def _found(path: str, status: os.stat_result) -> _Found:
    return _Found(
        path=path,
        modified=status.st_mtime,
        size=status.st_size,
        revision=f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}",
    )


def _open(path: Path) -> int:
    # Neither through a link to a place outside, nor waiting for the other end of a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return descriptor


def _is_unwritten(descriptor: int, quiet: float) -> bool:
    """Whether nobody has the file open for writing, as far as that can be known.

    Until `descriptor` is closed, whoever opens the file for writing waits.
    """
    if sys.platform != "linux":
        return True
    try:
        # The kernel tells a lease's holder of a writer by a signal, and the usual one, SIGIO, would
        # end this process; SIGURG is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        # Any other error says that a lease isn't to be had here: another owner's file, say.
        return error.errno != errno.EAGAIN or quiet >= HELD_PATIENCE_S
    return True


def _id_of(path: str) -> str:
    """The path as text that can be stored, which a path on Linux need not be."""
    try:
        path.encode()
    except UnicodeEncodeError:
        plain = False
    else:
        plain = not path.startswith(_RAW)
    return path if plain else _RAW + quote_from_bytes(os.fsencode(path))


def _path_of(file_id: str) -> str:
    """The path that `_id_of` gave this id for."""
    if not file_id.startswith(_RAW):
        return file_id
    return os.fsdecode(unquote_to_bytes(file_id.removeprefix(_RAW)))
