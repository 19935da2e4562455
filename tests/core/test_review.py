"""What a person says of an invoice."""

from datetime import date, timedelta
from typing import Any

import pytest

from core.errors import ConflictError
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
from core.review import beside_people, correct, reject, review
from core.template import Kind, parse_template
from core.values.value import Value

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


def with_file(invoice: Invoice) -> Invoice:
    return invoice.model_copy(
        update={"object": ObjectRef(bucket="b", name="invoices/a", generation=1)}
    )


def test_a_rejected_invoice_has_failed_and_says_who_and_why() -> None:
    rejected = reject(read(tax="5"), "is a duplicate", by="Mona")
    assert rejected.status is Status.FAILED
    assert rejected.error == ErrorInfo(
        code="rejected", message="a.png: rejected by Mona: is a duplicate"
    )
    assert rejected.fields["tax"].value == "5"
    with pytest.raises(ConflictError, match="failed"):
        reject(rejected, "twice", by="Mona")
    again = finish(requeue(with_file(rejected)), Outcome(status=Status.DONE), reader="r2")
    assert again.error is None
    (decision,) = again.decisions
    assert (decision.status, decision.by, decision.why) == (Status.FAILED, "Mona", "is a duplicate")
    assert [reason.code for reason in decision.reasons] == ["low_confidence"]
    assert not again.accepted


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
        assert [reason.code for reason in slipped.reasons] == ["low_confidence", "rule_broken"]
        assert said(slipped, total="107").status is Status.NEEDS_REVIEW
        assert said(slipped, total="105").status is Status.DONE
        insisted = said(slipped, insist=True)
        assert (insisted.status, insisted.reasons) == (Status.DONE, ())


def decided(invoice: Invoice) -> list[tuple[str, str, list[str]]]:
    return [(d.status.value, d.by, [r.code for r in d.reasons]) for d in invoice.decisions]


def test_who_accepts_is_kept() -> None:
    confirmed = said(read(net="100", tax="5", total="105"), net="100", tax="5", total="105")
    assert decided(confirmed) == [("done", "Mona", [])]
    assert confirmed.corrections[-1].at <= confirmed.decisions[-1].at <= now()
    # Also where there was no value to confirm, which no release will read again then.
    nothing = review(read(), {}, template=None, by="Mona", today=date(2026, 1, 1))
    assert nothing.accepted
    assert begin_reading(nothing, reader="r2", lease=timedelta(minutes=1)) is None


def test_what_is_said_once_more_changes_nothing() -> None:
    accepted = said(read(net="100", tax="5", total="105"), total="105")
    assert said(said(accepted, total="105")) == accepted
    # The page sends what it shows, whatever had been typed.
    today = date(2026, 1, 1)
    typed, shown = ({"total": Value("105", typed=text)} for text in ("١٠٥", "105"))
    typed_so = review(accepted, typed, template=FORM, by="Mona", today=today)
    assert typed_so.corrections[-1].typed == "١٠٥"
    assert review(typed_so, shown, template=FORM, by="Mona", today=today) == typed_so
    insisted = said(read(net="100", tax="5", total="106"), total="107", insist=True)
    assert said(insisted, total="107", insist=True) == insisted


def test_what_is_said_anew_is_kept() -> None:
    accepted = said(read(net="100", tax="5", total="105"), total="105")
    for also in ("net", "total"):
        more = said(accepted, **{also: accepted.fields[also].value, "tax": "5"})
        assert len(more.corrections) == len(accepted.corrections) + 2
    today = date(2026, 1, 1)
    other = review(accepted, {}, template=FORM, by="Omar", today=today)
    assert [decision.by for decision in other.decisions] == ["Mona", "Omar"]
    assert [decision.by for decision in said(other).decisions] == ["Mona", "Omar", "Mona"]
    # What has been read since is another reading, though the value that they gave stays.
    outcome = Outcome(status=Status.DONE, fields=accepted.fields)
    read_again = finish(requeue(with_file(accepted)), outcome, reader="r2")
    assert len(said(read_again, total="105").decisions) == 2


