"""The watched folder, look by look."""

import os
import time
from pathlib import Path

import pytest

from core.adapters.local.backend import Backend, open_backend
from core.errors import TransientError
from core.ports import SourceFile
from core.settings import Settings


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return open_backend(Settings(data=tmp_path, settle=0))


def look(backend: Backend, cursor: str | None = "seen") -> list[SourceFile]:
    """What one look finds, all of it taken."""
    return [file for batch in backend.source.batches(cursor) for file in batch.files]


def names(files: list[SourceFile]) -> list[str]:
    return sorted(file.ref.file_id for file in files)


def put(path: Path, data: bytes = b"page", *, age: float = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    at = time.time() - age
    os.utime(path, (at, at))
    return path


def test_a_file_is_seen_once_until_it_changes(backend: Backend, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox" / "a.jpg")
    assert names(look(backend)) == ["a.jpg"]
    assert look(backend) == []
    put(path, b"another page", age=0.5)
    assert names(look(backend)) == ["a.jpg"]


def test_what_was_seen_is_remembered_by_the_next_process(backend: Backend, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "a.jpg")
    look(backend)
    assert look(open_backend(Settings(data=tmp_path, settle=0))) == []


def test_what_was_not_taken_is_seen_again(backend: Backend, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "a.jpg")
    next(iter(backend.source.batches("seen")))  # and then the process dies
    assert names(look(backend)) == ["a.jpg"]


def test_without_a_cursor_everything_is_new(backend: Backend, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "a.jpg")
    look(backend)
    assert names(look(backend, cursor=None)) == ["a.jpg"]


def test_subfolders_are_watched_and_temporary_files_are_not(
    backend: Backend, tmp_path: Path
) -> None:
    for name in ("a.jpg", "sub/deep/b.pdf", ".hidden.jpg", "c.jpg.part", "~d.jpg", "e.crdownload"):
        put(tmp_path / "inbox" / name)
    (tmp_path / "inbox" / "link.jpg").symlink_to(put(tmp_path / "outside.jpg"))
    assert names(look(backend)) == ["a.jpg", "sub/deep/b.pdf"]


def test_a_file_that_is_still_written_waits(backend: Backend, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox" / "a.jpg")
    with path.open("ab"):
        assert look(backend) == []
    assert names(look(backend)) == ["a.jpg"]


def test_a_file_waits_until_it_has_been_quiet(tmp_path: Path) -> None:
    backend = open_backend(Settings(data=tmp_path, settle=5))
    path = put(tmp_path / "inbox" / "a.jpg", age=1)
    assert look(backend) == []
    put(path, age=6)
    assert names(look(backend)) == ["a.jpg"]


def test_a_file_without_its_end_waits_longer(backend: Backend, tmp_path: Path) -> None:
    half = b"\x89PNG\r\n\x1a\n" + bytes(100)
    path = put(tmp_path / "inbox" / "a.png", half, age=5)
    assert look(backend) == []
    put(path, half, age=15)
    assert names(look(backend)) == ["a.png"]


def test_the_oldest_file_comes_first(backend: Backend, tmp_path: Path) -> None:
    for age, name in ((10, "b"), (30, "c"), (20, "a")):
        put(tmp_path / "inbox" / f"{name}.jpg", name.encode(), age=age)
    assert [file.ref.file_id for file in look(backend)] == ["c.jpg", "a.jpg", "b.jpg"]


def test_a_file_changed_since_it_was_seen_is_not_opened(backend: Backend, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox" / "a.jpg")
    (file,) = look(backend)
    with backend.source.open(file) as stream:
        assert stream.read() == b"page"
    put(path, b"changed", age=0.5)
    with pytest.raises(TransientError):
        backend.source.open(file)


def test_a_folder_that_vanished_is_made_again(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "inbox").rmdir()
    assert look(backend) == []
    assert (tmp_path / "inbox").is_dir()
