"""/invoices/{id}: one invoice, its page beside what was read in it, to be reviewed."""

from collections.abc import Sequence
from dataclasses import replace

import flask

from core.checking.twins import twins_of
from core.invoice import Invoice, Reading, Reason, Status, public
from core.ports import InvoiceStore, Query
from core.wording import fields_of
from functions.api.context import context
from functions.api.etags import tag
from functions.api.pages.answers import page
from functions.api.pages.place import Place, neighbour


def invoice(invoice_id: str) -> flask.Response:
    adapters, place = context().adapters, Place.asked_for()
    store = adapters.store
    shown, templates = store.get(invoice_id), adapters.shelf.names()
    query = place.filters.query(templates)
    faults = {
        name: [reason for reason in shown.reasons if name in reason.fields] for name in shown.fields
    }
    proposed = {
        name: sorted({r.proposed[name] for r in reasons if name in r.proposed})
        for name, reasons in faults.items()
    }
    return page(
        "invoice.html",
        tag=tag(public(shown)),
        place=place,
        invoice=shown,
        before=neighbour(store, query, shown, backwards=True),
        after=neighbour(store, query, shown),
        to_review=_next_to_review(store, query, shown),
        templates=templates,
        faults=faults,
        proposed=proposed,
        vouched=_vouched(shown),
        readings=_least_certain_first(shown, faults),
        left=store.count_by_status()[Status.NEEDS_REVIEW],
        twins=twins_of(store, shown),
    )


def _vouched(invoice: Invoice) -> dict[str, str]:
    """By field that nobody has looked at the rule that vouches for it, while all that this speaks
    of is as it was read."""
    other = {
        name
        for name, reading in invoice.fields.items()
        if reading.reviewed_by is not None and reading.original != reading.value
    }
    return {
        name: rule
        for name, reading in invoice.fields.items()
        for rule in [reading.vouched_by]
        if rule and reading.reviewed_by is None and not other & fields_of(rule, invoice.fields)
    }


def _least_certain_first(
    invoice: Invoice, faults: dict[str, list[Reason]]
) -> Sequence[tuple[str, Reading]]:
    """What nobody has looked at first; of that, what Khana has reason to doubt."""

    def certainty(item: tuple[str, Reading]) -> tuple[bool, bool, float]:
        name, reading = item
        return reading.reviewed_by is not None, not faults[name], reading.confidence

    return sorted(invoice.fields.items(), key=certainty)


def _next_to_review(store: InvoiceStore, query: Query, invoice: Invoice) -> Invoice | None:
    """The next invoice of the query that needs review; after the last, the first again."""
    waiting = replace(query, status=Status.NEEDS_REVIEW, page_size=2)
    after = neighbour(store, waiting, invoice)
    if after is not None:
        return after
    return next((other for other in store.list(waiting).invoices if other.id != invoice.id), None)
