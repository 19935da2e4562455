"""What Khana keeps of one file: its source, what was read, and how far it has come.

The status moves forward only, by functions, inside a transaction of the store:

    received ──> reading ──> done | needs_review | failed
     ▲    ▲         │                  │
     │    └─put back┘                  │   (a fault that passes)
     └────────── requeue ──────────────┘   (a new template or reader, or on request)

and a person who has looked (`core.review`) makes `needs_review` `done`, or `failed` where it is no
invoice to keep.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from core.errors import BusyError, ConflictError, KhanaError
from core.identity import Part
from core.names import fit
from core.template import Box, Kind, Turn


class Status(StrEnum):
    RECEIVED = "received"
    READING = "reading"
    DONE = "done"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (Status.DONE, Status.NEEDS_REVIEW, Status.FAILED)


class _Model(BaseModel):
    # What leaves has all its keys, and its description is to say so.
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


class Reading(_Model):
    """What was read in one box.

    `text` is what is printed; `value` what it means, None where the text doesn't parse;
    `confidence` the calibrated probability in [0, 1] that the whole field is right; `box` in pixels
    of the page as it came in, on which what is printed lies turned by `turn` (scanned on its side).
    `exact` says that the file's own text (a PDF's) agrees with what is seen; `vouched_by` is the
    rule of the template that makes it so sure, which held of what was read. `original` is the
    reader's value once a person has corrected it.
    """

    text: str
    value: str | None
    kind: Kind
    confidence: float
    box: Box
    turn: Turn = 0
    page: int = 1
    hijri: str | None = None
    exact: bool = False
    vouched_by: str | None = None
    original: str | None = None
    reviewed_by: str | None = None


class SourceRef(_Model):
    """Where a file came from. `file_id` is its identity there, `link` opens it for a person.

    Whoever put it there chose the name, which is kept as `core.names.fit` makes it.
    """

    kind: Literal["drive", "upload", "folder"]
    file_id: str
    name: Annotated[str, AfterValidator(fit)]
    link: str | None = None


class ObjectRef(_Model):
    """One generation of one object in the bucket."""

    bucket: str
    name: str
    generation: int


class TemplateRef(_Model):
    id: str
    version: int


class Reason(_Model):
    """Why an invoice needs review. `code` is stable, `message` one sentence for people.

    `proposed` holds, by field, a value among the next-best readings that would mend it, where there
    is exactly one. It is for a person to take: nothing applies it. `rule` is the one that is
    broken, as the template has it.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    proposed: dict[str, str] = {}
    rule: str | None = None


REJECTED = "rejected"
"""The code of the error of an invoice that a person has refused."""


class ErrorInfo(_Model):
    code: str
    message: str

    @classmethod
    def of(cls, error: KhanaError) -> "ErrorInfo":
        return cls(code=error.code, message=error.message)


class Correction(_Model):
    """One entry of the audit trail: `by` said at `at` that `field` holds `after`.

    `before` and `after` are values; where they are equal, a person has confirmed what was read.
    `typed` is what they typed: it may tell how the box is printed.
    """

    field: str
    before: str | None
    after: str | None
    by: str
    at: datetime
    typed: str | None = None


class Decision(_Model):
    """Another entry of the audit trail: `by` accepted the invoice at `at` (`done`), or rejected it.

    `reasons` are those for a review that no correction of theirs answers: what they accepted
    nevertheless, or what was said against what they rejected. `why` is what they said then.
    """

    status: Literal[Status.DONE, Status.FAILED]
    by: str
    at: datetime
    reasons: tuple[Reason, ...] = ()
    why: str | None = None


class Note(_Model):
    """What became of the file at its source since it was taken in: nothing of it is deleted here.

    `code` is `renamed`, `moved_out`, `trashed`, `removed` or `back`.
    """

    code: str
    message: str
    at: datetime


class Outcome(_Model):
    """What reading a file came to. `page_sizes` are as in `Invoice`.

    `invoices` is how many the file holds: one a page where the template that was found says so.
    """

    status: Literal[Status.DONE, Status.NEEDS_REVIEW, Status.FAILED]
    template: TemplateRef | None = None
    fields: dict[str, Reading] = {}
    page_sizes: dict[int, tuple[int, int]] = {}
    reasons: tuple[Reason, ...] = ()
    error: ErrorInfo | None = None
    timings_ms: dict[str, float] = {}
    invoices: int = 1


