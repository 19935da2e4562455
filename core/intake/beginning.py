"""Files that came in cut off or were refused, and later came in whole.

Of a copy that paused, what was taken first has no end, and its bytes are the beginning of those
that came in later from the same place; of a file that was empty, or could not be read, nothing was
taken. So nothing is lost with it, and an office has one invoice for its file.
"""

import logging
from contextlib import suppress
from typing import BinaryIO

from core.errors import NotFoundError
from core.identity import invoice_id, sha256_hex
from core.invoice import Invoice, SourceRef, Status
from core.ports import Adapters

log = logging.getLogger(__name__)


def id_of_beginning(file: BinaryIO, size: int) -> str:
    """The invoice that the first `size` bytes of the file are, which is left as it was opened."""
    beginning = file.read(size)
    file.seek(0)
    return invoice_id(sha256_hex(beginning))


def replace_beginning(adapters: Adapters, beginning: str, source: SourceRef) -> None:
    """Removes the invoice of this id, if it is of the same place alone and nobody has settled it.

    Only for whoever has taken in more of the same file. Done twice it changes nothing.

    Raises:
        TransientError: a store is out of reach.
    """
    with suppress(NotFoundError):
        invoice = adapters.store.get(beginning)
        if not _is_nothing_else(invoice, source):
            return
        # The object first: alone it would become an invoice once more.
        if invoice.object is not None:
            adapters.objects.delete(invoice.object)
        adapters.store.delete(invoice.id)
        log.warning("%s: had come in cut off or was refused, and now came in again", source.name)


def _is_nothing_else(invoice: Invoice, source: SourceRef) -> bool:
    return (
        (invoice.source.kind, invoice.source.file_id) == (source.kind, source.file_id)
        and not invoice.duplicates
        and invoice.part is None
        and invoice.status is not Status.DONE
        and not invoice.corrections
        and not invoice.decisions
        and not invoice.rejected
    )
