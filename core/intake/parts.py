"""Files that hold an invoice a page, as the template of their first page says (`split`).

The first page's invoice is that of the file, and keeps it. Each other page gets an object that
holds no more than which page of which file it is. That announces itself, so each page is read,
tried again and given up on alone, and no file takes longer to read than one of its pages.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from time import monotonic

from core.errors import ConflictError, NotFoundError, TransientError
from core.identity import Part
from core.intake.arrival import keep
from core.intake.origin import object_of
from core.invoice import Invoice, Outcome, Status
from core.observe import tell
from core.ports import Adapters, InvoiceStore


def count(outcome: Outcome, *, named: bool) -> int:
    """How many invoices the file is to become that was read so.

    named: whether somebody named its template. Else the first page must fit the form well, since
    the template may just be the only one there is.
    """
    doubtful = outcome.status is Status.FAILED or any(
        reason.code == "not_aligned" for reason in outcome.reasons
    )
    return outcome.invoices if named or not doubtful else 1


def split(adapters: Adapters, invoice: Invoice, outcome: Outcome) -> Part | None:
    """Has the other pages of the invoice's file read, if they are invoices too, and gives which
    part of it that makes the invoice. Done twice it changes nothing.

    Raises:
        TransientError: a store is out of reach.
    """
    pages = count(outcome, named=invoice.requested_template is not None)
    if invoice.part is not None or pages == 1:
        return None
    started = monotonic()
    for page in range(2, pages + 1):
        part = Part.of(invoice.id, page, pages)
        other = Invoice(
            id=part.id,
            source=invoice.source,
            requested_template=invoice.requested_template,
            # In the order of the pages, where invoices are put in the order in which they came.
            received_at=invoice.received_at + timedelta(microseconds=page - 1),
            part=part,
        )
        keep(adapters, other, BytesIO(f"page {page} of invoices/{invoice.id}\n".encode()))
    tell("split", invoice=invoice.id, pages=pages, ms=1e3 * (monotonic() - started))
    return Part.of(invoice.id, 1, pages)


def file_of(adapters: Adapters, invoice: Invoice) -> bytes:
    """The bytes of the file that the invoice is, or is a page of.

    Raises:
        NotFoundError: it was never taken in, or is gone.
        TransientError: a store is out of reach.
    """
    part = invoice.part
    if part is None or part.page == 1:
        return adapters.objects.read(object_of(invoice)).data
    try:
        first = adapters.store.get(part.file)
    except NotFoundError as error:
        raise NotFoundError(f"{invoice.source.name}: its file is gone", code="no_file") from error
    try:
        return adapters.objects.read(object_of(first)).data
    except NotFoundError as error:
        # Of another generation by now: it is being announced anew, which will be noted in a moment.
        raise TransientError(f"{invoice.source.name}: its file is not there") from error


def change_all(
    store: InvoiceStore, invoice_id: str, change: Callable[[Invoice], Invoice | None]
) -> None:
    """Applies `change`, as `store.update` does, to an invoice and to those of the other pages of
    its file. Raises NotFoundError if it was deleted; the others may have been."""
    changed = store.update(invoice_id, change)
    for other in changed.part.ids[1:] if changed.part else ():
        with suppress(NotFoundError):
            store.update(other, change)


def check_deletable(store: InvoiceStore, invoice: Invoice) -> None:
    """Raises ConflictError if the invoice keeps the file of others that are still there."""
    if invoice.part is None or invoice.part.page > 1:
        return
    for other in invoice.part.ids[1:]:
        try:
            store.get(other)
        except NotFoundError:
            continue
        raise ConflictError(
            f"{invoice.source.name}: page 1 keeps the file of its other pages: delete those first",
            code="keeps_file",
        )
