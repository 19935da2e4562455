"""Invoices that seem to be there twice: one that was scanned once more is another file."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from core.invoice import Invoice, Status
from core.ports import InvoiceStore, Query

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
