"""What a person says of an invoice."""

from datetime import date
from typing import Any

import pytest

from core.errors import ConflictError
from core.invoice import (
    ErrorInfo,
    Invoice,
    Outcome,
    Reading,
    Reason,
    SourceRef,
    Status,
    TemplateRef,
    finish,
    now,
)
from core.review import correct, reject, review
from core.template import Kind, parse_template
from core.values import Value

FORM = parse_template(
    {
        "id": "form",
        "page_size": [100, 100],
        "fields": [
            {"name": name, "kind": "amount", "box": [0, 0, 9, 9]}
            for name in ("net", "tax", "total")
        ],
        "rules": ["total == net + tax"],
    }
)


def invoice(**more: Any) -> Invoice:
    source = SourceRef(kind="folder", file_id="a.png", name="a.png")
    return Invoice(id="0" * 32, source=source, received_at=now(), **more)


def read(**values: str) -> Invoice:
    """An invoice that needs review, in which these amounts were read."""
    fields = {
        name: Reading(text=value, value=value, kind=Kind.AMOUNT, confidence=0.5, box=(0, 0, 9, 9))
        for name, value in values.items()
    }
    doubt = Reason(code="low_confidence", message="look", fields=tuple(values))
    outcome = Outcome(
        status=Status.NEEDS_REVIEW,
        template=TemplateRef(id="form", version=1),
        fields=fields,
        reasons=(doubt,),
    )
    return finish(invoice(), outcome, reader="r1")


def test_a_correction_makes_it_done_and_keeps_the_reader_s_value() -> None:
    corrected = correct(read(tax="1"), {"tax": Value("5")}, by="Mona")
    assert (corrected.status, corrected.reasons) == (Status.DONE, ())
    tax = corrected.fields["tax"]
    assert (tax.value, tax.original, tax.reviewed_by, tax.text) == ("5", "1", "Mona", "1")
    twice = correct(corrected, {"tax": Value("6")}, by="Omar").fields["tax"]
    assert (twice.value, twice.original, twice.reviewed_by) == ("6", "1", "Omar")


def test_each_correction_is_kept_with_who_and_when() -> None:
    once = correct(read(tax="1"), {"tax": Value("5")}, by="Mona")
    twice = correct(once, {"tax": Value(None)}, by="Omar")
    assert [(c.field, c.before, c.after, c.by) for c in twice.corrections] == [
        ("tax", "1", "5", "Mona"),
        ("tax", "5", None, "Omar"),
    ]
    first, second = twice.corrections
    assert first.at <= second.at <= now()
    # Also when it is read again, whatever that comes to.
    again = finish(twice, Outcome(status=Status.DONE), reader="r2")
    assert again.corrections == twice.corrections


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.READING, Status.FAILED])
def test_what_is_not_read_cannot_be_corrected(status: Status) -> None:
    unread = read(tax="1").model_copy(update={"status": status})
    with pytest.raises(ConflictError, match=status.value):
        correct(unread, {"tax": Value("5")}, by="Mona")


def test_what_is_no_field_cannot_be_corrected() -> None:
    with pytest.raises(ConflictError, match="'vat'"):
        correct(read(tax="1"), {"vat": Value("5")}, by="Mona")


def test_a_rejected_invoice_has_failed_and_says_who_and_why() -> None:
    rejected = reject(read(tax="5"), "is a duplicate", by="Mona")
    assert rejected.status is Status.FAILED
    assert rejected.error == ErrorInfo(
        code="rejected", message="a.png: rejected by Mona: is a duplicate"
    )
    assert rejected.fields["tax"].value == "5"
    with pytest.raises(ConflictError, match="failed"):
        reject(rejected, "twice", by="Mona")


def said(invoice: Invoice, *, insist: bool = False, **values: str | None) -> Invoice:
    given = {name: Value(value) for name, value in values.items()}
    today = date(2026, 1, 1)
    return review(invoice, given, template=FORM, by="Mona", today=today, insist=insist)


def test_what_breaks_a_rule_is_done_only_for_who_insists() -> None:
    for slipped in (
        said(read(net="100", tax="5", total="106"), total="107"),
        said(read(net="100", tax="5", total="106")),  # it was so before they came
    ):
        assert slipped.status is Status.NEEDS_REVIEW
        assert [reason.code for reason in slipped.reasons] == ["rule_broken"]
        assert said(slipped, total="107").status is Status.NEEDS_REVIEW
        assert said(slipped, total="105").status is Status.DONE
        insisted = said(slipped, insist=True)
        assert (insisted.status, insisted.reasons) == (Status.DONE, ())


def test_what_lacks_a_required_value_is_done_only_for_who_insists() -> None:
    full = read(net="100", tax="5", total="105")
    for lacking in (said(full, tax=None), said(read(net="100", total="105"), net="100")):
        assert lacking.status is Status.NEEDS_REVIEW
        assert [(each.code, each.fields) for each in lacking.reasons] == [("missing", ("tax",))]
        assert said(lacking, insist=True).status is Status.DONE
    assert said(said(full, tax=None), tax="5").status is Status.DONE
