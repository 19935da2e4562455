"""The way of an invoice on the real local adapters: repeated, doubled, late and broken steps."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from core.adapters import connect
from core.errors import BusyError, FileError, NotFoundError, SetupError, TransientError
from core.intake.arrival import receive
from core.invoice import (
    ErrorInfo,
    Invoice,
    ObjectRef,
    Outcome,
    Reading,
    Reason,
    SourceRef,
    Status,
    TemplateRef,
)
from core.pipeline import give_up, process, read_again
from core.ports import Adapters, KnownTemplate, Query, StoredTemplate
from core.review import correct, review
from core.settings import Settings
from core.template import Kind, parse_template
from core.values.value import Value

UPLOAD = SourceRef(kind="upload", file_id="u1", name="scan.jpg")


class Reader:
    """Stands where the extractor does and counts: these tests are of the steps around it. Each
    reading calls `meanwhile`, then raises the next of its faults if there is one."""

    reader = "reader-1"

    def __init__(self, *faults: Exception, meanwhile: Callable[[], object] = int) -> None:
        self.calls = 0
        self._faults = list(faults)
        self._meanwhile = meanwhile

    def extract(
        self,
        data: bytes,
        templates: Sequence[KnownTemplate],
        *,
        name: str,
        page: int | None = None,
    ) -> Outcome:
        self.calls += 1
        self._meanwhile()
        if self._faults:
            raise self._faults.pop(0)
        return Outcome(
            status=Status.NEEDS_REVIEW, reasons=(Reason(code="no_template", message="none"),)
        )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", settle=0, max_file_bytes=1000)


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    return connect(settings)


def _received(adapters: Adapters, settings: Settings, data: bytes = b"page") -> Invoice:
    return receive(adapters, BytesIO(data), UPLOAD, settings)


def _ref(invoice: Invoice) -> ObjectRef:
    assert invoice.object is not None
    return invoice.object


def test_the_same_bytes_are_the_same_invoice(adapters: Adapters, settings: Settings) -> None:
    first = _received(adapters, settings)
    other = UPLOAD.model_copy(update={"file_id": "u2", "name": "copy.jpg"})
    second = receive(adapters, BytesIO(b"page"), other, settings)
    third = receive(adapters, BytesIO(b"page"), other, settings)
    assert first.id == second.id
    assert third.source == UPLOAD
    assert third.duplicates == (other,)
    assert len(adapters.store.list(Query()).invoices) == 1


def test_an_event_is_read_once_however_often_it_comes(
    adapters: Adapters, settings: Settings
) -> None:
    ref, reader = _ref(_received(adapters, settings)), Reader()
    results = [process(adapters, reader, ref, settings) for _ in range(3)]
    assert reader.calls == 1
    assert [r.status for r in results if r] == [Status.NEEDS_REVIEW] * 3


def test_an_object_alone_is_enough_to_make_its_invoice(
    adapters: Adapters, settings: Settings
) -> None:
    invoice = _received(adapters, settings)
    adapters.store.delete(invoice.id)  # as if the process had died between object and invoice
    read = process(adapters, Reader(), _ref(invoice), settings)
    assert read is not None
    assert (read.id, read.source, read.received_at) == (invoice.id, UPLOAD, invoice.received_at)


def test_an_invoice_in_work_is_left_to_who_reads_it(adapters: Adapters, settings: Settings) -> None:
    invoice = _received(adapters, settings)

    def another_comes() -> None:
        with pytest.raises(BusyError):
            process(adapters, Reader(), _ref(invoice), settings)

    reader = Reader(meanwhile=another_comes)
    process(adapters, reader, _ref(invoice), settings)
    assert reader.calls == 1


def test_a_bad_file_fails_and_is_not_tried_again(adapters: Adapters, settings: Settings) -> None:
    reader = Reader(FileError("scan.jpg: cut off", code="truncated_file"))
    ref = _ref(_received(adapters, settings))
    process(adapters, reader, ref, settings)
    read = process(adapters, reader, ref, settings)
    assert read is not None
    assert read.status is Status.FAILED
    assert read.error == ErrorInfo(code="truncated_file", message="scan.jpg: cut off")
    assert reader.calls == 1


def test_a_template_that_is_deleted_meanwhile_fails_no_invoice(
    adapters: Adapters, settings: Settings
) -> None:
    form = parse_template(
        {
            "id": "form",
            "page_size": [9, 9],
            "fields": [{"name": "a", "kind": "text", "box": [0, 0, 1, 1]}],
        }
    )
    adapters.store.put_template(StoredTemplate(form, b"picture", b"looks"))
    ref = _ref(_received(adapters, settings))

    class Learner(Reader):
        def extract(self, data: bytes, templates: Sequence[KnownTemplate], **named: Any) -> Outcome:
            for known in templates:
                adapters.store.delete_template(known.template.id)
                assert known.reference
            return super().extract(data, templates, **named)

    with pytest.raises(TransientError):
        process(adapters, Learner(), ref, settings)
    read = process(adapters, Learner(), ref, settings)
    assert read is not None
    assert read.status is Status.NEEDS_REVIEW


@pytest.mark.parametrize("faults", [(), (TransientError("away"),)])
def test_an_invoice_that_is_deleted_while_it_is_read_is_no_wrong_event(
    adapters: Adapters, settings: Settings, faults: Sequence[Exception]
) -> None:
    invoice = _received(adapters, settings)

    def delete() -> None:
        adapters.objects.delete(_ref(invoice))
        adapters.store.delete(invoice.id)

    with pytest.raises(TransientError):
        process(adapters, Reader(*faults, meanwhile=delete), _ref(invoice), settings)
    assert process(adapters, Reader(), _ref(invoice), settings) is None


def test_a_fault_of_our_own_fails_the_invoice_and_names_it(
    adapters: Adapters, settings: Settings
) -> None:
    read = process(
        adapters, Reader(ZeroDivisionError()), _ref(_received(adapters, settings)), settings
    )
    assert read is not None
    assert read.error is not None
    assert read.error.code == "internal"
    assert "scan.jpg" in read.error.message


def test_a_transient_fault_is_tried_again_and_in_the_end_given_up(
    adapters: Adapters, settings: Settings
) -> None:
    ref, reader = _ref(_received(adapters, settings)), Reader(TransientError("Tesseract died"))
    with pytest.raises(TransientError):
        process(adapters, reader, ref, settings)
    (waiting,) = adapters.store.list(Query()).invoices
    assert (waiting.status, waiting.lease_until) == (Status.RECEIVED, None)
    assert waiting.error == ErrorInfo(code="unavailable", message="Tesseract died")
    given_up = give_up(adapters, ref, tries=5)
    assert given_up is not None
    assert given_up.status is Status.FAILED
    assert given_up.error == ErrorInfo(
        code="unavailable",
        message="scan.jpg: reading it failed 5 times; the last time: Tesseract died",
    )
    # It can still be read on request.
    read_again(adapters, given_up.id)
    read = process(adapters, reader, ref, settings)
    assert read is not None
    assert read.status is Status.NEEDS_REVIEW


def test_a_try_that_nothing_hinders_follows_at_once(adapters: Adapters, settings: Settings) -> None:
    ref = _ref(_received(adapters, settings))
    reader = Reader(SetupError("Tesseract is missing"), TransientError("it died"))
    for said in ("missing", "died"):
        with pytest.raises(TransientError, match=said):
            process(adapters, reader, ref, settings)
    read = process(adapters, reader, ref, settings)
    assert read is not None
    assert (read.status, read.error) == (Status.NEEDS_REVIEW, None)


def test_a_fault_leaves_alone_who_reads_it_by_then(adapters: Adapters, settings: Settings) -> None:
    invoice = _received(adapters, settings)

    def another_overtakes() -> None:
        adapters.store.update(invoice.id, _without_lease)
        process(adapters, Reader(), _ref(invoice), settings)

    too_slow = Reader(TransientError("too late"), meanwhile=another_overtakes)
    with pytest.raises(TransientError, match="too late"):
        process(adapters, too_slow, _ref(invoice), settings)
    assert adapters.store.get(invoice.id).status is Status.NEEDS_REVIEW


def _without_lease(invoice: Invoice) -> Invoice:
    return invoice.model_copy(update={"lease_until": None})


def test_giving_up_on_what_never_came_to_an_end(adapters: Adapters, settings: Settings) -> None:
    invoice = _received(adapters, settings)
    adapters.store.delete(invoice.id)
    given_up = give_up(adapters, _ref(invoice), tries=3)
    assert given_up is not None
    assert (given_up.id, given_up.source) == (invoice.id, UPLOAD)
    assert given_up.error is not None
    assert given_up.error.code == "reader_crashed"
    assert "3 times" in given_up.error.message


def test_who_dies_while_asking_for_it_has_it_read_again(
    adapters: Adapters, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice, reader = _received(adapters, settings), Reader()
    process(adapters, reader, _ref(invoice), settings)
    with monkeypatch.context() as patched:
        patched.setattr(adapters.store, "update", Mock(side_effect=TransientError("died")))
        with pytest.raises(TransientError):
            read_again(adapters, invoice.id)
    assert adapters.store.get(invoice.id).status is Status.NEEDS_REVIEW
    # The object has announced itself, once or twice.
    results = [process(adapters, reader, _ref(invoice), settings) for _ in range(2)]
    assert reader.calls == 2
    assert [r.status for r in results if r] == [Status.NEEDS_REVIEW] * 2


def test_a_reader_may_be_quicker_than_who_asks_for_it(
    adapters: Adapters, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice, reader = _received(adapters, settings), Reader()
    process(adapters, reader, _ref(invoice), settings)
    announce = adapters.objects.announce

    def announced_and_read(ref: ObjectRef, metadata: Mapping[str, str]) -> ObjectRef:
        again = announce(ref, metadata)
        process(adapters, reader, again, settings)
        return again

    monkeypatch.setattr(adapters.objects, "announce", announced_and_read)
    asked = read_again(adapters, invoice.id)
    assert (asked.status, reader.calls) == (Status.NEEDS_REVIEW, 2)


def test_what_is_asked_for_while_an_older_event_is_read_is_read_after_that(
    adapters: Adapters, settings: Settings
) -> None:
    invoice, later = _received(adapters, settings), Reader()

    def asked_for() -> None:
        adapters.objects.announce(_ref(invoice), {"again": "1"})
        with pytest.raises(BusyError):
            process(adapters, later, _ref(invoice), settings)

    process(adapters, Reader(meanwhile=asked_for), _ref(invoice), settings)
    for _ in range(2):
        process(adapters, later, _ref(invoice), settings)
    assert later.calls == 1


def test_what_is_read_again_is_held_against_what_a_person_said(
    adapters: Adapters, settings: Settings
) -> None:
    box = (0, 0, 9, 9)
    fields = [{"name": name, "kind": "amount", "box": box} for name in ("net", "tax", "total")]
    rules = ["total == net + tax"]
    template = parse_template(
        {"id": "form", "page_size": (100, 100), "fields": fields, "rules": rules}
    )
    template = adapters.store.put_template(StoredTemplate(template))
    come = Outcome(
        status=Status.DONE,
        template=TemplateRef(id="form", version=template.version),
        fields={
            name: Reading(text=text, value=text, kind=Kind.AMOUNT, confidence=1, box=box)
            for name, text in (("net", "100"), ("tax", "15"), ("total", "115"))
        },
    )
    reader = Mock(reader="reader-1", extract=Mock(return_value=come))
    made = _received(adapters, settings)
    process(adapters, reader, _ref(made), settings)
    value = {"total": Value("116")}
    adapters.store.update(made.id, lambda current: correct(current, value, by="Mona"))
    again = read_again(adapters, made.id)
    after = process(adapters, reader, _ref(again), settings)
    assert after is not None
    assert (after.status, after.fields["total"].value) == (Status.NEEDS_REVIEW, "116")
    assert [reason.code for reason in after.reasons] == ["rule_broken"]


def test_what_is_read_again_as_it_was_accepted_is_accepted(
    adapters: Adapters, settings: Settings
) -> None:
    crooked = Reason(code="not_aligned", message="it lies askew")
    come = Outcome(
        status=Status.NEEDS_REVIEW, template=TemplateRef(id="form", version=1), reasons=(crooked,)
    )
    reader = Mock(reader="reader-1", extract=Mock(return_value=come))
    made = _received(adapters, settings)
    read = process(adapters, reader, _ref(made), settings)
    assert read is not None
    assert read.reasons == (crooked,)
    today = date(2026, 1, 1)
    adapters.store.update(
        made.id, lambda current: review(current, {}, template=None, by="Mona", today=today)
    )
    for _ in range(2):
        again = process(adapters, reader, _ref(read_again(adapters, made.id)), settings)
        assert again is not None
        assert (again.status, again.reasons) == (Status.DONE, ())


def test_reading_again_leaves_what_was_read_of_a_file_that_is_gone(
    adapters: Adapters, settings: Settings
) -> None:
    ref = _ref(_received(adapters, settings))
    read = process(adapters, Reader(), ref, settings)
    assert read is not None
    adapters.objects.delete(ref)
    with pytest.raises(NotFoundError):
        read_again(adapters, read.id)
    assert adapters.store.get(read.id) == read


def test_giving_up_late_leaves_what_was_read(adapters: Adapters, settings: Settings) -> None:
    ref = _ref(_received(adapters, settings))
    process(adapters, Reader(), ref, settings)
    give_up(adapters, ref, tries=5)
    assert adapters.store.list(Query()).invoices[0].status is Status.NEEDS_REVIEW


def test_an_object_that_is_gone_is_no_fault(adapters: Adapters, settings: Settings) -> None:
    ref = _ref(_received(adapters, settings))
    adapters.objects.delete(ref)
    assert process(adapters, Reader(), ref, settings) is None


def test_a_requested_template_that_is_not_there_fails(
    adapters: Adapters, settings: Settings
) -> None:
    invoice = receive(adapters, BytesIO(b"page"), UPLOAD, settings, template="nobody")
    read = process(adapters, Reader(), _ref(invoice), settings)
    assert read is not None
    assert read.error is not None
    assert read.error == ErrorInfo(
        code="unknown_template",
        message="scan.jpg: is to be read with the template nobody, which does not exist",
    )


@pytest.mark.parametrize(("data", "code"), [(b"", "empty_file"), (b"x" * 1001, "file_too_large")])
def test_what_can_not_be_taken_in_is_refused(
    data: bytes, code: str, adapters: Adapters, settings: Settings
) -> None:
    with pytest.raises(FileError) as caught:
        _received(adapters, settings, data)
    assert caught.value.code == code
    assert caught.value.message.startswith("scan.jpg")
