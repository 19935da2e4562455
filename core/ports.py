"""What the outside implements: where files come from, where they are kept, what is known of them.

Two families of adapters stand behind these protocols, `core.adapters.local` and
`core.adapters.google`. Each maps its library's errors to `core.errors`: nothing else may leave it.
Any call may raise TransientError (out of reach now) or SetupError (somebody has to mend something).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import BinaryIO, Literal, Protocol

from core.invoice import Invoice, ObjectRef, SourceRef, Status
from core.shelf import Shelf
from core.template import Template
from core.webhooks.notices import Delivery


@dataclass(frozen=True)
class SourceFile:
    """A file seen at a source. `revision` changes whenever its bytes do.

    `folder` are the names of the folders that it is in, as far as they are watched, with slashes
    between them; empty if there are none. `began` is how many bytes it had when it was given
    before, where it was cut off then and has grown since. `refused` is the revision under which it
    was given before, where there was nothing to take then: it was empty, or could not be read.
    """

    ref: SourceRef
    revision: str
    size: int
    folder: str = ""
    began: int | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Gone:
    """A file that a source no longer has: it was moved elsewhere, put into the trash, or deleted
    or hidden. Where it is deleted, the name in `ref` may be empty."""

    ref: SourceRef
    how: Literal["moved_out", "trashed", "removed"]


@dataclass(frozen=True)
class Batch:
    """Files to take in, and the cursor to go on from once all of them are safe.

    `gone` are files that may have been taken in before. A source that isn't shared tells of none.
    """

    files: Sequence[SourceFile]
    cursor: str
    gone: Sequence[Gone] = ()


class Source(Protocol):
    """Where new files come from: a folder of Drive, or of this machine."""

    @property
    def name(self) -> str:
        """Names this source among others; its cursor is kept under it."""

    @property
    def shared(self) -> bool:
        """Whether several processes may look at it, of which one is to work, and it doesn't
        remember which revisions it gave: who watches it keeps both."""

    def batches(self, cursor: str | None) -> Iterable[Batch]:
        """The new files since `cursor` (None: all that is there), oldest first."""

    def open(self, file: SourceFile) -> BinaryIO:
        """The bytes of the file. Raises FileError if it is gone or may not be read."""

    def listen(self, kept: str | None) -> str | None:
        """Has the source call when something is new, if it can; called after a look.

        `kept` is what the last call gave; None if there is nothing to keep. Raises any KhanaError.
        """


@dataclass(frozen=True)
class StoredObject:
    """An object's bytes and what was noted with them when it was created."""

    data: bytes = field(repr=False)
    metadata: Mapping[str, str]


