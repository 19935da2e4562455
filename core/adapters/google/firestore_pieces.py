"""Texts and bytes of any length in Firestore, whose documents may not pass 1 MiB.

The first piece is in the document itself, field `data`; `pieces` says how many more there are in
the collection `pieces` below it.
"""

from collections.abc import Mapping
from typing import Any

from google.cloud.firestore_v1 import DocumentReference, DocumentSnapshot, Transaction
from google.cloud.firestore_v1.base_batch import BaseWriteBatch

PIECE = 128 * 1024
"""Characters or bytes of one piece: at most 512 KiB, as a character takes up to 4 bytes."""

PIECES_PER_COMMIT = 16
"""At most 8 MiB: a commit may hold 10."""


def write_pieces(
    writer: BaseWriteBatch,
    document: DocumentReference,
    content: str | bytes,
    *,
    fields: Mapping[str, Any] | None = None,
    before: int = 0,
) -> None:
    """Has `writer` set the document to the content and `fields`.

    `before` is how many further pieces were there: what is left of them goes.
    """
    first, *others = split(content)
    writer.set(document, {**(fields or {}), "data": first, "pieces": len(others)})
    for n, piece in enumerate(others):
        writer.set(_piece(document, n), {"data": piece})
    for n in range(len(others), before):
        writer.delete(_piece(document, n))


def upload_pieces(document: DocumentReference, content: str | bytes) -> None:
    """Stores content of any size under a document that is new; the document itself comes last."""
    first, *others = split(content)
    for start in range(0, len(others), PIECES_PER_COMMIT):
        batch = document._client.batch()
        for n, piece in enumerate(others[start : start + PIECES_PER_COMMIT], start):
            batch.set(_piece(document, n), {"data": piece})
        batch.commit()
    document.set({"data": first, "pieces": len(others)})


def delete_pieces(writer: BaseWriteBatch, document: DocumentReference, before: int) -> None:
    """Has `writer` delete the document and its `before` further pieces."""
    writer.delete(document)
    for n in range(before):
        writer.delete(_piece(document, n))


def read_pieces(
    snapshot: DocumentSnapshot[DocumentReference], transaction: Transaction | None = None
) -> Any:
    """The whole content, str or bytes, of a document as it was when the snapshot was taken."""
    document: DocumentReference = snapshot.reference
    first = snapshot.get("data")
    if not (count := pieces(snapshot)):
        return first
    found = document._client.get_all(
        [_piece(document, n) for n in range(count)],
        transaction=transaction,
        # In a transaction the pieces are locked; without one they are read as of the same moment.
        **({} if transaction else {"read_time": snapshot.read_time}),
    )
    others = {int(piece.id): piece.get("data") for piece in found}
    return first[:0].join([first, *(others[n] for n in range(count))])


def pieces(snapshot: DocumentSnapshot[DocumentReference]) -> int:
    """How many further pieces the document has; none where there is no document."""
    return int(snapshot.get("pieces")) if snapshot.exists else 0


def split(content: str | bytes) -> list[str | bytes]:
    """The pieces of the content, in order; at least one."""
    return [content[start : start + PIECE] for start in range(0, max(len(content), 1), PIECE)]


def _piece(document: DocumentReference, n: int) -> DocumentReference:
    piece: DocumentReference = document.collection("pieces").document(str(n))
    return piece
