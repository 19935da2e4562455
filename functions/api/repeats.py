"""`Idempotency-Key`: an upload that is sent again, because its answer was lost, is the same upload.

What a key stands for is kept in the store's state, so that any instance may get the second try. Of
two tries at the same time one is carried out. After `KEPT` the key may be used for another upload.
(https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from core.errors import ConflictError, RequestError
from core.identity import sha256_hex
from core.invoice import now
from core.ports import InvoiceStore

KEPT = timedelta(hours=24)

LONGEST = timedelta(minutes=1)
"""That an upload may be under way: one that takes longer is taken for one whose process died."""


class _Upload(BaseModel):
    """What came under a key; without an invoice, while it is under way."""

    fingerprint: str
    invoice_id: str | None
    at: datetime

    @property
    def counts(self) -> bool:
        return self.at + (KEPT if self.invoice_id else LONGEST) >= now()


class Repeats:
    """The uploads under one key; `caller` keeps the keys of one apart from those of another."""

    def __init__(self, store: InvoiceStore, key: str, *, caller: str) -> None:
        self._store = store
        digest = hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()
        self._state = f"idempotency:{digest}"

    def begin(self, data: bytes, template: str | None) -> str | None:
        """The id of the invoice that this very upload made before, or None if it is new.

        A new one is under way from now on, until it is done (`note`) or has failed (`give_up`).

        Raises:
            RequestError: `key_reused`: another file, or another template, came under the key.
            ConflictError: `upload_under_way`: the same upload is being taken in at this moment.
        """
        new = _Upload(fingerprint=_fingerprint(data, template), invoice_id=None, at=now())

        def change(kept: str | None) -> str | None:
            known = _Upload.model_validate_json(kept) if kept else None
            if known is None or not known.counts:
                return new.model_dump_json()
            if known.fingerprint != new.fingerprint:
                raise RequestError(
                    "this Idempotency-Key came with another upload before: make a new one for each",
                    code="key_reused",
                )
            if known.invoice_id is None:
                raise ConflictError(
                    "the same upload is under way: ask again in a moment", code="upload_under_way"
                )
            return None

        kept = self._store.change_state(self._state, change)
        return _Upload.model_validate_json(kept).invoice_id if kept else None

    def note(self, data: bytes, template: str | None, invoice_id: str) -> None:
        """Keeps what this upload made."""
        upload = _Upload(fingerprint=_fingerprint(data, template), invoice_id=invoice_id, at=now())
        self._store.set_state(self._state, upload.model_dump_json())

    def give_up(self) -> None:
        """The upload that was begun has failed: it may come again at once."""
        nothing = _Upload(fingerprint="", invoice_id=None, at=datetime.min.replace(tzinfo=UTC))
        self._store.set_state(self._state, nothing.model_dump_json())


def _fingerprint(data: bytes, template: str | None) -> str:
    return sha256_hex(f"{sha256_hex(data)} {template or ''}".encode())
