"""From Drive into the bucket by `core.intake.watch`, with Google's clients on both sides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.adapters import connect as connect_local
from core.adapters.google.storage import GoogleObjectStore
from core.errors import SetupError, TransientError
from core.intake.late import MOST_TRIES
from core.intake.parts import split
from core.intake.watch import watch as look
from core.invoice import Invoice, Outcome, Status, now
from core.ports import Adapters, Query
from core.settings import Settings


@pytest.fixture
def inbox(drive) -> str:
    return drive.state.folder("Inbox")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, max_file_bytes=1000)


@pytest.fixture
def adapters(settings, watch: Callable, inbox: str, objects: GoogleObjectStore) -> Adapters:
    source = watch(inbox, max_bytes=settings.max_file_bytes)
    return replace(connect_local(settings), sources=[source], objects=objects)


def invoices(adapters: Adapters) -> dict[str, Invoice]:
    return {i.source.name: i for i in adapters.store.list(Query()).invoices}


def test_each_file_is_an_object_that_knows_where_it_came_from(drive, inbox, adapters, settings):
    ids = {name: drive.state.file(name, name.encode(), inbox) for name in ("a.pdf", "b.jpg")}
    assert look(adapters, settings).received == 2
    for name, invoice in invoices(adapters).items():
        assert (invoice.status, invoice.source.file_id) == (Status.RECEIVED, ids[name])
        stored = adapters.objects.read(invoice.object)
        assert stored.data == name.encode()
        assert stored.metadata["source-file-id"] == ids[name]


def test_a_subfolder_fixes_the_template(drive, inbox, adapters, settings):
    settings = settings.model_copy(update={"template_names": "acme/*=acme"})
    acme = drive.state.folder("Acme", drive.state.folder("2026", inbox))
    drive.state.file("a.pdf", b"%PDF-1", acme)
    drive.state.file("b.pdf", b"%PDF-2", inbox)
    look(adapters, settings)
    drive.state.file("c.pdf", b"%PDF-3", acme)
    look(adapters, settings)
    asked = {name: invoice.requested_template for name, invoice in invoices(adapters).items()}
    assert asked == {"a.pdf": "acme", "b.pdf": None, "c.pdf": "acme"}
    stored = adapters.objects.read(invoices(adapters)["a.pdf"].object)
    assert stored.metadata["template"] == "acme"  # also for who makes the invoice of it alone


def test_what_becomes_of_a_file_is_noted_on_the_invoice_of_each_page(
    drive, inbox, adapters, settings
):
    file = drive.state.file("batch.pdf", b"%PDF-1", inbox)
    look(adapters, settings)
    first = only(adapters)
    part = split(adapters, first, Outcome(status=Status.DONE, invoices=3))
    adapters.store.update(first.id, lambda one: one.model_copy(update={"part": part}))
    drive.state.rename(file, "scan.pdf")
    look(adapters, settings)
    drive.state.write(file, b"%PDF-2")
    look(adapters, settings)
    newer = next(i for i in adapters.store.list(Query()).invoices if i.part is None)
    pages = [adapters.store.get(each) for each in part.ids]
    assert [[note.code for note in each.notes] for each in pages] == [["renamed"]] * 3
    assert {each.replaced_by for each in pages} == {newer.id}


def test_a_file_comes_in_once_and_each_revision_of_it(drive, inbox, adapters, settings):
    file = drive.state.file("a.pdf", b"%PDF-1", inbox)
    assert look(adapters, settings).received == 1
    assert look(adapters, settings).received == 0
    drive.state.write(file, b"%PDF-2")
    assert look(adapters, settings).received == 1
    drive.state.delete(file)
    look(adapters, settings)
    found = adapters.store.list(Query()).invoices
    assert {adapters.objects.read(i.object).data for i in found} == {b"%PDF-1", b"%PDF-2"}


def only(adapters: Adapters) -> Invoice:
    (invoice,) = adapters.store.list(Query()).invoices
    return invoice


def test_what_becomes_of_a_file_is_noted_and_deletes_nothing(drive, inbox, adapters, settings):
    file = drive.state.file("a.pdf", b"%PDF", inbox)
    elsewhere = drive.state.folder("Elsewhere")
    look(adapters, settings)
    drive.state.rename(file, "b.pdf")
    look(adapters, settings)
    drive.state.move(file, elsewhere)
    look(adapters, settings)
    look(adapters, settings)
    drive.state.move(file, inbox)
    look(adapters, settings)
    drive.state.trash(file)
    look(adapters, settings)
    drive.state.delete(file)
    look(adapters, settings)
    invoice = only(adapters)
    assert [(note.code, note.message) for note in invoice.notes] == [
        ("renamed", "a.pdf: is now called b.pdf"),
        ("moved_out", "b.pdf: was moved out of the watched folders"),
        ("back", "b.pdf: is back in the watched folders"),
        ("trashed", "b.pdf: was put into the trash"),
        ("removed", "b.pdf: was deleted, or is no longer shared with Khana"),
    ]
    assert adapters.objects.read(invoice.object).data == b"%PDF"


def test_a_note_is_made_once_though_the_page_of_changes_comes_again(
    drive, inbox, adapters, settings
):
    file = drive.state.file("a.pdf", b"%PDF", inbox)
    look(adapters, settings)
    before = adapters.store.get_state("cursor:drive")
    drive.state.trash(file)
    look(adapters, settings)
    adapters.store.set_state("cursor:drive", before)
    look(adapters, settings)
    assert [note.code for note in only(adapters).notes] == ["trashed"]


def test_what_went_before_its_invoice_was_deleted_stops_nothing(drive, inbox, adapters, settings):
    file = drive.state.file("a.pdf", b"%PDF", inbox)
    look(adapters, settings)
    adapters.store.delete(only(adapters).id)
    drive.state.trash(file)
    drive.state.file("b.pdf", b"%PDF-b", inbox)
    assert look(adapters, settings).received == 1


def test_the_revisions_of_a_file_are_linked(drive, inbox, adapters, settings):
    file = drive.state.file("a.pdf", b"%PDF-1", inbox)
    look(adapters, settings)
    first = only(adapters).id
    drive.state.write(file, b"%PDF-2")
    look(adapters, settings)
    second = adapters.store.get(adapters.store.get(first).replaced_by)
    assert (second.replaces, second.replaced_by) == (first, None)
    drive.state.write(file, b"%PDF-1")  # the first bytes come back: that invoice is the newest
    look(adapters, settings)
    newest = adapters.store.get(first)
    assert (newest.replaces, newest.replaced_by) == (second.id, None)
    assert adapters.store.get(second.id).replaced_by == first


def test_what_can_not_be_taken_is_kept_as_failed_and_stops_nothing(
    drive, inbox, adapters, settings
):
    drive.state.google_file("notes", inbox)
    drive.state.file("large.pdf", b"%PDF" * 1000, inbox)
    drive.state.file("good.pdf", b"%PDF", inbox)
    report = look(adapters, settings)
    assert (report.received, len(report.failed)) == (1, 2)
    found = invoices(adapters)
    assert {name: i.error and i.error.code for name, i in found.items()} == {
        "notes": "unsupported_format",
        "large.pdf": "file_too_large",
        "good.pdf": None,
    }


def test_a_run_cut_short_is_taken_up_where_its_last_whole_page_ended(
    drive, inbox, adapters, settings
):
    names = [f"{number}.pdf" for number in range(6)]
    for name in names:
        drive.state.file(name, name.encode(), inbox)
    # Pages are of two files, so this ends the run within the second.
    drive.fail("files.get:media", status=503, skip=3, times=None)
    with pytest.raises(TransientError):
        look(adapters, settings)
    assert len(invoices(adapters)) == 3
    drive.faults.clear()
    assert look(adapters, settings).received == 3
    assert sorted(invoices(adapters)) == names


BUSY = {"status": 503}
UNHEARD_OF = {"status": 403, "reason": "somethingNew"}


def looks(adapters, settings, monkeypatch, *, hours: float, every: float = 1) -> list[str]:
    """What could not be taken in by looks that follow each other by `every` minutes."""
    began, said = now(), []
    for minutes in range(0, int(hours * 60), int(every)):
        at = began + timedelta(minutes=minutes)
        monkeypatch.setattr("core.intake.late.now", lambda at=at: at)
        said += look(adapters, settings).failed
    return said


@pytest.mark.parametrize("fault", [BUSY, UNHEARD_OF])
def test_a_file_that_drive_stumbles_over_keeps_back_no_other(
    drive, inbox, adapters, settings, monkeypatch, fault
):
    ids = [drive.state.file(f"{n}.pdf", b"%PDF" + bytes([n]), inbox) for n in range(6)]
    drive.fail("files.get:media", file=ids[1], times=None, **fault)
    report = look(adapters, settings)
    assert (report.received, report.finished) == (5, True)
    (said,) = report.failed
    assert said.startswith("1.pdf: ")
    drive.state.file("new.pdf", b"%PDF-new", inbox)
    assert look(adapters, settings).received == 1
    # It is tried ever more rarely, and found among the invoices before a day is over.
    assert len(looks(adapters, settings, monkeypatch, hours=1)) < 8
    assert "1.pdf" not in invoices(adapters)
    looks(adapters, settings, monkeypatch, hours=26, every=10)
    assert invoices(adapters)["1.pdf"].error.code == "file_unreadable"
    drive.faults.clear()
    looks(adapters, settings, monkeypatch, hours=33, every=60)
    found = [i for i in adapters.store.list(Query()).invoices if i.source.name == "1.pdf"]
    assert sorted(i.status for i in found) == [Status.FAILED, Status.RECEIVED]
    assert look(adapters, settings).received == 0


def test_a_file_that_never_comes_is_given_up_after_a_week(
    drive, inbox, adapters, settings, monkeypatch
):
    file = drive.state.file("a.pdf", b"%PDF", inbox)
    drive.fail("files.get:media", file=file, times=None, **UNHEARD_OF)
    with pytest.raises(SetupError):  # nothing else was given: it may be the account
        look(adapters, settings)
    said = looks(adapters, settings, monkeypatch, hours=10 * 24, every=30)
    assert len(said) == MOST_TRIES - 1
    assert only(adapters).error.code == "file_unreadable"
    drive.state.rename(file, "b.pdf")
    drive.faults.clear()
    assert look(adapters, settings).received == 1


def test_a_file_that_went_while_it_was_to_be_tried_again_is_not(drive, inbox, adapters, settings):
    file = drive.state.file("a.pdf", b"%PDF", inbox)
    drive.fail("files.get:media", file=file, times=1, **UNHEARD_OF)
    with pytest.raises(SetupError):
        look(adapters, settings)
    drive.state.trash(file)
    for _ in range(2):
        assert look(adapters, settings).received == 0
    assert not invoices(adapters)


def test_a_refused_sign_in_is_no_fault_of_a_file(drive, inbox, adapters, settings):
    for number in range(3):
        drive.state.file(f"{number}.pdf", b"%PDF" + bytes([number]), inbox)
    drive.fail("files.get:media", status=401, reason="authError", skip=1, times=1)
    with pytest.raises(SetupError, match="credentials"):
        look(adapters, settings)
    assert look(adapters, settings).received == 2


@pytest.mark.parametrize("how", ["unshared", "trashed", "refused"])
def test_a_folder_that_can_not_be_seen_keeps_back_no_other(
    drive, inbox, adapters, settings, watch, how
):
    other = drive.state.folder("Other")
    source = watch(inbox, other, max_bytes=1000)
    adapters = replace(adapters, sources=[source])
    drive.state.file("before.pdf", b"%PDF-0", inbox)
    look(adapters, settings)
    if how == "unshared":
        drive.state.share(inbox, False)
    elif how == "trashed":
        drive.state.trash(inbox)
    else:
        drive.fail("files.get", file=inbox, times=None, status=403, reason="domainPolicy")
    drive.state.file("meanwhile.pdf", b"%PDF-1", inbox)
    drive.state.file("a.pdf", b"%PDF-2", other)
    for _ in range(2):
        with pytest.raises(SetupError, match=r"shared with|trash|organisation"):
            look(adapters, settings)
        assert sorted(invoices(adapters)) == ["a.pdf", "before.pdf"]
    drive.faults.clear()
    if how == "unshared":
        drive.state.share(inbox)
    elif how == "trashed":
        drive.state.trash(inbox, False)
    drive.calls.clear()
    assert look(adapters, settings).received == 1
    assert sorted(invoices(adapters)) == ["a.pdf", "before.pdf", "meanwhile.pdf"]
    assert len(drive.calls_of("files.get:media")) == 1