def test_who_accepts_nevertheless_is_kept_with_what_they_passed_over() -> None:
    slipped = said(read(net="100", tax="5", total="106"), net="100", tax="5", total="107")
    assert slipped.decisions == ()  # it isn't done
    insisted = said(slipped, insist=True)
    assert decided(insisted) == [("done", "Mona", ["rule_broken"])]
    (decision,) = insisted.decisions
    assert decision.reasons == slipped.reasons
    assert insisted.corrections[-1].at <= decision.at <= now()
    # Also when it is read again; and nothing that comes late undoes it.
    again = finish(insisted, Outcome(status=Status.DONE), reader="r2")
    assert again.decisions == insisted.decisions
    lease = timedelta(minutes=1)
    assert begin_reading(insisted, reader="r2", lease=lease) is None
    alone = said(read(net="100", tax="5", total="106"), insist=True)
    assert begin_reading(alone, reader="r2", lease=lease) is None


def read_anew(invoice: Invoice, *reasons: Reason, template: str = "form", **values: str) -> Invoice:
    """As `khana replay` has it: these amounts are read, and these reasons are found."""
    anew = read(**values)
    outcome = Outcome(
        status=Status.NEEDS_REVIEW if reasons else Status.DONE,
        template=TemplateRef(id=template, version=2),
        fields=anew.fields,
        reasons=reasons,
    )
    outcome = beside_people(invoice, outcome, FORM, today=date(2026, 1, 1))
    return finish(requeue(with_file(invoice)), outcome, reader="r2")


def test_what_was_passed_over_is_so_when_it_is_read_again_and_says_the_same() -> None:
    wrong = {"net": "100", "tax": "5", "total": "106"}
    # By who looked at one value of those that the rule speaks of, and by who looked at none.
    for given in ({}, {"total": "106"}):
        insisted = said(read(**wrong), insist=True, **given)
        rules = [each for each in insisted.decisions[-1].reasons if each.code == "rule_broken"]
        assert rules
        (broken,) = rules
        unsure = Reason(code="low_confidence", message="net: look", fields=("net",))
        odd = broken.model_copy(update={"rule": "total > 2 * net"})
        once = read_anew(insisted, broken, **wrong)
        twice = read_anew(once, broken.model_copy(update={"message": "again"}), **wrong)
        assert [(each.status, each.reasons) for each in (once, twice)] == [(Status.DONE, ())] * 2
        for again, left in (
            (read_anew(insisted, broken, **{**wrong, "net": "102"}), ["rule_broken"]),
            (read_anew(insisted, broken, template="other", **wrong), ["rule_broken"]),
            (read_anew(insisted, unsure, **wrong), ["low_confidence"]),
            # Where a person gave a value the template's own rules are held against it instead.
            (read_anew(insisted, odd, **wrong), [] if given else ["rule_broken"]),
        ):
            assert [each.code for each in again.reasons] == left
            assert again.status is (Status.NEEDS_REVIEW if left else Status.DONE)
    # What is found wrong after they have accepted it stays so.
    slipped = said(said(read(**wrong), insist=True), tax="7")
    assert slipped.status is Status.NEEDS_REVIEW
    assert read_anew(slipped, *slipped.reasons, **wrong).status is Status.NEEDS_REVIEW


def test_a_value_that_is_not_there_is_passed_over_when_it_is_read_again() -> None:
    lacking = said(read(net="100", total="105"), net="100", total="105")
    insisted = said(lacking, insist=True)
    (missing,) = insisted.decisions[-1].reasons
    assert missing.code == "missing"
    again = read_anew(insisted, missing, net="100", total="105")
    assert (again.status, again.reasons) == (Status.DONE, ())
    crooked = Reason(code="not_aligned", message="page 1 does not fit (score 0.20)")
    other = read_anew(insisted, missing, crooked, net="100", total="105")
    assert other.reasons == (crooked,)
    accepted = said(other)
    assert accepted.status is Status.NEEDS_REVIEW  # the value is missing still


