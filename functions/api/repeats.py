"""`Idempotency-Key`: an upload that is sent again, because its answer was lost, is the same upload.

What a key stands for is kept in the store's state, so that any instance may get the second try. Two
tries at the same time may both be carried out: the same bytes are the same invoice anyway. After
`KEPT` the key may be used for another upload.
(https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
from datetime import datetime, timedelta

from pydantic import BaseModel

from core.errors import RequestError
from core.identity import sha256_hex
from core.invoice import now
from core.ports import InvoiceStore

KEPT = timedelta(hours=24)


class _Upload(BaseModel):
    """What came under a key."""

    fingerprint: str
    invoice_id: str
    at: datetime


class Repeats:
    """The uploads under one key; `caller` keeps the keys of one apart from those of another."""

    def __init__(self, store: InvoiceStore, key: str, *, caller: str) -> None:
        self._store = store
        digest = hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()
        self._state = f"idempotency:{digest}"

    def before(self, data: bytes, template: str | None) -> str | None:
        """The id of the invoice that this very upload made before, or None if it is new.

        Raises:
            RequestError: `key_reused`: another file, or another template, came under the key.
        """
        known = self._store.get_state(self._state)
        if known is None:
            return None
        upload = _Upload.model_validate_json(known)
        if upload.at + KEPT < now():
            return None
        if upload.fingerprint != _fingerprint(data, template):
            raise RequestError(
                "this Idempotency-Key came with another upload before: make a new one for each",
                code="key_reused",
            )
        return upload.invoice_id

    def note(self, data: bytes, template: str | None, invoice_id: str) -> None:
        """Keeps what this upload made."""
        upload = _Upload(fingerprint=_fingerprint(data, template), invoice_id=invoice_id, at=now())
        self._store.set_state(self._state, upload.model_dump_json())


def _fingerprint(data: bytes, template: str | None) -> str:
    return sha256_hex(f"{sha256_hex(data)} {template or ''}".encode())