class ObjectStore(Protocol):
    """A bucket. An object that is created announces itself to the reader, at least once."""

    def create(
        self, name: str, data: BinaryIO, *, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """Stores the bytes under `name`, or gives the object that has been there before.

        Whoever reads the object sees all of it or nothing, also after a crash.
        """

    def read(self, ref: ObjectRef) -> StoredObject:
        """That generation of the object. Raises NotFoundError."""

    def announce(self, ref: ObjectRef, metadata: Mapping[str, str]) -> ObjectRef:
        """Has the object announced to the reader once more, with this over its metadata, and gives
        what it is called by then.

        That may be a new generation, in the place of the one before. Raises NotFoundError.
        """

    def delete(self, ref: ObjectRef) -> None:
        """Removes the object; fine if it is gone."""


Order = Literal["received_at", "date", "total", "number"]


@dataclass(frozen=True)
class Query:
    """Which invoices, in which order. None means any.

    `q` looks in names and values, and in `template_names`: by id, what templates are called.
    """

    status: Status | None = None
    template: str | None = None
    number: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    total_min: Decimal | None = None
    total_max: Decimal | None = None
    q: str | None = None
    # No part of what a page token is for: a template may be renamed on the way.
    template_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    order_by: Order = "received_at"
    descending: bool = True
    page_size: int = 50
    page_token: str | None = None


@dataclass(frozen=True)
class InvoicePage:
    invoices: Sequence[Invoice]
    next_page_token: str | None


@dataclass(frozen=True)
class StoredTemplate:
    """A template with the bytes of its reference picture, if it has one.

    `looks` is what `core.alignment.looks` makes of that picture, so that nobody has to do it again;
    it is missing where an earlier release stored the template.
    """

    template: Template
    reference: bytes | None = field(default=None, repr=False)
    looks: bytes | None = field(default=None, repr=False)


class KnownTemplate(Protocol):
    """What a `StoredTemplate` has, perhaps not fetched yet."""

    @property
    def template(self) -> Template: ...

    @property
    def reference(self) -> bytes | None:
        """Raises TransientError if it can't be fetched, or the template was deleted meanwhile."""

    @property
    def looks(self) -> bytes | None: ...


class InvoiceStore(Protocol):
    """Invoices, templates, and the little that watching remembers. Each call is a transaction.

    One that brings an invoice to its end puts what webhooks are to be told into the outbox.
    """

    def create(self, invoice: Invoice) -> tuple[Invoice, bool]:
        """Stores a new invoice, or gives the one that has this id; True if it is new."""

    def get(self, invoice_id: str) -> Invoice:
        """Raises NotFoundError."""

    def update(self, invoice_id: str, change: Callable[[Invoice], Invoice | None]) -> Invoice:
        """Applies `change` to the invoice in a transaction; None leaves it as it is.

        `change` may run more than once and must have no other effect. Raises NotFoundError, and
        whatever `change` raises.
        """

    def delete(self, invoice_id: str) -> None:
        """Raises NotFoundError."""

    def list(self, query: Query) -> InvoicePage:
        """One page. Raises RequestError for a page token that is not of this query."""

    def token_after(self, query: Query, invoice: Invoice) -> str:
        """The page token with which `list` gives what comes after the invoice in this query.

        The invoice need not be in the query itself.
        """

    def count_by_status(self) -> Mapping[Status, int]: ...

    def put_template(self, stored: StoredTemplate, *, after: int | None = None) -> Template:
        """Stores a template as its next version and gives it so numbered: 1 if the id is new, else
        one more than any version that it ever had, also before it was deleted.

        Raises RequestError (`changed_meanwhile`) if `after` is given and not the latest version
        (0 where there is none).
        """

    def get_template(self, template_id: str, version: int | None = None) -> StoredTemplate:
        """The latest version unless one is named. Raises NotFoundError."""

    def list_templates(self) -> Sequence[Template]:
        """The latest version of each, by id."""

    def template_revisions(self) -> Mapping[str, str]:
        """By id, what the latest version of each template is told by: cheap to ask for, never the
        same for two that differ, not even where one was deleted and its id taken again."""

    def delete_template(self, template_id: str, *, after: int | None = None) -> None:
        """Removes all versions.

        Raises NotFoundError, and RequestError (`changed_meanwhile`) if `after` is given and not the
        latest version.
        """

    def get_state(self, key: str) -> str | None: ...

    def set_state(self, key: str, value: str) -> None: ...

    def change_state(self, key: str, change: Callable[[str | None], str | None]) -> str | None:
        """Applies `change` to the value in a transaction; None leaves it as it is.

        Gives the value after that. `change` may run more than once.
        """


class Outbox(Protocol):
    """What webhooks are to be told, until they have been."""

    def take(self, lease: timedelta) -> Delivery | None:
        """The delivery that has been due for longest, for the caller to try; None if none is due.

        It is due again after `lease`, unless it is changed before.
        """

    def put(self, delivery: Delivery) -> None:
        """Stores the delivery in the place of what has its id."""

    def drop(self, delivery: Delivery) -> None:
        """Ends the delivery; fine if it is gone."""


@dataclass(frozen=True)
class Adapters:
    """What one process works with."""

    sources: Sequence[Source]
    objects: ObjectStore
    store: InvoiceStore
    outbox: Outbox

    @cached_property
    def shelf(self) -> Shelf:
        """The store's templates, kept at hand."""
        return Shelf(self.store)
