"""The watched folder, look by look."""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.adapters import connect
from core.adapters.local.backend import Backend, open_backend
from core.errors import TransientError
from core.intake.watch import watch
from core.ports import Query, SourceFile
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
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.jpg", "sub/deep/b.pdf", ".hidden.jpg", "c.jpg.part", "~d.jpg", "e.crdownload"):
        put(tmp_path / "inbox" / name)
    link = tmp_path / "inbox" / "link.jpg"
    link.symlink_to(put(tmp_path / "outside.jpg"))
    assert names(look(backend)) == ["a.jpg", "sub/deep/b.pdf"]
    assert look(backend) == []
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"{link}: is a link: put the file or folder itself there"]


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


def test_who_would_write_waits_until_the_file_is_read(backend: Backend, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox" / "a.jpg")
    (file,) = look(backend)
    opened = threading.Event()

    def write() -> None:
        with path.open("ab") as stream:
            opened.set()
            stream.write(b"more")

    with backend.source.open(file) as stream:
        writer = threading.Thread(target=write)
        writer.start()
        assert not opened.wait(0.2)
        assert stream.read() == b"page"
    writer.join(60)
    assert opened.is_set()


def test_a_file_that_is_held_open_is_taken_in_the_end(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "inbox" / "a.jpg"
    with path.open("wb") as held:
        held.write(b"page")
        held.flush()
        at = time.time() - 61
        os.utime(path, (at, at))
        assert names(look(backend)) == ["a.jpg"]


def test_a_wrong_clock_keeps_no_file_out(backend: Backend, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "a.jpg", age=-3600)
    assert names(look(backend)) == ["a.jpg"]


def test_a_name_that_is_no_text_is_taken_and_remembered(backend: Backend, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / os.fsdecode(b"fact\xff.jpg"))
    put(tmp_path / "inbox" / "bytes:plain.jpg", b"other")
    files = look(backend)
    assert names(files) == ["bytes:bytes%3Aplain.jpg", "bytes:fact%FF.jpg"]
    for file in files:
        file.ref.model_dump_json()
        with backend.source.open(file) as stream:
            assert stream.read() in (b"page", b"other")
    assert look(open_backend(Settings(data=tmp_path, settle=0))) == []


@contextmanager
def without_privileges() -> Iterator[Path]:
    """A folder of a user whom permissions bind; root reads whatever it likes."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.geteuid() == 0
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)


def test_a_file_that_may_not_be_read_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with without_privileges() as folder, caplog.at_level(logging.WARNING):
        backend = open_backend(Settings(data=folder, settle=0))
        closed = put(folder / "inbox" / "a.jpg", b"closed")
        closed.chmod(0)
        put(folder / "inbox" / "b.jpg")
        assert names(look(backend)) == ["b.jpg"]
        assert look(backend) == []
        assert [record.getMessage() for record in caplog.records] == [
            f"{closed}: can't be read: Permission denied"
        ]
        closed.chmod(0o600)
        assert names(look(backend)) == ["a.jpg"]


def test_a_file_that_may_not_be_read_is_told_of_until_it_may() -> None:
    with without_privileges() as folder:
        settings = Settings(data=folder, settle=0)
        adapters = connect(settings)
        closed = put(folder / "inbox" / "a.jpg", age=5)
        closed.chmod(0)
        watch(adapters, settings)
        assert not adapters.store.list(Query()).invoices  # a copy may be on its way
        os.utime(closed, (time.time() - 15,) * 2)
        looks = [watch(adapters, settings) for _ in range(3)]
        assert [look.failed for look in looks] == [
            ["a.jpg: the user that Khana runs as may not read it: change its owner or mode"], [], []
        ]  # fmt: skip
        (refused,) = adapters.store.list(Query()).invoices
        assert refused.error is not None
        assert refused.error.code == "access_denied"
        closed.chmod(0o600)
        assert [watch(adapters, settings).received for _ in range(2)] == [1, 0]
        (taken,) = adapters.store.list(Query()).invoices
        assert taken.object is not None
        assert adapters.objects.read(taken.object).data == b"page"


def test_an_empty_file_that_is_filled_later_is_one_invoice(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, settle=0)
    adapters = connect(settings)
    for data, age in ((b"", 30), (b"page", 20)):
        put(tmp_path / "inbox" / "a.jpg", data, age=age)
        watch(adapters, settings)
        (one,) = adapters.store.list(Query()).invoices
        assert (one.error is not None) == (data == b"")


def test_what_is_in_a_folder_that_may_not_be_read_for_a_while_is_not_new_after_that() -> None:
    with without_privileges() as folder:
        backend = open_backend(Settings(data=folder, settle=0))
        put(folder / "inbox" / "acme" / "2026" / "a.jpg")
        put(folder / "inbox" / "acme.jpg", b"another")
        assert len(look(backend)) == 2
        (folder / "inbox" / "acme").chmod(0)
        assert look(backend) == []
        (folder / "inbox" / "acme").chmod(0o700)
        assert look(backend) == []


def test_a_file_that_goes_during_a_look_makes_no_other_new(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [put(tmp_path / "inbox" / f"{name}.jpg", name.encode()) for name in "abcd"]
    look(backend)
    scandir = os.scandir

    @contextmanager
    def listed(folder: Path) -> Iterator[list[os.DirEntry[str]]]:
        """As `os.scandir`; and then somebody takes the first file away."""
        with scandir(folder) as found:
            entries = list(found)
        next(path for path in paths if path.name == entries[0].name).unlink()
        yield entries

    with monkeypatch.context() as patched:
        patched.setattr("core.adapters.local.folder.os.scandir", listed)
        assert look(backend) == []
    assert look(backend) == []


def test_a_file_that_grew_says_how_it_began_if_it_was_cut_off(
    backend: Backend, tmp_path: Path
) -> None:
    path, half = tmp_path / "inbox" / "a-1.png", b"\x89PNG\r\n\x1a\n" + bytes(100)
    began = []
    for age, data in ((90, half), (80, half + b"1"), (70, half + b"2"), (60, b"a page"),
                      (50, b"a page and more")):  # fmt: skip
        put(path, data, age=age)
        began += [file.began for file in look(backend)]
    assert began == [None, len(half), None, None, None]


def test_a_name_that_would_disguise_or_break_lines_is_made_fit_and_its_file_found(
    backend: Backend, tmp_path: Path
) -> None:
    put(tmp_path / "inbox" / "a\nb\x1b[31m\u202egpj.exe")
    (file,) = look(backend)
    assert file.ref.name == "a b [31mgpj.exe"
    with backend.source.open(file) as stream:
        assert stream.read() == b"page"
    assert look(backend) == []


def test_what_left_the_folder_is_forgotten(backend: Backend, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox" / "a.jpg", age=5)
    look(backend)
    path.rename(tmp_path / "a.jpg")
    look(backend)
    (tmp_path / "a.jpg").rename(path)
    assert names(look(backend)) == ["a.jpg"]


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
