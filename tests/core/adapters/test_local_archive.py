"""Backup and restore of a data folder: equal to the byte, whole or not at all."""

import gc
import hashlib
import json
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path

import pytest

from core.adapters.local.archive import backup, restore
from core.adapters.local.backend import Backend, open_backend
from core.errors import ConflictError, FileError, KhanaError, NotFoundError, TransientError
from core.intake.arrival import receive
from core.invoice import SourceRef
from core.ports import Query, StoredTemplate
from core.settings import Settings
from core.template import parse_template

FORM = {
    "id": "form",
    "page_size": [400, 200],
    "fields": [{"name": "total", "kind": "amount", "box": [20, 20, 380, 100]}],
}


def received(backend: Backend, data: bytes) -> None:
    source = SourceRef(kind="upload", file_id="a", name="a.png")
    receive(backend.adapters, BytesIO(data), source, Settings())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store with two invoices, a template of two versions with a picture, and state."""
    folder = tmp_path / "data"
    backend = open_backend(Settings(data=folder))
    for content in (b"one", b"two" * 1_000_000):
        received(backend, content)
    for picture in (b"first", b"second"):
        backend.store.put_template(StoredTemplate(parse_template(FORM), picture))
    backend.store.set_state("cursor", "here")
    return folder


def test_export_wipe_import_is_equal_to_the_byte(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    before = open_backend(Settings(data=data)).store.list(Query()).invoices

    copied = backup(data, first)
    gc.collect()  # stores that nobody holds any more: closed meanwhile, they'd take their log away
    shutil.rmtree(data)
    assert restore(first, data) == copied
    backend = open_backend(Settings(data=data))
    backup(data, second)

    assert first.read_bytes() == second.read_bytes()
    assert (copied.objects, copied.missing) == (2, ())
    assert backend.store.list(Query()).invoices == before
    assert backend.store.get_template("form", 1).reference == b"first"
    assert {backend.objects.read(each.object).data for each in before if each.object} == {
        b"one",
        b"two" * 1_000_000,
    }
    assert backend.store.get_state("cursor") == "here"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "first.zip", "second.zip"]
    assert not list(data.glob(".restoring-*"))


def test_others_on_the_machine_may_read_none_of_it(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    before = os.umask(0)  # whatever it is
    try:
        backup(data, archive)
        restore(archive, tmp_path / "restored")
        backend = open_backend(Settings(data=tmp_path / "new"))
        received(backend, b"one")
    finally:
        os.umask(before)
    kept = [archive]
    with ExitStack() as open_databases:
        for folder in (data, tmp_path / "restored", tmp_path / "new"):
            # Who closes a database last takes away what is beside it: not while it is looked at.
            held = open_databases.enter_context(closing(sqlite3.connect(folder / "khana.db")))
            held.execute("SELECT * FROM sqlite_master").fetchone()
            kept += [folder / "bucket", *folder.glob("khana.db*")]
        assert len(kept) > 6
        assert {path.name: oct(path.stat().st_mode & 0o077) for path in kept} == {
            path.name: "0o0" for path in kept
        }


def test_what_waited_to_be_read_waits_again_and_no_generation_comes_twice(
    data: Path, tmp_path: Path
) -> None:
    backup(data, tmp_path / "copy.zip")
    other = tmp_path / "other"
    restore(tmp_path / "copy.zip", other)

    backend = open_backend(Settings(data=other))
    waiting = [backend.queue.take() for _ in range(3)]
    received(backend, b"three")
    newest = backend.queue.take()

    assert [each.ref.generation for each in waiting if each] == [1, 2]
    assert newest is not None
    assert newest.ref.generation == 3


def test_a_backup_is_of_one_moment_while_others_write(data: Path, tmp_path: Path) -> None:
    backend = open_backend(Settings(data=data))
    with backend.store._database.write() as connection:
        connection.execute("INSERT INTO state VALUES ('half', 'done')")
        backup(data, tmp_path / "copy.zip")
    restore(tmp_path / "copy.zip", tmp_path / "other")
    assert open_backend(Settings(data=tmp_path / "other")).store.get_state("half") is None


def test_bytes_that_are_gone_are_named(data: Path, tmp_path: Path) -> None:
    gone = sorted((data / "bucket" / "invoices").iterdir())[0]
    gone.unlink()
    copied = backup(data, tmp_path / "copy.zip")
    assert copied.missing == (f"invoices/{gone.name}",)
    assert restore(tmp_path / "copy.zip", tmp_path / "other").objects == 1


def test_nothing_that_is_there_is_overwritten(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.zip"
    backup(data, copy)
    with pytest.raises(ConflictError, match=r"copy\.zip"):
        backup(data, copy)
    with pytest.raises(ConflictError, match=r"khana\.db"):
        restore(copy, data)
    with pytest.raises(NotFoundError, match="holds no store"):
        backup(tmp_path / "none", tmp_path / "none.zip")


def test_a_full_disk_leaves_no_half_of_a_backup(data: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.zip.part").symlink_to("/dev/full")
    with pytest.raises(TransientError, match="No space left"):
        backup(data, tmp_path / "copy.zip")
    assert not list(tmp_path.glob("copy*"))


def _rewritten(archive: Path, change: Callable[[dict[str, bytes]], None], how: int = 0) -> Path:
    """The archive with its members changed, and its manifest as `change` leaves it."""
    with zipfile.ZipFile(archive) as source:
        members = {name: source.read(name) for name in source.namelist()}
    change(members)
    made = archive.with_name("spoilt.zip")
    with zipfile.ZipFile(made, "w", how) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return made


def _named(members: dict[str, bytes], name: str) -> None:
    """Adds a member that the manifest knows, with its right sum."""
    manifest = json.loads(members["manifest.json"])
    members[name] = b"content"
    manifest["sha256"][name] = hashlib.sha256(b"content").hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


def _change_bytes(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("bucket/"))
    members[name] = b"x" + members[name][1:]


def _newer_form(members: dict[str, bytes]) -> None:
    members["manifest.json"] = b'{"form": 2, "sha256": {}}'


@pytest.mark.parametrize(
    ("change", "how", "reason"),
    [
        (_change_bytes, zipfile.ZIP_STORED, "the bytes of"),
        (lambda members: members.pop("khana.db"), zipfile.ZIP_STORED, "its members"),
        (lambda members: members.pop("manifest.json"), zipfile.ZIP_STORED, "no manifest"),
        (lambda members: members.update({"manifest.json": b"[]"}), 0, "no manifest"),
        (lambda members: members.update({"manifest.json": b"{"}), 0, "no manifest"),
        (_newer_form, zipfile.ZIP_STORED, "newer Khana"),
        (lambda members: members.update({"more": b""}), zipfile.ZIP_STORED, "its members"),
        (lambda members: _named(members, "../outside"), zipfile.ZIP_STORED, "it holds"),
        (lambda members: _named(members, "bucket/../../outside"), 0, "it holds"),
        (lambda members: _named(members, "/outside"), zipfile.ZIP_STORED, "it holds"),
        (lambda members: _named(members, "bucket/.tmp/x"), zipfile.ZIP_STORED, "it holds"),
        (lambda members: None, zipfile.ZIP_DEFLATED, "is not stored as it is"),
    ],
)
def test_a_spoilt_archive_is_refused_and_leaves_nothing(
    data: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], how: int, reason: str
) -> None:
    backup(data, tmp_path / "copy.zip")
    with pytest.raises(FileError, match=reason):
        restore(_rewritten(tmp_path / "copy.zip", change, how), tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize(("member", "at", "flag"), [(-1, 8, 1), (0, 8, 1), (-1, 10, 8)])
def test_an_archive_that_somebody_protected_or_a_disk_spoilt_is_refused(
    data: Path, tmp_path: Path, member: int, at: int, flag: int
) -> None:
    """A bit of a member's entry says that it is encrypted, another that it is compressed."""
    copy = tmp_path / "copy.zip"
    backup(data, copy)
    bytes_ = bytearray(copy.read_bytes())
    entries = [found.start() for found in re.finditer(b"PK\x01\x02", bytes_)]
    bytes_[entries[member] + at] |= flag
    copy.write_bytes(bytes_)
    with pytest.raises(FileError):
        restore(copy, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())


def test_a_cut_archive_is_refused_wherever_it_was_cut(data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "copy.zip")
    whole = (tmp_path / "copy.zip").read_bytes()
    for size in (0, 1, 30, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:size])
        with pytest.raises(KhanaError):
            restore(tmp_path / "cut.zip", tmp_path / "other")
        assert not list((tmp_path / "other").iterdir()), size
