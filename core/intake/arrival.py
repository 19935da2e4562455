"""Taking in: an object that carries what its invoice is made of, and the invoice; or a refusal."""

import hashlib
import tempfile
from datetime import datetime
from time import monotonic
from typing import BinaryIO

from core.errors import FileError
from core.identity import Part, invoice_id, sha256_hex
from core.intake.origin import add_source, move_object
from core.invoice import (
    ErrorInfo,
    Invoice,
    ObjectRef,
    SourceRef,
    Status,
    is_being_read,
    now,
    requeue,
)
from core.observe import tell
from core.ports import Adapters, InvoiceStore, SourceFile, StoredObject
from core.settings import Settings

_SPOOL_BYTES = 8 * 1024 * 1024
"""Files up to this size stay in memory while they are hashed; nearly all invoices are smaller."""

_CHUNK = 1024 * 1024


def receive(
    adapters: Adapters,
    file: BinaryIO,
    source: SourceRef,
    settings: Settings,
    *,
    template: str | None = None,
) -> Invoice:
    """Stores the file's bytes, which has them read, and gives the invoice that they are.

    Bytes that came in before give the invoice of then, with `source` noted as a duplicate.

    Raises:
        FileError: the file is empty or larger than `settings.max_file_bytes`.
        TransientError: a store is out of reach; nothing is lost by trying again.
    """
    digest = hashlib.sha256()
    size = 0
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > settings.max_file_bytes:
                raise FileError(
                    f"{source.name}: larger than the limit of {settings.max_file_bytes:,} bytes",
                    code="file_too_large",
                )
            digest.update(chunk)
            spool.write(chunk)
        if not size:
            raise FileError(f"{source.name}: the file is empty", code="empty_file")
        spool.seek(0)
        begun = monotonic()
        invoice = Invoice(
            id=invoice_id(digest.hexdigest()),
            source=source,
            requested_template=template,
            received_at=now(),
        )
        kept = keep(
            adapters,
            invoice,
            spool,  # type: ignore[arg-type]  # typeshed's SpooledTemporaryFile is no BinaryIO
        )
    tell(
        "received",
        invoice=kept.id,
        source=source.kind,
        bytes=size,
        again=kept.received_at != invoice.received_at,
        ms=1e3 * (monotonic() - begun),
    )
    return kept


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


def refuse(store: InvoiceStore, file: SourceFile, error: FileError) -> Invoice:
    """Keeps a file that was not taken in as a `failed` invoice, so that it can be found."""
    at = now()
    refused, _ = store.create(
        Invoice(
            id=refusal_id(file.ref, file.revision),
            status=Status.FAILED,
            source=file.ref,
            error=ErrorInfo.of(error),
            received_at=at,
            read_at=at,
        )
    )
    tell("refused", invoice=refused.id, source=file.ref.kind, code=error.code)
    return refused


def refusal_id(ref: SourceRef, revision: str) -> str:
    """The invoice that this revision of a file is if it was refused."""
    # There are no stored bytes to name it by; what names a version of a file at its source does.
    return invoice_id(sha256_hex(f"{ref.kind}\0{ref.file_id}\0{revision}".encode()))


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
