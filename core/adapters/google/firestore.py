"""Invoices, templates and state in Firestore.

    invoices/<id>               the keys that queries compare, and the invoice as JSON
    templates/<id>              the latest version
    templates/<id>/versions/<n> each version, and where its picture is
    pictures/<random>           a template's reference picture
    state/<key>                 what watching remembers
    deliveries/<id>             what webhooks are to be told (`firestore_outbox`)

What may grow is kept in pieces (`firestore_pieces`), so that no document comes near 1 MiB.
"""

import builtins
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

from google.cloud import firestore_v1 as firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from core.adapters.google.firestore_errors import ContentionError, firestore_errors
from core.adapters.google.firestore_outbox import announcements
from core.adapters.google.firestore_pieces import (
    delete_pieces,
    pieces,
    read_pieces,
    upload_pieces,
    write_pieces,
)
from core.adapters.google.firestore_query import filtered, keys, token_after
from core.adapters.google.retry import Backoff
from core.adapters.query import check_version, last_version_key, search_text, titles, words
from core.errors import NotFoundError, RequestError, TransientError
from core.invoice import Invoice, Status
from core.ports import InvoicePage, Query, StoredTemplate
from core.template import Template

CONTENTION = Backoff(first=0.1, longest=5.0, budget=30.0)
"""For a transaction that had to give way. The client has tried five times by then, at once."""

SCAN_LIMIT = 2_000
"""Invoices that one page of a text search looks through: some seconds. The page after goes on."""

PICTURES = 64
"""Reference pictures that a process keeps. Those of the samples are 8 to 36 KB."""

T = TypeVar("T")
Snapshot = firestore.DocumentSnapshot[firestore.DocumentReference]


