"""Taking in: an object that carries what its invoice is made of, and the invoice."""

from datetime import datetime
from typing import BinaryIO

from core.identity import Part, invoice_id, sha256_hex
from core.intake.origin import add_source, move_object
from core.invoice import Invoice, ObjectRef, is_being_read, now, requeue
from core.ports import Adapters, InvoiceStore, StoredObject


def keep(adapters: Adapters, invoice: Invoice, data: BinaryIO) -> Invoice:
    """Stores the bytes of a new invoice, which has them read, and gives it as it is known.

    Raises:
        TransientError: a store is out of reach; nothing is lost by trying again.
    """
    # The object first: once it is there it announces itself, and its metadata alone is enough to
    # make the invoice, so a crash between the two steps loses nothing.
    ref = adapters.objects.create(
        f"invoices/{invoice.id}",
        data,
        content_type="application/octet-stream",
        metadata=_to_metadata(invoice),
    )
    return as_known(adapters.store, invoice.model_copy(update={"object": ref}))


def as_known(store: InvoiceStore, invoice: Invoice) -> Invoice:
    """The stored invoice of these bytes: as given if it is new, else with its source and object,
    and to be read again if it is asked for and nobody reads it."""
    there, created = store.create(invoice)
    if created:
        return there

    def merge(current: Invoice) -> Invoice | None:
        merged = move_object(add_source(current, invoice.source), invoice.object)
        if invoice.again not in (None, current.again) and not is_being_read(merged):
            # Its object says that somebody wants it read again: `core.pipeline.read_again`.
            merged = requeue(merged, template=invoice.requested_template, again=invoice.again)
        return None if merged == current else merged

    return store.update(there.id, merge)


def invoice_of(stored: StoredObject, ref: ObjectRef) -> Invoice:
    """The invoice of an object. One that somebody put into the bucket by hand has no metadata."""
    metadata = stored.metadata
    received_at = metadata.get("received-at")
    part = None
    if "page" in metadata:
        part = Part.of(metadata["file"], int(metadata["page"]), int(metadata["pages"]))
    return Invoice.model_validate(
        {
            "id": part.id if part else invoice_id(sha256_hex(stored.data)),
            "source": {
                "kind": metadata.get("source-kind", "upload"),
                "file_id": metadata.get("source-file-id", ref.name),
                "name": metadata.get("source-name", ref.name.rpartition("/")[2]),
                "link": metadata.get("source-link"),
            },
            "object": ref,
            "requested_template": metadata.get("template"),
            "again": metadata.get("again"),
            "received_at": datetime.fromisoformat(received_at) if received_at else now(),
            "part": part,
        }
    )


def _to_metadata(invoice: Invoice) -> dict[str, str]:
    """What an object must carry so that its invoice can be made from it alone."""
    metadata = {
        "source-kind": invoice.source.kind,
        "source-file-id": invoice.source.file_id,
        "source-name": invoice.source.name,
        "source-link": invoice.source.link,
        "template": invoice.requested_template,
        "received-at": invoice.received_at.isoformat(),
    }
    if (part := invoice.part) is not None:
        metadata |= {"file": part.file, "page": str(part.page), "pages": str(len(part.ids))}
    return {key: value for key, value in metadata.items() if value is not None}