INTERNAL = frozenset({"lease_until", "requested_template", "again"})
"""What an invoice notes for Khana's own sake: not part of what leaves it."""


class Invoice(_Model):
    """One file's bytes, once, however often and under whatever names they came in.

    `duplicates` are the later sources of the same bytes. `requested_template` is the template that
    the sender asked for, and `again` the last request to read it again that was heeded, which its
    object names too. `lease_until` is set while a reader works on it. `page_sizes` holds, per page
    that was read (1 is the first), the width and height in pixels that boxes on it refer to: a page
    of a PDF has no size in pixels of its own. `corrections` are all that people ever made, the
    oldest first, and `decisions` that they accepted or rejected it. `error` says why it failed or,
    while it waits, what the last try met with. `notes` tell what became of the file at its source,
    the oldest first. Where the file has several revisions, `replaces` is the invoice of the one
    before and `replaced_by` that of the one after. `part` says which page of a file it is that
    holds an invoice a page; that page is then its page 1, and `object` announces it alone
    (`core.intake.parts`).
    """

    id: str
    status: Status = Status.RECEIVED
    source: SourceRef
    duplicates: tuple[SourceRef, ...] = ()
    object: ObjectRef | None = None
    requested_template: str | None = None
    again: str | None = None
    template: TemplateRef | None = None
    fields: dict[str, Reading] = {}
    corrections: tuple[Correction, ...] = ()
    decisions: tuple[Decision, ...] = ()
    page_sizes: dict[int, tuple[int, int]] = {}
    reasons: tuple[Reason, ...] = ()
    error: ErrorInfo | None = None
    reader: str | None = None
    received_at: datetime
    read_at: datetime | None = None
    lease_until: datetime | None = None
    timings_ms: dict[str, float] = {}
    notes: tuple[Note, ...] = ()
    replaces: str | None = None
    replaced_by: str | None = None
    part: Part | None = None

    def key_field(self, *names: str, kind: Kind) -> Reading | None:
        """The reading under the first of `names` that is of `kind`, else the first of `kind`.

        A number may also be a text: invoice numbers can hold letters.
        """
        kinds = {kind, Kind.TEXT} if kind is Kind.NUMBER else {kind}
        for name in names:
            if name in self.fields and self.fields[name].kind in kinds:
                return self.fields[name]
        return next((r for r in self.fields.values() if r.kind is kind), None)

    def turn(self, page: int) -> Turn:
        """How far what is printed on that page lies turned clockwise; 0 where nothing was read."""
        return next((r.turn for r in self.fields.values() if r.page == page), 0)

    @property
    def accepted(self) -> bool:
        """Whether it is done, and a person has said so since it was read."""
        return self.status is Status.DONE and any(
            each.status is Status.DONE and (self.read_at is None or each.at >= self.read_at)
            for each in self.decisions
        )

    @property
    def rejected(self) -> bool:
        """Whether it has failed because a person has said so."""
        return self.error is not None and self.error.code == REJECTED

    @property
    def number(self) -> str | None:
        reading = self.key_field("invoice_number", "number", kind=Kind.NUMBER)
        return reading.value if reading else None

    @property
    def date(self) -> str | None:
        reading = self.key_field("date", "invoice_date", kind=Kind.DATE)
        return reading.value if reading else None

    @property
    def total(self) -> Decimal | None:
        reading = self.key_field("total", "grand_total", kind=Kind.AMOUNT)
        return Decimal(reading.value) if reading and reading.value else None


def public(invoice: Invoice) -> dict[str, Any]:
    """The invoice as the contract's JSON."""
    return invoice.model_dump(mode="json", exclude=set(INTERNAL))


def now() -> datetime:
    return datetime.now(UTC)


