"""Looking at sources, on the real local stores: in turn, alone, in time, and after a crash."""

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest

from core.adapters import connect
from core.errors import FileError, SetupError, TransientError
from core.extract import Extractor
from core.intake.arrival import receive
from core.intake.watch import named_template, watch
from core.invoice import ErrorInfo, Invoice, SourceRef, Status
from core.lease import Lease
from core.pipeline import process, read_again
from core.ports import Adapters, Batch, Query, SourceFile, StoredTemplate
from core.settings import Settings

sys.path.append(str(Path(__file__).parents[2]))

from batches import batch, form


class Shelf:
    """A source of pages of files. Its cursor is the number of pages that were taken."""

    name = "shelf"
    shared = True

    def __init__(self, *pages: dict[str, bytes]) -> None:
        self.pages = list(pages)
        self.revision = "1"
        self.opened: list[str] = []
        self.on_open: Callable[[str], None] = lambda name: None

    def batches(self, cursor: str | None) -> Iterable[Batch]:
        for number in range(int(cursor or 0), len(self.pages)):
            yield Batch(
                [_file(name, self.revision) for name in self.pages[number]], str(number + 1)
            )

    def listen(self, kept: str | None) -> str | None:
        return kept

    def open(self, file: SourceFile) -> BinaryIO:
        name = file.ref.file_id
        self.opened.append(name)
        self.on_open(name)
        return io.BytesIO(next(page[name] for page in self.pages if name in page))


def _file(name: str, revision: str = "1") -> SourceFile:
    return SourceFile(SourceRef(kind="drive", file_id=name, name=name), revision, 4)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", settle=0, max_file_bytes=1000)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf({"a": b"A", "b": b"B"}, {"c": b"C", "d": b"D"})


@pytest.fixture
def adapters(settings: Settings, shelf: Shelf) -> Adapters:
    return replace(connect(settings), sources=[shelf])


def invoices(adapters: Adapters) -> dict[str, Invoice]:
    return {i.source.name: i for i in adapters.store.list(Query()).invoices}


def test_each_file_is_taken_once_and_the_bad_ones_find_a_place(settings: Settings) -> None:
    adapters = connect(settings)
    inbox = settings.inbox_dir
    (inbox / "a.jpg").write_bytes(b"one")
    (inbox / "b.jpg").write_bytes(b"one")
    (inbox / "huge.jpg").write_bytes(b"x" * 2000)
    report = watch(adapters, settings)
    assert (report.received, len(report.failed)) == (2, 1)
    again = watch(adapters, settings)
    assert (again.received, again.failed) == (0, [])
    found = invoices(adapters)
    assert len(found) == 2
    assert found["huge.jpg"].status is Status.FAILED
    assert found["huge.jpg"].error is not None
    assert found["huge.jpg"].error.code == "file_too_large"


