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


def seen_before(store: InvoiceStore, invoice: Invoice, *, before: Invoice) -> Reason | None:
    """Why a person should look at an invoice that was just read, and isn't stored so yet: it seems
    to be the same as another. Of two twins that which is read last is accused; the other, as it was
    `before` this reading, stays as it is when it is read again.
    """
    for other in _oldest_first(store, invoice):
        stands = not _is_accused(before) and _are_twins(before, other)
        is_later = other.received_at > invoice.received_at
        if not (_is_accused(other) and (is_later or stands)):
            return _same_as(other)
    return None


def hold_back(store: InvoiceStore, read: Invoice) -> Invoice:
    """The invoice, that was just stored as `read`, held back if its twin was stored in the same
    moment: neither was there when the other was looked for.

    Raises:
        NotFoundError: it was deleted meanwhile.
    """
    reason = None if _is_accused(read) else seen_before(store, read, before=read)
    if reason is None:
        return read

    def hold(current: Invoice) -> Invoice | None:
        if (current.read_at, current.decisions) != (read.read_at, read.decisions):
            return None
        reasons = (*current.reasons, reason)
        return current.model_copy(update={"status": Status.NEEDS_REVIEW, "reasons": reasons})

    return store.update(read.id, hold)


def made_twin(store: InvoiceStore, invoice: Invoice, *, before: Invoice) -> Reason | None:
    """Why a person should look once more at an invoice that they corrected: it seems to be the same
    as another, as which it did not seem `before`."""
    others = (each for each in _oldest_first(store, invoice) if not _are_twins(before, each))
    return next(map(_same_as, others), None)


def _oldest_first(store: InvoiceStore, invoice: Invoice) -> Iterable[Invoice]:
    return reversed(twins_of(store, invoice))


def _same_as(other: Invoice) -> Reason:
    name, day = other.source.name, other.received_at.date()
    page = f", page {other.part.page}" if other.part else ""
    message = f"seems to be the same invoice as “{name}”{page}, which came in on {day}"
    return Reason(code=SEEN_BEFORE, message=message)


def is_held_back(invoice: Invoice) -> bool:
    """Whether it waits for a person because of its twin."""
    return any(reason.code == SEEN_BEFORE for reason in invoice.reasons)


def _is_accused(invoice: Invoice) -> bool:
    """Whether it is held back, or was until somebody accepted it."""
    passed_over = (reason for decision in invoice.decisions for reason in decision.reasons)
    return is_held_back(invoice) or any(reason.code == SEEN_BEFORE for reason in passed_over)


def _are_twins(one: Invoice, other: Invoice) -> bool:
    """Whether both are of the same form and have the same number, and the same date or total. What
    failed or was rejected is nobody's twin, nor is a newer revision of the same file."""
    return (
        one.id not in (other.id, other.replaces, other.replaced_by)
        and not _are_revisions(one, other)
        and Status.FAILED not in (one.status, other.status)
        and _key(one) == _key(other)
        and (
            (one.date is not None and one.date == other.date)
            or (one.total is not None and one.total == other.total)
        )
    )


def _are_revisions(one: Invoice, other: Invoice) -> bool:
    """Whether they are of the same file of Drive at two times, linked to each other or not: links
    are of neighbours, of first pages, and made a moment later. In a folder the same name is no such
    sign: a scanner gives it to the next sheet, too, and nothing else would tell of a double."""
    places = {(each.source.kind, each.source.file_id) for each in (one, other)}
    files = {each.part.file if each.part else each.id for each in (one, other)}
    return one.source.kind == "drive" and len(places) == 1 and len(files) == 2


def _key(invoice: Invoice) -> tuple[str | None, str | None]:
    return invoice.template.id if invoice.template else None, invoice.number