def begin_reading(
    invoice: Invoice, *, reader: str, lease: timedelta, newest: TemplateRef | None = None
) -> Invoice | None:
    """The invoice as being read, or None if there is nothing to do.

    Nothing is to be done when this reader has finished it already (a doubled or late event), unless
    the template that it was read with has a newer version: `newest`, if the caller knows it. Nor
    is what a person has corrected, accepted or rejected: it is read again when it is asked for
    (`requeue`). A lease that ends later than one which begins now is of a clock that was wrong, and
    holds nobody up: its reader may be long dead.

    Raises:
        BusyError: another delivery is reading it and its lease still runs.
    """
    if invoice.status.final and (
        _is_settled(invoice)
        or (invoice.reader == reader and not _is_older(invoice.template, newest))
    ):
        return None
    if is_being_read(invoice, longest=lease):
        raise BusyError(f"{invoice.source.name}: is being read by another worker")
    return invoice.model_copy(update={"status": Status.READING, "lease_until": now() + lease})


def put_back(invoice: Invoice, error: ErrorInfo, *, begun: Invoice) -> Invoice | None:
    """The invoice as waiting for another try, after the one that made it `begun` met with `error`.

    None if somebody else has it in hand by now, or is done with it.
    """
    if (invoice.status, invoice.lease_until) != (begun.status, begun.lease_until):
        return None
    return invoice.model_copy(
        update={"status": Status.RECEIVED, "lease_until": None, "error": error}
    )


def finish(invoice: Invoice, outcome: Outcome, *, reader: str, part: Part | None = None) -> Invoice:
    """The invoice with what reading it came to, and which `part` of its file it turned out to be.

    Corrected fields stay, and what is said against them alone is no reason for another review; but
    what was wrong with them as a person left them (`core.review`) is so still.
    """
    reviewed = {name: r for name, r in invoice.fields.items() if r.reviewed_by is not None}

    def is_of_reviewed(reason: Reason) -> bool:
        return bool(reason.fields) and reviewed.keys() >= set(reason.fields)

    reasons = tuple(reason for reason in outcome.reasons if not is_of_reviewed(reason))
    status: Status = outcome.status
    if status is not Status.FAILED:
        settled = len(reasons) < len(outcome.reasons)
        reasons = (*filter(is_of_reviewed, invoice.reasons), *reasons)
        if reasons:
            status = Status.NEEDS_REVIEW
        elif settled:
            status = Status.DONE
    return invoice.model_copy(
        update={name: value for name, value in outcome if name != "invoices"}
        | {
            "part": invoice.part or part,
            "status": status,
            "fields": outcome.fields | reviewed,
            "reasons": reasons,
            "reader": reader,
            "read_at": now(),
            "lease_until": None,
        }
    )


def requeue(invoice: Invoice, *, template: str | None = None, again: str | None = None) -> Invoice:
    """The invoice as to be read again, whatever read it before, with `template` if one is named,
    because the request `again` asks for it.

    Raises:
        ConflictError: its file was never taken in, or it is being read at the moment.
    """
    if invoice.object is None:
        raise ConflictError(f"{invoice.source.name}: its file was not taken in", code="no_file")
    if is_being_read(invoice):
        # Whoever reads it now would overwrite the new request with its own outcome.
        raise ConflictError(f"{invoice.source.name}: is being read; ask again after that")
    return invoice.model_copy(
        update={
            "status": Status.RECEIVED,
            "requested_template": template or invoice.requested_template,
            "again": again or invoice.again,
            "reader": None,
            "lease_until": None,
            "error": None,
        }
    )


def is_being_read(invoice: Invoice, *, longest: timedelta = timedelta.max) -> bool:
    """Whether a reader has it in hand whose lease still runs, and not for longer than that."""
    until = invoice.lease_until
    if invoice.status is not Status.READING or until is None:
        return False
    return timedelta() < until - now() <= longest


def _is_settled(invoice: Invoice) -> bool:
    """Whether what it holds is a person's word."""
    corrected = any(reading.reviewed_by is not None for reading in invoice.fields.values())
    return invoice.rejected or corrected or invoice.accepted


def _is_older(template: TemplateRef | None, newest: TemplateRef | None) -> bool:
    if template is None or newest is None:
        return False
    return template.id == newest.id and template.version < newest.version