def test_a_revision_that_was_taken_is_not_opened_again(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    assert watch(adapters, settings).received == 4
    adapters.store.set_state("cursor:shelf", "0")
    assert watch(adapters, settings).received == 0
    assert shelf.opened == ["a", "b", "c", "d"]


def test_what_was_refused_is_tried_again_when_it_is_seen_again(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    def hidden(name: str) -> None:
        raise FileError(f"{name}: not shared", code="access_denied")

    shelf.on_open = hidden
    assert watch(adapters, settings).failed == [f"{name}: not shared" for name in "abcd"]
    shelf.on_open = lambda name: None
    adapters.store.set_state("cursor:shelf", "0")
    assert watch(adapters, settings).received == 4


def test_a_page_counts_once_all_of_it_is_safe(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    def broken(name: str) -> None:
        if name in "cd":
            raise TransientError("away")

    shelf.on_open = broken
    with pytest.raises(TransientError):
        watch(adapters, settings)
    assert adapters.store.get_state("cursor:shelf") == "1"
    shelf.on_open = lambda name: None
    assert watch(adapters, settings).received == 2
    assert shelf.opened == ["a", "b", "c", "d", "c", "d"]


def test_revisions_are_linked_though_the_look_dies_before_that(
    adapters: Adapters, shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(adapters, settings)
    older = invoices(adapters)["d"].id
    shelf.pages[1]["d"] = b"D, anew"
    adapters.store.set_state("cursor:shelf", "1")
    shelf.revision = "2"

    def die(*_: object, **__: object) -> None:
        raise TransientError("away")

    with monkeypatch.context() as dying:
        dying.setattr("core.intake.watch._link", die)
        with pytest.raises(TransientError):
            watch(adapters, settings)
    watch(adapters, settings)

    newer = adapters.store.get(older).replaced_by
    assert newer is not None
    assert adapters.store.get(newer).replaces == older


def test_a_lease_is_kept_over_pages_without_files(
    adapters: Adapters, shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Lease] = []

    def keep(lease: Lease) -> None:
        kept.append(lease)

    monkeypatch.setattr("core.intake.watch.Lease.keep", keep)
    shelf.pages = [{}, {}, {}]
    watch(adapters, settings)
    assert len(kept) == 3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> list[float]:
    """One number, the time. Every file that is opened takes a second."""
    clock = [0.0]

    def tick(name: str) -> None:
        clock[0] += 1

    shelf.on_open = tick
    monkeypatch.setattr("core.intake.watch.monotonic", lambda: clock[0])
    return clock


def test_at_the_deadline_no_further_file_is_begun(
    adapters: Adapters, shelf: Shelf, settings: Settings, clock: list[float]
) -> None:
    first = watch(adapters, settings, deadline=2.5)
    assert (first.received, first.finished) == (3, False)
    second = watch(adapters, settings, deadline=60)
    assert (second.received, second.finished) == (1, True)
    assert shelf.opened == ["a", "b", "c", "d"]


def test_a_look_whose_time_is_up_before_it_begins_does_nothing(
    adapters: Adapters, shelf: Shelf, settings: Settings, clock: list[float]
) -> None:
    report = watch(adapters, settings, deadline=0)
    assert (report.received, report.finished) == (0, False)
    assert shelf.opened == []


def test_of_two_looks_at_once_one_works_and_then_sees_what_the_other_came_for(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    working, go_on = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        if name == "d":
            working.set()
            go_on.wait(60)

    shelf.on_open = wait
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(watch, adapters, settings)
        assert working.wait(60)
        second = watch(adapters, settings)
        assert (second.received, second.busy) == (0, ["shelf"])
        go_on.set()
        # Too late for the pages that the first look turns, but it was asked to look again.
        shelf.pages.append({"e": b"E"})
        assert first.result(60).received == 5
    assert shelf.opened == ["a", "b", "c", "d", "e"]


def test_a_look_that_failed_does_not_keep_the_next_one_away(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    shelf.on_open = _away
    for _ in range(2):
        with pytest.raises(TransientError):
            watch(adapters, settings)
    # After two in a row that it can't give, the source is at fault and no file.
    assert shelf.opened == ["a", "b", "a", "b"]


def test_a_source_in_trouble_stops_no_other(
    adapters: Adapters, shelf: Shelf, settings: Settings
) -> None:
    class Broken(Shelf):
        name = "broken"

        def batches(self, cursor: str | None) -> Iterable[Batch]:
            raise SetupError("nobody has signed in")

    both = replace(adapters, sources=[Broken(), shelf])
    with pytest.raises(SetupError, match="nobody has signed in"):
        watch(both, settings)
    assert set(invoices(adapters)) == {"a", "b", "c", "d"}


def _away(name: str) -> None:
    raise TransientError("away")


def test_looks_at_a_folder_that_came_to_nothing_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("core.intake.watch.tell", lambda happened, **_: told.append(happened))
    settings = Settings(data=tmp_path, settle=0)
    adapters = connect(settings)
    watch(adapters, settings)
    assert told == []
    (tmp_path / "inbox" / "a.jpg").write_bytes(b"page")
    for _ in range(2):
        watch(adapters, settings)
    assert told == ["looked"]
    watch(replace(adapters, sources=[Shelf()]), settings)
    assert told == ["looked"] * 2


@pytest.mark.parametrize(
    ("folder", "name", "template"),
    [
        ("acme", "1.pdf", "acme"),
        ("acme/march", "1.pdf", "acme"),
        ("Invoices/2026/ACME", "1.pdf", "acme"),
        ("other", "INV-07.PDF", "bahr"),
        ("", "INV-07.pdf", "bahr"),
        ("acme", "INV-07.pdf", "acme"),
        ("ا\u0653فاق", "1.pdf", "afaq"),  # آ as a Mac spells it
        ("other", "1.pdf", None),
        ("not acme", "1.pdf", None),
        ("", "acme", None),
    ],
)
def test_a_name_or_a_folder_tells_the_template(
    folder: str, name: str, template: str | None
) -> None:
    settings = Settings(template_names="acme/*=acme,inv-??.pdf=bahr,آفاق/*=afaq")
    file = replace(_file(name), folder=folder)
    assert named_template(file, settings) == template
    assert named_template(file, Settings()) is None


def test_what_a_folder_tells_is_asked_for(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", settle=0, template_names="acme/*=acme")
    adapters = connect(settings)
    (settings.inbox_dir / "acme").mkdir()
    (settings.inbox_dir / "acme" / "a.jpg").write_bytes(b"one")
    (settings.inbox_dir / "b.jpg").write_bytes(b"two")
    watch(adapters, settings)
    found = invoices(adapters)
    assert found["a.jpg"].requested_template == "acme"
    assert found["b.jpg"].requested_template is None


def test_a_template_that_is_not_there_is_said_and_read_with_once_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", settle=0, template_names="acme/*=acne")
    adapters, reader = connect(settings), Extractor(settings)
    (settings.inbox_dir / "acme").mkdir()
    (settings.inbox_dir / "acme" / "a.tif").write_bytes(batch(["004217"]))
    watch(adapters, settings)
    (taken,) = adapters.store.list(Query()).invoices
    assert taken.object is not None
    failed = process(adapters, reader, taken.object, settings)
    assert failed is not None
    assert failed.error == ErrorInfo(
        code="unknown_template",
        message="a.tif: is to be read with the template acne, which does not exist",
    )
    adapters.store.put_template(StoredTemplate(form("acne")))
    read_again(adapters, taken.id)
    read = process(adapters, reader, taken.object, settings)
    assert read is not None
    assert (read.number, read.error) == ("004217", None)


def come_in_parts(
    settings: Settings, *parts: bytes, between: Callable[[], object] = int, read: bool = True
) -> Adapters:
    """Copies `b"".join(parts)` into the inbox, with a pause after each part in which the file is
    taken in and, if `read`, read; then `between` is called."""
    adapters, reader = connect(settings), Extractor(settings)
    path = settings.inbox_dir / "a.png"
    for number in range(1, len(parts) + 1):
        path.write_bytes(b"".join(parts[:number]))
        hour_ago = time.time() - 3600 + number
        os.utime(path, (hour_ago, hour_ago))
        watch(adapters, settings)
        for invoice in adapters.store.list(Query()).invoices:
            if read and invoice.status is Status.RECEIVED:
                assert invoice.object is not None
                process(adapters, reader, invoice.object, settings)
        between()
    return adapters


PICTURE = bytes(cv2.imencode(".png", np.random.default_rng(1).integers(0, 256, (60, 60)))[1])


def test_a_file_whose_copy_paused_is_one_invoice_in_the_end(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, settle=0)
    seen: list[list[str | None]] = []

    def see() -> None:
        kept = connect(settings).store.list(Query()).invoices
        seen.append([each.error.code if each.error else None for each in kept])

    adapters = come_in_parts(
        settings, PICTURE[:1000], PICTURE[1000:2000], PICTURE[2000:], between=see
    )
    assert seen == [["truncated_file"], ["truncated_file"], [None]]
    (whole,) = adapters.store.list(Query()).invoices
    assert whole.object is not None
    assert adapters.objects.read(whole.object).data == PICTURE
    assert len([each for each in (tmp_path / "bucket").rglob("*") if each.is_file()]) == 1


PHOTO = bytes(cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 256, (60, 60)))[1])


@pytest.mark.parametrize(("data", "read"), [(PICTURE, False), (PHOTO, False), (PHOTO, True)])
def test_a_beginning_goes_whatever_reading_made_of_it(
    data: bytes, read: bool, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, settle=0)
    adapters = come_in_parts(settings, data[:1000], data[1000:], read=read)
    (whole,) = adapters.store.list(Query()).invoices
    assert whole.object is not None
    assert adapters.objects.read(whole.object).data == data


@pytest.mark.parametrize(
    "settled",
    [
        {"status": Status.DONE},
        {"status": Status.FAILED, "error": ErrorInfo(code="rejected", message="by Mona")},
    ],
)
def test_a_beginning_that_somebody_settled_stays(
    settled: dict[str, object], tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, settle=0)

    def settle() -> None:
        store = connect(settings).store
        for each in store.list(Query()).invoices:
            store.update(each.id, lambda one: one.model_copy(update=settled))

    adapters = come_in_parts(settings, PHOTO[:1000], PHOTO[1000:], between=settle)
    assert len(adapters.store.list(Query()).invoices) == 2


def test_a_beginning_that_also_came_from_elsewhere_stays(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, settle=0)

    def send() -> None:
        source = SourceRef(kind="upload", file_id="1", name="cut.png")
        receive(connect(settings), io.BytesIO(PICTURE[:1000]), source, settings)

    adapters = come_in_parts(settings, PICTURE[:1000], PICTURE[1000:], between=send)
    assert len(adapters.store.list(Query()).invoices) == 2


def test_a_revision_that_is_whole_stays_though_the_next_begins_with_it(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, settle=0)
    adapters = come_in_parts(settings, PICTURE, b"more")
    assert len(adapters.store.list(Query()).invoices) == 2
