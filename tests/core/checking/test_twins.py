"""An invoice that was scanned twice, where duplicates are held back, on the real local store."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import pytest

from core.adapters import connect
from core.checking.twins import SEEN_BEFORE, seen_before
from core.identity import Part
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
    now,
)
from core.pipeline import process, read_again
from core.ports import Adapters
from core.review import reject, review
from core.settings import Settings
from core.template import Kind
from core.values.value import Value

KINDS = {"invoice_number": Kind.NUMBER, "date": Kind.DATE, "total": Kind.AMOUNT}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, duplicates="review")


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    return connect(settings)


def holds(**given: str) -> Outcome:
    """What reading comes to: an invoice of the form `acme`, surely read."""
    values = {"invoice_number": "0042", "date": "2026-03-14", "total": "115.00"} | given
    return Outcome(
        status=Status.DONE,
        template=TemplateRef(id=values.pop("template", "acme"), version=1),
        fields={
            name: Reading(text=value, value=value, kind=KINDS[name], confidence=1, box=(0, 0, 9, 9))
            for name, value in values.items()
        },
    )


class Office:
    """Takes in scans, and reads what they are said to hold."""

    def __init__(self, adapters: Adapters, settings: Settings) -> None:
        self._adapters, self._settings = adapters, settings
        self.store = adapters.store

    def comes_in(self, name: str, outcome: Outcome, source: SourceRef | None = None) -> Invoice:
        source = source or SourceRef(kind="upload", file_id=name, name=name)
        made = receive(self._adapters, BytesIO(name.encode()), source, self._settings)
        assert made.object is not None
        return self._read(made.object, outcome)

    def again(self, invoice: Invoice, outcome: Outcome) -> Invoice:
        asked = read_again(self._adapters, invoice.id)
        assert asked.object is not None
        return self._read(asked.object, outcome)

    def _read(self, ref: ObjectRef, outcome: Outcome) -> Invoice:
        reader = Mock(reader="reader-1", extract=Mock(return_value=outcome))
        read = process(self._adapters, reader, ref, self._settings)
        assert read is not None
        return read


@pytest.fixture
def office(adapters: Adapters, settings: Settings) -> Office:
    return Office(adapters, settings)


def codes(invoice: Invoice) -> list[str]:
    return [reason.code for reason in invoice.reasons]


def test_what_is_there_already_is_held_back_and_says_which(office: Office) -> None:
    first = office.comes_in("first.pdf", holds())
    again = office.comes_in("again.pdf", holds())
    assert (first.status, again.status) == (Status.DONE, Status.NEEDS_REVIEW)
    assert codes(again) == [SEEN_BEFORE]
    assert "first.pdf" in again.reasons[0].message
    assert str(first.received_at.date()) in again.reasons[0].message


@pytest.mark.parametrize(
    "other",
    [
        holds(invoice_number="0043"),
        holds(template="bahr"),
        holds(date="2026-03-15", total="9.00"),
    ],
)
def test_what_differs_is_no_duplicate(office: Office, other: Outcome) -> None:
    office.comes_in("first.pdf", holds())
    assert office.comes_in("other.pdf", other).status is Status.DONE


@pytest.mark.parametrize("misread", [{"date": "2026-03-11"}, {"total": "175.00"}])
def test_one_of_date_and_total_may_be_misread(office: Office, misread: dict[str, str]) -> None:
    office.comes_in("first.pdf", holds())
    assert codes(office.comes_in("again.pdf", holds(**misread))) == [SEEN_BEFORE]


def test_read_again_the_first_stays_and_the_second_waits(office: Office) -> None:
    first, again = (office.comes_in(name, holds()) for name in ("first.pdf", "again.pdf"))
    assert office.again(first, holds()).status is Status.DONE
    assert codes(office.again(again, holds())) == [SEEN_BEFORE]


def test_who_was_read_last_alone_waits_however_often_both_are_read(office: Office) -> None:
    fault = ErrorInfo(code="no_template", message="early.pdf: fits no template")
    early = office.comes_in("early.pdf", Outcome(status=Status.FAILED, error=fault))
    late = office.comes_in("late.pdf", holds())
    assert codes(office.again(early, holds())) == [SEEN_BEFORE]
    assert office.again(late, holds()).status is Status.DONE
    assert codes(office.again(early, holds())) == [SEEN_BEFORE]


def test_of_two_that_are_read_in_the_same_moment_one_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2, timeout=60)

    def beside_each_other(*given: Any, **named: Any) -> Reason | None:
        found = seen_before(*given, **named)
        both.wait()
        return found

    monkeypatch.setattr("core.pipeline.seen_before", beside_each_other)
    with ThreadPoolExecutor(2) as readers:
        come = [readers.submit(office.comes_in, name, holds()) for name in ("a.pdf", "b.pdf")]
    kept = [office.store.get(each.result().id) for each in come]
    assert [SEEN_BEFORE] in [codes(each) for each in kept if each.status is Status.NEEDS_REVIEW]


def test_the_oldest_is_named_with_its_page(office: Office) -> None:
    first = office.comes_in("first.pdf", holds())
    part = Part.of(first.id, 1, 2)
    office.store.update(first.id, lambda current: current.model_copy(update={"part": part}))
    office.comes_in("again.pdf", holds())
    third = office.comes_in("third.pdf", holds())
    assert "“first.pdf”, page 1, which came in on" in third.reasons[0].message


def test_no_revision_of_a_file_of_drive_is_accused_linked_or_not(office: Office) -> None:
    file = SourceRef(kind="drive", file_id="1aB", name="scan.pdf")
    for revision in ("one", "two", "three"):
        assert office.comes_in(revision, holds(), file).status is Status.DONE
    copy = SourceRef(kind="drive", file_id="2cD", name="scan.pdf")
    assert codes(office.comes_in("a copy", holds(), copy)) == [SEEN_BEFORE]


@pytest.mark.parametrize("other_file", [False, True])
def test_two_pages_of_one_file_are_twins_and_of_its_revisions_are_not(
    office: Office, *, other_file: bool
) -> None:
    file = SourceRef(kind="drive", file_id="1aB", name="scan.pdf")
    first = office.comes_in("one", holds(), file)
    office.store.update(
        first.id, lambda current: current.model_copy(update={"part": Part.of(first.id, 1, 2)})
    )
    part = Part.of("f" * 32 if other_file else first.id, 2, 2)
    page = first.model_copy(update={"id": part.id, "part": part})
    found = seen_before(office.store, page, before=page.model_copy(update={"fields": {}}))
    assert (found is None) is other_file


def test_a_file_that_is_overwritten_in_a_folder_is_looked_at(office: Office) -> None:
    """Its name is no sign that it is the same sheet, and both count until somebody says no."""
    place = SourceRef(kind="folder", file_id="scan.pdf", name="scan.pdf")
    office.comes_in("one", holds(), place)
    assert codes(office.comes_in("two", holds(), place)) == [SEEN_BEFORE]


def test_who_accepts_it_is_not_asked_again(office: Office) -> None:
    first, again = (office.comes_in(name, holds()) for name in ("first.pdf", "again.pdf"))
    office.store.update(
        again.id,
        lambda current: review(current, {}, template=None, by="Mona", today=now().date()),
    )
    assert office.again(again, holds()).status is Status.DONE
    assert office.again(first, holds()).status is Status.DONE
    office.store.delete(first.id)
    assert codes(office.comes_in("third.pdf", holds())) == [SEEN_BEFORE]


def test_what_a_person_rejected_is_nobodys_double(office: Office) -> None:
    first = office.comes_in("first.pdf", holds())
    office.store.update(first.id, lambda current: reject(current, "is blurred", by="Mona"))
    assert office.comes_in("better.pdf", holds()).status is Status.DONE


def test_a_number_that_a_person_corrected_counts(office: Office) -> None:
    first = office.comes_in("first.pdf", holds(invoice_number="0047"))
    values = {"invoice_number": Value("0042")}
    office.store.update(
        first.id,
        lambda current: review(current, values, template=None, by="Mona", today=now().date()),
    )
    assert codes(office.comes_in("again.pdf", holds())) == [SEEN_BEFORE]


def test_where_duplicates_are_kept_nobody_is_asked(adapters: Adapters, tmp_path: Path) -> None:
    office = Office(adapters, Settings(data=tmp_path))
    office.comes_in("first.pdf", holds())
    assert office.comes_in("again.pdf", holds()).status is Status.DONE


def test_of_two_that_were_kept_before_one_waits_once_both_are_read_again(
    adapters: Adapters, settings: Settings
) -> None:
    before = Office(adapters, settings.model_copy(update={"duplicates": "keep"}))
    kept = [before.comes_in(name, holds()) for name in ("first.pdf", "again.pdf")]
    office = Office(adapters, settings)
    again = [office.again(each, holds()).status for each in kept]
    assert again == [Status.NEEDS_REVIEW, Status.DONE]
