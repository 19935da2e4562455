"""Invoices that seem to be there twice: one that was scanned once more is another file."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from core.invoice import Invoice, Reason, Status
from core.ports import InvoiceStore, Query

SEEN_BEFORE = "seen_before"
"""Code of the reason for which one of two twins is held back."""
_MOST = 20
"""Invoices with its number that are looked at, the newest: a quantity, say, comes on many."""


def twins_of(store: InvoiceStore, invoice: Invoice) -> Sequence[Invoice]:
    """Others that seem to be the same invoice."""
    if invoice.template is None or not invoice.number:
        return []
    alike = Query(number=invoice.number, template=invoice.template.id, page_size=_MOST)
    return [other for other in store.list(alike).invoices if _are_twins(invoice, other)]


def twins_among(invoices: Iterable[Invoice]) -> set[str]:
    """The ids of those that seem to be the same invoice as another of them."""
    pairs = combinations([each for each in invoices if each.number], 2)
    return {each.id for pair in pairs if _are_twins(*pair) for each in pair}


def seen_before(store: InvoiceStore, invoice: Invoice) -> Reason | None:
    """Why a person should look at an invoice that was just read, and isn't stored so yet: it seems
    to be the same as another. Of two twins that which is read last is accused; the other stays as
    it is, also when it is read again.

    Two that are read in the same moment may miss each other; the page tells of both.
    """
    for other in twins_of(store, invoice):
        if other.received_at <= invoice.received_at or not _is_accused(other):
            name, day = other.source.name, other.received_at.date()
            message = f"seems to be the same invoice as {name}, which came in on {day}"
            return Reason(code=SEEN_BEFORE, message=message)
    return None


def _is_accused(invoice: Invoice) -> bool:
    """Whether it is held back, or was until somebody accepted it."""
    passed_over = (reason for decision in invoice.decisions for reason in decision.reasons)
    return any(reason.code == SEEN_BEFORE for reason in (*invoice.reasons, *passed_over))


def _are_twins(one: Invoice, other: Invoice) -> bool:
    """Whether both are of the same form and have the same number, and the same date or total. What
    failed or was rejected is nobody's twin, nor is a newer revision of the same file."""
    return (
        one.id not in (other.id, other.replaces, other.replaced_by)
        and Status.FAILED not in (one.status, other.status)
        and _key(one) == _key(other)
        and (
            (one.date is not None and one.date == other.date)
            or (one.total is not None and one.total == other.total)
        )
    )


def _key(invoice: Invoice) -> tuple[str | None, str | None]:
    return invoice.template.id if invoice.template else None, invoice.number
