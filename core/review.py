"""What a person says of an invoice, and whether its template agrees."""

from collections.abc import Mapping, Sequence
from datetime import date

from core.checking.checks import OPEN_FAULTS, broken_rules, open_faults
from core.errors import ConflictError
from core.invoice import (
    REJECTED,
    Correction,
    Decision,
    ErrorInfo,
    Invoice,
    Outcome,
    Reading,
    Reason,
    Status,
    now,
)
from core.template import Template
from core.values.value import Value


def review(
    invoice: Invoice,
    values: Mapping[str, Value],
    *,
    template: Template | None,
    by: str,
    today: date,
    insist: bool = False,
    doubt: Reason | None = None,
) -> Invoice:
    """The invoice with the values that a person, `by`, has given its fields.

    It is done, unless a value that `template` requires is missing or a rule of it is broken (None:
    it asks for nothing), or there is another `doubt` about what they say: then somebody has
    overlooked it, and it needs review for that. Where they
    `insist` it is done all the same: invoices may be wrong themselves. That it is done is one more
    of `decisions`, which keeps what they so pass over and each reason for a review that no value of
    theirs answers. Until then these stay its reasons. Said once more, nothing changes.

    Raises:
        ConflictError: as `correct`.
    """
    corrected = correct(invoice, values, by=by)
    faults = open_faults(template, corrected.fields, today=today) if template else ()
    faults = (*faults, doubt) if doubt else faults
    reviewed = {name for name, r in corrected.fields.items() if r.reviewed_by is not None}

    def is_open(reason: Reason) -> bool:
        if doubt is not None and reason.code == doubt.code:
            return False
        at_fault = reason.code in OPEN_FAULTS
        if at_fault and template:
            return False  # what is wrong with the values themselves has been looked for anew
        answered = values.keys() if at_fault else reviewed
        return not reason.fields or not answered >= set(reason.fields)

    reasons = (*filter(is_open, invoice.reasons), *faults)
    if faults and not insist:
        return corrected.model_copy(update={"status": Status.NEEDS_REVIEW, "reasons": reasons})
    if _said_before(invoice, values, faults, by=by):
        return invoice
    decision = Decision(status=Status.DONE, by=by, at=now(), reasons=reasons)
    return corrected.model_copy(update={"decisions": (*corrected.decisions, decision)})


def _said_before(
    invoice: Invoice, values: Mapping[str, Value], faults: Sequence[Reason], *, by: str
) -> bool:
    """Whether `by` has accepted the invoice as it is now, with these faults, giving these values,
    and nobody has said anything since. A value given as it is kept tells nothing of its print."""
    if invoice.status is not Status.DONE or not invoice.decisions:
        return False
    last = invoice.decisions[-1]
    given = {each.field: each for each in invoice.corrections}
    return (
        (last.status, last.by) == (Status.DONE, by)
        and (invoice.read_at is None or invoice.read_at <= last.at)
        and all(fault in last.reasons for fault in faults)
        and all(
            (before := given.get(name)) is not None
            and (before.after, before.by) == (value.value, by)
            and value.typed in (before.typed, value.value)
            for name, value in values.items()
        )
    )


def correct(invoice: Invoice, values: Mapping[str, Value], *, by: str) -> Invoice:
    """The invoice with what a person, `by`, says that fields hold; who has looked makes it done.

    `original` is the reader's value, however often it is corrected; what is printed (`text`) and
    how sure the reader was stay. Each value given is one more entry of `corrections`.

    Raises:
        ConflictError: it is not read yet or could not be, or has no such field.
    """
    _must_be_read(invoice)
    at = now()
    fields = dict(invoice.fields)
    corrections = list(invoice.corrections)
    for name, value in values.items():
        if name not in fields:
            raise ConflictError(f"{invoice.source.name}: has no field {name!r} any more")
        reading = fields[name]
        # Confirmed, a day keeps what it is in its own calendar: the page sends the other.
        same_day = reading.hijri if value.value == reading.value else None
        corrections.append(
            Correction(
                field=name,
                before=reading.value,
                after=value.value,
                by=by,
                at=at,
                typed=value.typed,
            )
        )
        fields[name] = reading.model_copy(
            update={
                "value": value.value,
                "hijri": value.hijri or same_day,
                "original": reading.value if reading.reviewed_by is None else reading.original,
                "reviewed_by": by,
            }
        )
    return invoice.model_copy(
        update={
            "status": Status.DONE,
            "fields": fields,
            "corrections": tuple(corrections),
            "reasons": (),
        }
    )


