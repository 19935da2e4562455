"""How an invoice moves on, and what stays with it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import BusyError
from core.identity import invoice_id, sha256_hex
from core.intake.origin import add_source
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
    begin_reading,
    finish,
    now,
    requeue,
)
from core.review import correct, reject
from core.template import Kind
from core.values.value import Value

LEASE = timedelta(seconds=60)
OBJECT = ObjectRef(bucket="b", name="invoices/a", generation=1)
SOURCE = SourceRef(kind="folder", file_id="a.png", name="a.png")


def invoice(**more: Any) -> Invoice:
    given: dict[str, Any] = {"id": "0" * 32, "source": SOURCE, "received_at": now()}
    return Invoice(**(given | more))


def reading(value: str | None, kind: Kind = Kind.AMOUNT, **more: Any) -> Reading:
    given: dict[str, Any] = {"text": value or "", "confidence": 0.5, "box": (0, 0, 9, 9)}
    return Reading(value=value, kind=kind, **(given | more))


def outcome(*reasons: Reason, **fields: Reading) -> Outcome:
    return Outcome(
        status=Status.NEEDS_REVIEW if reasons else Status.DONE,
        template=TemplateRef(id="acme", version=1),
        fields=fields,
        reasons=reasons,
        timings_ms={"read": 1.0},
    )


def low(*fields: str) -> Reason:
    return Reason(code="low_confidence", message="look", fields=fields)


def test_the_same_bytes_are_the_same_invoice() -> None:
    assert invoice_id(sha256_hex(b"a")) == invoice_id(sha256_hex(b"a"))
    assert invoice_id(sha256_hex(b"a")) != invoice_id(sha256_hex(b"b"))
    assert len(invoice_id(sha256_hex(b"a"))) == 32


def test_a_lease_of_a_clock_that_was_ahead_holds_nobody_up() -> None:
    ahead = invoice(status=Status.READING, lease_until=now() + timedelta(hours=1))
    begun = begin_reading(ahead, reader="r1", lease=LEASE)
    assert begun is not None
    assert begun.lease_until is not None
    assert begun.lease_until <= now() + LEASE


def test_reading_begins_with_a_lease() -> None:
    begun = begin_reading(invoice(), reader="r1", lease=LEASE)
    assert begun is not None
    assert begun.status is Status.READING
    assert begun.lease_until is not None
    assert timedelta(seconds=50) < begun.lease_until - now() <= LEASE


def test_one_reader_at_a_time() -> None:
    begun = begin_reading(invoice(), reader="r1", lease=LEASE)
    assert begun is not None
    with pytest.raises(BusyError, match=r"a\.png"):
        begin_reading(begun, reader="r1", lease=LEASE)


def test_who_died_reading_is_replaced() -> None:
    left = invoice(status=Status.READING, lease_until=datetime(2026, 1, 1, tzinfo=UTC))
    begun = begin_reading(left, reader="r1", lease=LEASE)
    assert begun is not None
    assert begun.lease_until is not None
    assert begun.lease_until > now()


@pytest.mark.parametrize("status", [Status.DONE, Status.NEEDS_REVIEW, Status.FAILED])
def test_a_late_event_changes_nothing_but_a_new_reader_reads_again(status: Status) -> None:
    finished = invoice(status=status, reader="r1")
    assert status.final
    assert begin_reading(finished, reader="r1", lease=LEASE) is None
    assert begin_reading(finished, reader="r2", lease=LEASE) is not None


def test_a_late_event_reads_again_with_a_newer_version_of_the_template() -> None:
    read = finish(invoice(), outcome(tax=reading("5")), reader="r1")
    assert read.template == TemplateRef(id="acme", version=1)

    def begun(newest: TemplateRef | None) -> Invoice | None:
        return begin_reading(read, reader="r1", lease=LEASE, newest=newest)

    assert begun(TemplateRef(id="acme", version=2)) is not None
    for none_newer in (TemplateRef(id="acme", version=1), TemplateRef(id="b", version=2), None):
        assert begun(none_newer) is None


def test_a_late_event_leaves_what_a_person_said() -> None:
    read = finish(invoice(), outcome(low("tax"), tax=reading("1")), reader="r1")
    newer = TemplateRef(id="acme", version=2)
    for said in (correct(read, {"tax": Value("5")}, by="Mona"), reject(read, "a copy", by="Mona")):
        for reader in ("r1", "r2"):
            assert begin_reading(said, reader=reader, lease=LEASE, newest=newer) is None
        asked = requeue(said.model_copy(update={"object": OBJECT}))
        assert begin_reading(asked, reader="r1", lease=LEASE) is not None


def test_who_asks_for_it_has_it_read_again() -> None:
    failed = invoice(
        status=Status.FAILED,
        reader="r1",
        error=ErrorInfo(code="internal", message="x"),
        requested_template="acme",
        object=OBJECT,
    )
    again = requeue(failed)
    assert (again.status, again.error) == (Status.RECEIVED, None)
    assert again.requested_template == "acme"
    assert requeue(failed, template="other").requested_template == "other"
    assert begin_reading(again, reader="r1", lease=LEASE) is not None


def test_finish_keeps_what_reading_came_to() -> None:
    begun = begin_reading(invoice(), reader="r1", lease=LEASE)
    assert begun is not None
    done = finish(begun, outcome(low("tax"), tax=reading("5")), reader="r1")
    assert (done.status, done.reader, done.lease_until) == (Status.NEEDS_REVIEW, "r1", None)
    assert done.template == TemplateRef(id="acme", version=1)
    assert done.fields["tax"].value == "5"
    assert done.reasons == (low("tax"),)
    assert done.timings_ms == {"read": 1.0}
    assert done.read_at is not None
    assert done.received_at == begun.received_at
    assert Invoice.model_validate_json(done.model_dump_json()) == done


def reviewed(**values: str) -> Invoice:
    """An invoice whose fields a person has corrected to `values`."""
    read = finish(
        invoice(),
        outcome(low(*values), **{name: reading("1") for name in values}),
        reader="r1",
    )
    return correct(read, {name: Value(value) for name, value in values.items()}, by="Mona")


@pytest.mark.parametrize(
    ("reasons", "status", "left"),
    [
        # Said against what a person has typed: settled.
        ([low("tax")], Status.DONE, []),
        ([low("tax", "net")], Status.DONE, []),
        # Said against something else too: not settled.
        ([low("tax", "total")], Status.NEEDS_REVIEW, [low("tax", "total")]),
        ([low("tax"), low("total")], Status.NEEDS_REVIEW, [low("total")]),
        ([Reason(code="not_aligned", message="x")], Status.NEEDS_REVIEW, None),
        ([], Status.DONE, []),
    ],
)
def test_reading_again_keeps_corrections(
    reasons: list[Reason], status: Status, left: list[Reason] | None
) -> None:
    new = outcome(*reasons, tax=reading("2"), net=reading("2"), total=reading("2"))
    again = finish(reviewed(tax="5", net="7"), new, reader="r2")
    assert {name: field.value for name, field in again.fields.items()} == {
        "tax": "5",
        "net": "7",
        "total": "2",
    }
    assert again.status is status
    assert again.reasons == tuple(reasons if left is None else left)


def test_reading_again_keeps_what_a_person_left_wrong() -> None:
    broken = Reason(code="rule_broken", message="x", fields=("tax", "net"))
    left = reviewed(tax="5", net="7").model_copy(
        update={"status": Status.NEEDS_REVIEW, "reasons": (broken,), "object": OBJECT}
    )
    clean = outcome(tax=reading("2"), net=reading("2"))
    again = finish(requeue(left), clean, reader="r2")
    assert (again.status, again.reasons) == (Status.NEEDS_REVIEW, (broken,))
    insisted = left.model_copy(update={"status": Status.DONE, "reasons": ()})
    assert finish(requeue(insisted), clean, reader="r2").status is Status.DONE


def test_failing_to_read_again_keeps_corrections_too() -> None:
    failed = Outcome(status=Status.FAILED, error=ErrorInfo(code="corrupt_file", message="x"))
    again = finish(reviewed(tax="5"), failed, reader="r2")
    assert again.status is Status.FAILED
    assert again.fields["tax"].value == "5"


def test_later_sources_are_noted_once() -> None:
    other = SourceRef(kind="upload", file_id="a.png", name="a.png")
    once = add_source(invoice(), other)
    assert once.duplicates == (other,)
    assert add_source(once, other) is once
    assert add_source(once, SOURCE) is once


@pytest.mark.parametrize(
    ("fields", "number", "day", "total"),
    [
        ({}, None, None, None),
        (
            {
                "po": reading("9", Kind.NUMBER),
                "invoice_number": reading("318", Kind.NUMBER),
                "due": reading("2026-02-02", Kind.DATE),
                "date": reading("2026-01-01", Kind.DATE),
                "tax": reading("5"),
                "total": reading("105.00"),
            },
            "318",
            "2026-01-01",
            Decimal("105.00"),
        ),
        # By other names: the first of its kind.
        (
            {
                "ref": reading("9", Kind.NUMBER),
                "day": reading("2026-02-02", Kind.DATE),
                "sum": reading("5"),
                "more": reading("7"),
            },
            "9",
            "2026-02-02",
            Decimal(5),
        ),
        # A number may hold letters; a total that is a text is none.
        (
            {"number": reading("INV-9", Kind.TEXT), "total": reading("five", Kind.TEXT)},
            "INV-9",
            None,
            None,
        ),
        ({"total": reading(None)}, None, None, None),
    ],
)
def test_key_fields(
    fields: dict[str, Reading], number: str | None, day: str | None, total: Decimal | None
) -> None:
    found = invoice(fields=fields)
    assert (found.number, found.date, found.total) == (number, day, total)
