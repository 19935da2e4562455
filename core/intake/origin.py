"""Where an invoice's file is and came from, and what became of it there."""

from core.errors import NotFoundError
from core.invoice import Invoice, Note, ObjectRef, SourceRef, now


def object_of(invoice: Invoice) -> ObjectRef:
    """Where the invoice's file is. Raises NotFoundError if it was never taken in."""
    if invoice.object is None:
        raise NotFoundError(f"{invoice.source.name}: its file was not taken in", code="no_file")
    return invoice.object


def move_object(invoice: Invoice, ref: ObjectRef | None) -> Invoice:
    """The invoice with `ref` as its object, unless it knows of a newer generation already."""
    # A late event of an older generation must not take the invoice back to it.
    refs = [each for each in (invoice.object, ref) if each is not None]
    newest = max(refs, key=lambda each: each.generation, default=None)
    return invoice.model_copy(update={"object": newest})


def add_source(invoice: Invoice, source: SourceRef) -> Invoice:
    """The invoice with one more place that its bytes came from, noted once."""
    known = {(s.kind, s.file_id) for s in (invoice.source, *invoice.duplicates)}
    if (source.kind, source.file_id) in known:
        return invoice
    return invoice.model_copy(update={"duplicates": (*invoice.duplicates, source)})


MOST_NOTES = 100
"""Older ones are let go: what is kept of one invoice has to fit into one document."""


def add_note(invoice: Invoice, code: str, message: str) -> Invoice:
    """The invoice with one more note, unless its newest says the same."""
    if invoice.notes and (invoice.notes[-1].code, invoice.notes[-1].message) == (code, message):
        return invoice
    note = Note(code=code, message=message, at=now())
    return invoice.model_copy(update={"notes": (*invoice.notes, note)[-MOST_NOTES:]})