def test_a_reason_that_no_value_answers_is_passed_over_too() -> None:
    odd = Reason(code="not_aligned", message="page 1 does not fit")
    doubt = Reason(code="low_confidence", message="tax: look", fields=("tax",))
    seen = read(net="100", tax="5", total="105").model_copy(update={"reasons": (odd, doubt)})
    assert decided(said(seen, tax="5")) == [("done", "Mona", ["not_aligned"])]
    assert decided(said(seen)) == [("done", "Mona", ["not_aligned", "low_confidence"])]
    sure = seen.model_copy(update={"reasons": (doubt,)})
    assert decided(said(sure, tax="5")) == [("done", "Mona", [])]  # its corrections say the rest
    # Nor is it forgotten where something else holds the invoice up first.
    slipped = said(seen, tax="6")
    assert [each.code for each in slipped.reasons] == ["not_aligned", "rule_broken"]
    assert decided(said(slipped, tax="5")) == [("done", "Mona", ["not_aligned"])]
    both = ["not_aligned", "rule_broken"]
    assert decided(said(slipped, insist=True)) == [("done", "Mona", both)]
    # Where the template is gone, nobody can tell what is wrong with the values now.
    broken = said(read(net="100", tax="5", total="106"))
    kept = review(broken, {}, template=None, by="Mona", today=date(2026, 1, 1))
    assert decided(kept) == [("done", "Mona", ["low_confidence", "rule_broken"])]


def test_what_lacks_a_required_value_is_done_only_for_who_insists() -> None:
    full = read(net="100", tax="5", total="105")
    for lacking in (
        said(full, net="100", tax=None, total="105"),
        said(read(net="100", total="105"), net="100", total="105"),
    ):
        assert lacking.status is Status.NEEDS_REVIEW
        assert [(each.code, each.fields) for each in lacking.reasons] == [("missing", ("tax",))]
        assert said(lacking, insist=True).status is Status.DONE
    assert said(said(full, tax=None), tax="5").status is Status.DONE


@pytest.mark.parametrize(
    ("total", "codes"),
    [
        pytest.param("116", ["rule_broken"], id="what was read anew doesn't fit"),
        pytest.param("115", [], id="it does"),
        pytest.param(None, [], id="nothing was corrected"),
    ],
)
def test_what_is_read_again_is_held_against_what_a_person_said(
    total: str | None, codes: list[str]
) -> None:
    before = read(net="100", tax="15", total="151")
    if total is not None:
        before = correct(before, {"total": Value(total)}, by="Mona")
    misread = "151" if total == "115" else "115"
    again = read(net="100", tax="15", total=misread)
    outcome = Outcome(status=Status.DONE, template=again.template, fields=again.fields)
    if misread == "151":
        wrong = Reason(code="rule_broken", message="", fields=("net", "tax", "total"), rule="")
        outcome = outcome.model_copy(update={"status": Status.NEEDS_REVIEW, "reasons": (wrong,)})
    outcome = beside_people(before, outcome, FORM, today=date.today())
    after = finish(before, outcome, reader="r2")
    assert [reason.code for reason in after.reasons] == codes
    assert after.status == (Status.NEEDS_REVIEW if codes else Status.DONE)
    assert after.fields["total"].value == (total or misread)


def test_without_its_template_what_is_read_again_is_held_against_nothing() -> None:
    before = correct(read(net="100", tax="15", total="115"), {"total": Value("116")}, by="Mona")
    outcome = Outcome(status=Status.DONE, fields=before.fields)
    assert beside_people(before, outcome, None, today=date.today()) is outcome
