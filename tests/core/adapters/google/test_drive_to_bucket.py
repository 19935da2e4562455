"""From Drive into the bucket by `core.pipeline.watch`, with Google's clients on both sides."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.adapters import connect as connect_local
from core.adapters.google.storage import GoogleObjectStore
from core.errors import TransientError
from core.invoice import Invoice, Outcome, Status
from core.parts import split
from core.ports import Adapters, Query
from core.settings import Settings
from core.watch import watch as look


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
