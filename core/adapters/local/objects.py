"""The bucket on this machine: a folder of files, with what is known of them in the database."""

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.adapters.local.database import Database
from core.adapters.local.queue import EventQueue
from core.errors import NotFoundError, RequestError, TransientError
from core.invoice import ObjectRef
from core.ports import StoredObject

BUCKET = "local"
MAX_NAME_LENGTH = 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".tmp"


class LocalObjectStore:
    """Objects as files under `folder`; a row in the database makes one exist.

    The bytes are on the disk before the row is, and the row comes in one transaction with the event
    that announces it. So a crash leaves at most bytes that nobody knows of, which the next creation
    under that name replaces.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        with _disk_errors("bucket"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / _TEMPORARY).mkdir(exist_ok=True)

    def create(
        self, name: str, data: BinaryIO, *, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """Stores the bytes under `name`, or gives the object that has been there before, with its
        bytes back if somebody took them out of the folder.

        Raises:
            RequestError: the name is not made of letters, digits and `._-` between slashes.
            TransientError: the disk is full or failing.
        """
        path = self._path(name)
        if (known := self._find(name)) is not None and path.exists():
            return known
        temporary = self._folder / _TEMPORARY / uuid.uuid4().hex
        try:
            with _disk_errors(name):
                path.parent.mkdir(parents=True, exist_ok=True)
                with temporary.open("xb") as file:
                    shutil.copyfileobj(data, file, 1024 * 1024)
                    file.flush()
                    os.fsync(file.fileno())
            return self._publish(name, temporary, path, content_type, metadata)
        finally:
            temporary.unlink(missing_ok=True)

    def _publish(
        self,
        name: str,
        temporary: Path,
        path: Path,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> ObjectRef:
        # The write lock is held while the file gets its name: of two who create the same object one
        # comes second, finds the row, and leaves the first one's bytes alone.
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO objects (name, content_type, metadata) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING RETURNING generation",
                (name, content_type, json.dumps(dict(metadata))),
            )
            if (row := cursor.fetchone()) is None:
                row = connection.execute(
                    "SELECT generation FROM objects WHERE name = ?", (name,)
                ).fetchone()
                if path.exists():
                    return _ref(name, row["generation"])
            with _disk_errors(name):
                temporary.rename(path)
                _sync_folders(path.parent, self._folder)
            ref = _ref(name, row["generation"])
            EventQueue.put(connection, ref)
            return ref

    def read(self, ref: ObjectRef) -> StoredObject:
        """That generation of the object.

        Raises:
            NotFoundError: there is none.
            TransientError: the disk is failing.
        """
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT metadata FROM objects WHERE name = ? AND generation = ?",
                (ref.name, ref.generation),
            ).fetchone()
        if row is None or ref.bucket != BUCKET:
            raise NotFoundError(f"{ref.name}: there is no such object")
        with _disk_errors(ref.name):
            try:
                data = self._path(ref.name).read_bytes()
            except FileNotFoundError as error:
                raise NotFoundError(f"{ref.name}: its bytes are gone from the bucket") from error
        return StoredObject(data, json.loads(row["metadata"]))

    def announce(self, ref: ObjectRef, metadata: Mapping[str, str]) -> ObjectRef:
        """Has the object announced to the reader once more; it stays of its generation.

        metadata: put over that of the object.

        Raises:
            NotFoundError: there is no such object, or its bytes are gone.
        """
        if not self._path(ref.name).exists():
            raise NotFoundError(f"{ref.name}: its bytes are gone from the bucket")
        with self._database.write() as connection:
            known = connection.execute(
                "SELECT metadata FROM objects WHERE name = ? AND generation = ?",
                (ref.name, ref.generation),
            ).fetchone()
            if known is None:
                raise NotFoundError(f"{ref.name}: there is no such object")
            connection.execute(
                "UPDATE objects SET metadata = ? WHERE name = ?",
                (json.dumps(json.loads(known["metadata"]) | dict(metadata)), ref.name),
            )
            EventQueue.put(connection, ref)
        return ref

    def delete(self, ref: ObjectRef) -> None:
        """Removes the object; fine if it is gone, or replaced by another generation."""
        path = self._path(ref.name)
        # The file goes while the lock is held, so that nobody creates the name anew in between.
        with self._database.write() as connection:
            gone = connection.execute(
                "DELETE FROM objects WHERE name = ? AND generation = ?", (ref.name, ref.generation)
            ).rowcount
            if gone:
                with _disk_errors(ref.name):
                    path.unlink(missing_ok=True)

    def recover(self) -> None:
        """Removes what a process that died was writing. Only while nobody else writes."""
        with _disk_errors("bucket"):
            for path in (self._folder / _TEMPORARY).iterdir():
                path.unlink()

    def _find(self, name: str) -> ObjectRef | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT generation FROM objects WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else _ref(name, row["generation"])

    def _path(self, name: str) -> Path:
        if not is_object_name(name):
            raise RequestError(
                f"{name[:100]!r}: the name of an object is letters, digits and ._- between slashes",
                code="invalid_object_name",
            )
        return self._folder / name


def is_object_name(name: str) -> bool:
    """Whether `name` is one: no part of it can lead out of the bucket's folder or be hidden."""
    return len(name) <= MAX_NAME_LENGTH and all(map(_SEGMENT.fullmatch, name.split("/")))


def _ref(name: str, generation: int) -> ObjectRef:
    return ObjectRef(bucket=BUCKET, name=name, generation=generation)


def _sync_folders(folder: Path, root: Path) -> None:
    """Makes the names of new files and folders from `folder` up to `root` survive a power cut."""
    while True:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == root:
            return
        folder = folder.parent


@contextmanager
def _disk_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError(f"{name}: the bucket can't be used: {error.strerror}") from error