def beside_people(
    invoice: Invoice, outcome: Outcome, template: Template | None, *, today: date
) -> Outcome:
    """What reading the invoice again came to, beside what people said of it.

    Its rules are held against what will stand in it: where one speaks of a field that a person has
    given a value, that counts, not what was read there. What a person passed over when they
    accepted it is no reason for another review where it says what it said then.
    """
    if outcome.status is Status.FAILED:
        return outcome
    said = {name: each for name, each in invoice.fields.items() if each.reviewed_by is not None}
    fields = outcome.fields | said
    reasons = outcome.reasons
    if template is not None and said:
        broken = broken_rules(template, fields, today=today)

        def is_of_theirs(reason: Reason) -> bool:
            return reason.code == "rule_broken" and not said.keys().isdisjoint(reason.fields)

        reasons = (
            *(reason for reason in reasons if not is_of_theirs(reason)),
            *filter(is_of_theirs, broken),
        )
    if _is_as_accepted(invoice, outcome, fields):
        passed_over = [_about(reason) for reason in invoice.decisions[-1].reasons]
        reasons = tuple(reason for reason in reasons if _about(reason) not in passed_over)
    if reasons == outcome.reasons:
        return outcome
    status = Status.NEEDS_REVIEW if reasons else Status.DONE
    return outcome.model_copy(update={"reasons": reasons, "status": status})


def _is_as_accepted(invoice: Invoice, outcome: Outcome, fields: Mapping[str, Reading]) -> bool:
    """Whether the last thing that was said of the invoice is that it is accepted, nothing was found
    wrong since, and it holds the same values in `fields`, of a form of the same template."""
    if invoice.reasons or not invoice.decisions or not (invoice.template and outcome.template):
        return False
    before, after = (
        {name: each.value for name, each in readings.items()}
        for readings in (invoice.fields, fields)
    )
    return (
        invoice.decisions[-1].status is Status.DONE
        and before == after
        and invoice.template.id == outcome.template.id
    )


def _about(reason: Reason) -> tuple[str, tuple[str, ...], str | None]:
    """What is at fault: how unsure it is, and what would mend it, may differ."""
    return reason.code, reason.fields, reason.rule


def reject(invoice: Invoice, why: str, *, by: str) -> Invoice:
    """The invoice as failed, because a person, `by`, says so; what was read in it stays.

    That is one more entry of `decisions`, which stays when the invoice is read again.

    Raises:
        ConflictError: it is not read yet, or has failed already.
    """
    _must_be_read(invoice)
    message = f"{invoice.source.name}: rejected by {by}: {why}"
    error = ErrorInfo(code=REJECTED, message=message)
    decision = Decision(status=Status.FAILED, by=by, at=now(), reasons=invoice.reasons, why=why)
    return invoice.model_copy(
        update={
            "status": Status.FAILED,
            "error": error,
            "reasons": (),
            "decisions": (*invoice.decisions, decision),
        }
    )


def _must_be_read(invoice: Invoice) -> None:
    if invoice.status not in (Status.DONE, Status.NEEDS_REVIEW):
        raise ConflictError(
            f"{invoice.source.name}: is {invoice.status.value}: there is nothing to review",
            code="not_read",
        )
