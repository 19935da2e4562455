"""A whole data folder in one file, and back.

The file is a zip that stores its members as they are (pictures don't get smaller):

    khana.db          a snapshot of the database
    bucket/<name>     the bytes of every object that the snapshot knows
    manifest.json     the form of the file, and the SHA-256 of each member

The same store gives the same file, byte for byte: it holds no time. Files in the inbox are not in
it; those that were taken in are objects.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.adapters.local.database import make_private, mapped
from core.adapters.local.health import check_database, check_store
from core.adapters.local.objects import is_object_name
from core.errors import ConflictError, FileError, TransientError

FORM = 1
"""Of the file. A Khana reads those up to its own."""

_DATABASE = "khana.db"
_BUCKET = "bucket"
_MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 256 * 1024**2
_CHUNK = 1024 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""


@dataclass(frozen=True)
class Copied:
    """What was copied. `missing` names objects whose bytes are gone: deleted while the copy was
    made, or lost before."""

    objects: int
    bytes: int
    missing: tuple[str, ...] = ()


def backup(data: Path, archive: Path) -> Copied:
    """Writes the store in the folder `data` to the file `archive`, also while a server works on it.

    The file appears under its name once it is whole and on the disk.

    Raises:
        NotFoundError: there is no store.
        ConflictError: there is such a file already.
        SetupError: the store is damaged.
        TransientError: a disk is full or failing.
    """
    check_store(data)
    if archive.exists():
        raise ConflictError(f"{archive}: is there already: move it away, or name another file")
    check_database(data)
    # Beside it, hence on the same disk. What a killed one left is overwritten by the next.
    part = archive.with_name(archive.name + ".part")
    snapshot = archive.with_name(archive.name + ".snapshot")
    with _disk_errors(archive):
        try:
            snapshot.unlink(missing_ok=True)
            for made in (snapshot, part):
                make_private(made)
            names = _snapshot(data / _DATABASE, snapshot)
            with part.open("wb") as file:
                copied = _pack(file, snapshot, data / _BUCKET, names)
                file.flush()
                os.fsync(file.fileno())
            part.rename(archive)
        finally:
            part.unlink(missing_ok=True)
            snapshot.unlink(missing_ok=True)
    return copied


def restore(archive: Path, data: Path) -> Copied:
    """Makes the folder `data`, which must not hold a store yet, hold the store of `archive`.

    All of it or, if something is wrong with it, nothing. Only for the owner of the folder.

    Raises:
        FileError: the file is no backup, or damaged, or of a newer Khana.
        ConflictError: the folder holds a store.
        SetupError: the database in it is damaged or of a newer Khana.
        TransientError: a disk is full or failing.
    """
    for there in (data / _DATABASE, data / _BUCKET):
        if there.exists():
            raise ConflictError(f"{there}: is there already: move it away, or name another folder")
    with _disk_errors(data):
        data.mkdir(parents=True, exist_ok=True)
        # In the folder itself, so that its parts can be renamed also where it is a mounted disk.
        with tempfile.TemporaryDirectory(prefix=".restoring-", dir=data) as made:
            with _opened(archive) as source:
                copied = _unpack(source, archive, Path(made))
            check_database(Path(made))
            (Path(made) / _BUCKET).rename(data / _BUCKET)
            # The database last: without it there is no store.
            (Path(made) / _DATABASE).rename(data / _DATABASE)
    return copied


def _pack(file: IO[bytes], snapshot: Path, bucket: Path, names: Sequence[str]) -> Copied:
    sums: dict[str, str] = {}
    missing: list[str] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        sums[_DATABASE], size = _add(target, _DATABASE, snapshot)
        for name in names:
            member = f"{_BUCKET}/{name}"
            try:
                sums[member], count = _add(target, member, bucket / name)
                size += count
            except FileNotFoundError:
                missing.append(name)
        manifest = json.dumps({"form": FORM, "sha256": sums}, indent=1).encode()
        target.writestr(zipfile.ZipInfo(_MANIFEST, _LONG_AGO), manifest)
    return Copied(len(sums) - 1, size, tuple(missing))


def _snapshot(path: Path, copy: Path) -> list[str]:
    """Copies the database as of one moment, and gives the names of its objects."""
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            rows = target.execute("SELECT name FROM objects ORDER BY name").fetchall()
    except sqlite3.Error as error:
        raise mapped(error, path) from error
    return [name for (name,) in rows]


def _add(target: zipfile.ZipFile, member: str, path: Path) -> tuple[str, int]:
    """Adds a file; gives its SHA-256 in hexadecimal and its size."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as source:
        info = zipfile.ZipInfo(member, _LONG_AGO)
        info.external_attr = 0o600 << 16
        # Told beforehand, so that the zip leaves room for a size of more than 2 GiB.
        info.file_size = os.fstat(source.fileno()).st_size
        with target.open(info, "w") as into:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                into.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as source:
            yield source
    except FileNotFoundError as error:
        raise FileError(f"{archive}: there is no such file", code="not_found") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error) as error:
        raise _damaged(archive, str(error)) from error


def _unpack(source: zipfile.ZipFile, archive: Path, folder: Path) -> Copied:
    sums = _manifest(source, archive)
    if set(source.namelist()) != {_MANIFEST, *sums} or _DATABASE not in sums:
        raise _damaged(archive, "its members are not those that it names")
    size = 0
    (folder / _BUCKET).mkdir(mode=0o700)
    make_private(folder / _DATABASE)
    for member, expected in sums.items():
        name = member.removeprefix(f"{_BUCKET}/")
        if member != _DATABASE and (member == name or not is_object_name(name)):
            raise _damaged(archive, f"it holds {member[:100]!r}")
        info = source.getinfo(member)
        if info.compress_type != zipfile.ZIP_STORED or info.is_dir():
            raise _damaged(archive, f"{member[:100]!r} is not stored as it is")
        digest = hashlib.sha256()
        path = folder / member
        path.parent.mkdir(parents=True, exist_ok=True)
        with source.open(info) as stored, path.open("wb") as file:
            while chunk := stored.read(_CHUNK):
                digest.update(chunk)
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != expected:
            raise _damaged(archive, f"the bytes of {member[:100]!r} were changed")
    return Copied(len(sums) - 1, size)


def _manifest(source: zipfile.ZipFile, archive: Path) -> dict[str, str]:
    """The SHA-256 of each member."""
    try:
        with source.open(_MANIFEST) as stored:
            # Whatever size it claims to have: what is longer is cut, and no JSON then.
            manifest: dict[str, Any] = json.loads(stored.read(_MAX_MANIFEST_BYTES))
        form, sums = manifest["form"], manifest["sha256"]
        if form > FORM:
            raise FileError(
                f"{archive}: was written by a newer Khana (form {form}, this one knows {FORM}): "
                "install that one",
                code="unsupported_format",
            )
        return {str(member): str(digest) for member, digest in sums.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(archive, f"no manifest can be read from it: {error}") from error


def _damaged(archive: Path, reason: str) -> FileError:
    return FileError(f"{archive}: is no sound backup: {reason}")


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError(f"{path}: can't be used: {error.strerror}") from error