class FirestoreInvoiceStore:
    """An invoice is one document, written only in a transaction that has read it.

    Raises (from every method):
        TransientError: Firestore is out of reach, or too many write the same at once.
        SetupError: the database or an index is missing, or this account may not use it.
    """

    def __init__(self, client: firestore.Client, *, backoff: Backoff = CONTENTION) -> None:
        self._client = client
        self._backoff = backoff
        # A reader asks for all templates each time; their pictures are most of it and never change.
        self._picture_bytes = lru_cache(PICTURES)(self._read_picture)

    def create(self, invoice: Invoice) -> tuple[Invoice, bool]:
        document = self._invoice(invoice.id)

        def work(transaction: firestore.Transaction) -> tuple[Invoice, bool]:
            known = document.get(transaction=transaction)
            if known.exists:
                return _load(known, transaction), False
            announce = announcements(transaction, self._client, None, invoice)
            _put(transaction, document, invoice)
            announce()
            return invoice, True

        return self._transact(invoice.id, work)

    def get(self, invoice_id: str) -> Invoice:
        with firestore_errors(invoice_id):
            return _load(_existing(self._invoice(invoice_id).get(), invoice_id, "invoice"))

    def update(self, invoice_id: str, change: Callable[[Invoice], Invoice | None]) -> Invoice:
        document = self._invoice(invoice_id)

        def work(transaction: firestore.Transaction) -> Invoice:
            snapshot = _existing(document.get(transaction=transaction), invoice_id, "invoice")
            current = _load(snapshot, transaction)
            changed = change(current)
            if changed is None:
                return current
            announce = announcements(transaction, self._client, current, changed)
            _put(transaction, document, changed, before=pieces(snapshot))
            announce()
            return changed

        return self._transact(invoice_id, work)

    def delete(self, invoice_id: str) -> None:
        document = self._invoice(invoice_id)

        def work(transaction: firestore.Transaction) -> None:
            snapshot = _existing(document.get(transaction=transaction), invoice_id, "invoice")
            delete_pieces(transaction, document, pieces(snapshot))

        self._transact(invoice_id, work)

    def list(self, query: Query) -> InvoicePage:
        """One page. A text search may give one that is not full, or empty, with a token to go on.

        Raises:
            RequestError: the page token is not of this query, or the page size is not positive.
        """
        if query.page_size < 1:
            raise RequestError(f"page_size {query.page_size}: must be 1 or more")
        looked_for = words(query.q or "")
        # One invoice more than asked for tells whether there is another page.
        limit = SCAN_LIMIT if looked_for else query.page_size + 1
        found: builtins.list[Invoice] = []
        token = None
        shown = titles(query)
        with firestore_errors("invoices"):
            invoices = filtered(self._client.collection("invoices"), query)
            for seen, snapshot in enumerate(invoices.limit(limit).stream(), start=1):
                invoice = _load(snapshot)
                template = invoice.template.id if invoice.template else ""
                text = f"{search_text(invoice)}\n{shown.get(template, template)}"
                if all(word in text for word in looked_for):
                    if len(found) == query.page_size:
                        return InvoicePage(found, token_after(query, found[-1]))
                    found.append(invoice)
                token = token_after(query, invoice) if seen == limit else None
        return InvoicePage(found, token)

    def token_after(self, query: Query, invoice: Invoice) -> str:
        return token_after(query, invoice)

    def count_by_status(self) -> Mapping[Status, int]:
        invoices = self._client.collection("invoices")
        with firestore_errors("invoices"):
            return {
                status: _count(invoices.where(filter=FieldFilter("status", "==", status.value)))
                for status in Status
            }

    def put_template(self, stored: StoredTemplate, *, after: int | None = None) -> Template:
        template_id = stored.template.id
        document, kept = self._template(template_id), self._state(last_version_key(template_id))
        picture = self._put_picture(template_id, stored.reference)

        def work(transaction: firestore.Transaction) -> Template:
            before = document.get(transaction=transaction)
            if before.exists and picture is not None and before.get("picture") == picture:
                # Of an attempt whose answer was lost: it did all there is to do.
                return Template.model_validate_json(read_pieces(before, transaction))
            latest = before.get("version") if before.exists else 0
            check_version(template_id, latest=latest, after=after)
            ended = kept.get(transaction=transaction)
            version = (latest or (int(read_pieces(ended)) if ended.exists else 0)) + 1
            template = stored.template.model_copy(update={"version": version})
            fields = {"version": version, "picture": picture, "looks": stored.looks}
            text = template.model_dump_json()
            write_pieces(transaction, document, text, fields=fields, before=pieces(before))
            write_pieces(transaction, _version(document, version), text, fields=fields)
            return template

        try:
            return self._transact(template_id, work)
        except RequestError:
            self._delete_pictures(template_id, [picture])
            raise

    def get_template(self, template_id: str, version: int | None = None) -> StoredTemplate:
        which = template_id if version is None else f"{template_id} version {version}"
        with firestore_errors(which):
            snapshot = _existing(self._template(template_id).get(), which, "template")
            if version is not None and version != snapshot.get("version"):
                older = _version(snapshot.reference, version)
                snapshot = _existing(older.get(), which, "template")
            template = Template.model_validate_json(read_pieces(snapshot))
            if (name := snapshot.get("picture")) is None:
                return StoredTemplate(template)
            # Earlier releases stored none, and then there is no such field.
            looks = (snapshot.to_dict() or {}).get("looks")
            return StoredTemplate(template, self._picture_bytes(name, which), looks)

    def list_templates(self) -> Sequence[Template]:
        with firestore_errors("templates"):
            return [
                Template.model_validate_json(read_pieces(snapshot))
                for snapshot in self._client.collection("templates").order_by("__name__").stream()
            ]

    def template_revisions(self) -> Mapping[str, str]:
        with firestore_errors("templates"):
            # No fields: what changes when a document is written comes along with its name.
            return {
                snapshot.id: str(snapshot.update_time)
                for snapshot in self._client.collection("templates").select([]).stream()
            }

    def delete_template(self, template_id: str, *, after: int | None = None) -> None:
        document, kept = self._template(template_id), self._state(last_version_key(template_id))

        def work(transaction: firestore.Transaction) -> builtins.list[str | None]:
            latest = _existing(document.get(transaction=transaction), template_id, "template")
            check_version(template_id, latest=latest.get("version"), after=after)
            numbers = range(1, latest.get("version") + 1)
            versions = self._client.get_all(
                [_version(document, number) for number in numbers], transaction=transaction
            )
            doomed = [latest, *versions]
            write_pieces(transaction, kept, str(latest.get("version")))
            for snapshot in doomed:
                delete_pieces(transaction, snapshot.reference, pieces(snapshot))
            return [snapshot.get("picture") for snapshot in doomed]

        self._delete_pictures(template_id, self._transact(template_id, work))

    def get_state(self, key: str) -> str | None:
        with firestore_errors(key):
            snapshot = self._state(key).get()
            return str(read_pieces(snapshot)) if snapshot.exists else None

    def set_state(self, key: str, value: str) -> None:
        document = self._state(key)

        def work(transaction: firestore.Transaction) -> None:
            before = document.get(transaction=transaction)
            write_pieces(transaction, document, value, before=pieces(before))

        self._transact(key, work)

    def change_state(self, key: str, change: Callable[[str | None], str | None]) -> str | None:
        document = self._state(key)

        def work(transaction: firestore.Transaction) -> str | None:
            snapshot = document.get(transaction=transaction)
            before = str(read_pieces(snapshot, transaction)) if snapshot.exists else None
            after = change(before)
            if after is None:
                return before
            write_pieces(transaction, document, after, before=pieces(snapshot))
            return after

        return self._transact(key, work)

    def _transact(self, what: str, work: Callable[[firestore.Transaction], T]) -> T:
        """What `work` gives, run in a transaction until it doesn't have to give way."""

        def attempt() -> T | TransientError:
            try:
                with firestore_errors(what):
                    # Decorated for each run anew: what `transactional` gives keeps its state.
                    result: T = firestore.transactional(work)(self._client.transaction())
                    return result
            except ContentionError:
                raise
            except TransientError as error:
                # From `work` itself, or from a client that has tried long enough.
                return error

        outcome = self._backoff.run(attempt)
        if isinstance(outcome, TransientError):
            raise outcome
        return outcome

    def _put_picture(self, what: str, picture: bytes | None) -> str | None:
        """Stores a picture under a new id and gives that.

        It is larger than a transaction may be, so it comes first; if the transaction that is to
        name it never happens, nobody names it, and it does no harm.
        """
        if picture is None:
            return None
        document = self._client.collection("pictures").document(uuid.uuid4().hex)
        with firestore_errors(what):
            upload_pieces(document, picture)
        return str(document.id)

    def _read_picture(self, name: str, what: str) -> bytes:
        picture: bytes = read_pieces(_existing(self._picture(name).get(), what, "template"))
        return picture

    def _delete_pictures(self, what: str, pictures: Sequence[str | None]) -> None:
        with firestore_errors(what):
            for picture in {picture for picture in pictures if picture is not None}:
                snapshot = self._picture(picture).get()
                batch = self._client.batch()
                delete_pieces(batch, snapshot.reference, pieces(snapshot))
                batch.commit()

    def _invoice(self, invoice_id: str) -> firestore.DocumentReference:
        return self._client.collection("invoices").document(_name(invoice_id))

    def _template(self, template_id: str) -> firestore.DocumentReference:
        return self._client.collection("templates").document(_name(template_id))

    def _picture(self, picture: str) -> firestore.DocumentReference:
        return self._client.collection("pictures").document(picture)

    def _state(self, key: str) -> firestore.DocumentReference:
        return self._client.collection("state").document(_name(key))


def _name(text: str) -> str:
    """A document's name made of any text; an id of an invoice or template stays as it is.

    A name holds no slash, and is neither empty, nor dots alone, nor within double underscores.
    """
    name = quote(text, safe="")
    return name if name[:1].isalnum() else f"%{name}"


def _version(template: firestore.DocumentReference, version: int) -> firestore.DocumentReference:
    document: firestore.DocumentReference = template.collection("versions").document(str(version))
    return document


def _existing(snapshot: Snapshot, what: str, kind: str) -> Snapshot:
    if not snapshot.exists:
        raise NotFoundError(f"{what}: there is no such {kind}")
    return snapshot


def _count(query: firestore.Query) -> int:
    # The client's types take `query.count()` for the class of what it gives.
    aggregation: Any = query.count()
    return int(aggregation.get()[0][0].value)


def _load(snapshot: Snapshot, transaction: firestore.Transaction | None = None) -> Invoice:
    return Invoice.model_validate_json(read_pieces(snapshot, transaction))


def _put(
    transaction: firestore.Transaction,
    document: firestore.DocumentReference,
    invoice: Invoice,
    *,
    before: int = 0,
) -> None:
    write_pieces(
        transaction, document, invoice.model_dump_json(), fields=keys(invoice), before=before
    )
