"""The way of an invoice that was taken in: process its object, read it again, give up on it.

Every step can be repeated. A file's bytes name its invoice, an object's generation names its event,
and the status moves inside a transaction: whoever crashes, doubles or comes late changes nothing.
"""

import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from time import monotonic
from typing import Protocol

from core.checking.twins import hold_back, seen_before
from core.errors import (
    KhanaError,
    NotFoundError,
    RequestError,
    SetupError,
    TransientError,
)
from core.identity import Part
from core.intake.arrival import as_known, invoice_of
from core.intake.origin import move_object, object_of
from core.intake.parts import file_of, split
from core.invoice import (
    ErrorInfo,
    Invoice,
    ObjectRef,
    Outcome,
    Status,
    TemplateRef,
    begin_reading,
    finish,
    is_being_read,
    now,
    put_back,
    requeue,
)
from core.observe import tell
from core.ports import Adapters, InvoiceStore, KnownTemplate
from core.review import beside_people
from core.settings import Settings
from core.shelf import template_of

log = logging.getLogger(__name__)


class FileReader(Protocol):
    """What reads a file: `core.extract.Extractor`, named here by what the pipeline needs of it, so
    that whoever only receives files doesn't load OpenCV and the model."""

    @property
    def reader(self) -> str:
        """Its version: an invoice is read once by each."""

    def extract(
        self,
        data: bytes,
        templates: Sequence[KnownTemplate],
        *,
        name: str,
        page: int | None = None,
    ) -> Outcome:
        """What the file, or this page of it alone, holds; raises as `Extractor.extract` does."""


def process(
    adapters: Adapters, extractor: FileReader, ref: ObjectRef, settings: Settings
) -> Invoice | None:
    """Reads one object and stores what it came to, once per reader and version of its template.

    So a doubled or late event changes nothing, unless one of the two is newer by then. None means
    that the object is gone: its invoice was deleted, and there is nothing to read.

    Raises:
        TransientError: try again later, which nothing hinders: the invoice waits for it and says
            why. Anything wrong with the file itself is no error here but a `failed` invoice.
    """
    started = monotonic()
    try:
        stored = adapters.objects.read(ref)
    except NotFoundError:
        return None
    invoice = as_known(adapters.store, invoice_of(stored, ref))
    # Twice the limit of one reading: a lease must outlast the reading that it protects.
    lease = timedelta(seconds=2 * settings.read_timeout)
    newest = _newest(adapters, invoice)
    idle = False

    def begin(current: Invoice) -> Invoice | None:
        nonlocal idle
        begun = begin_reading(current, reader=extractor.reader, lease=lease, newest=newest)
        idle = begun is None
        return begun

    begun = adapters.store.update(invoice.id, begin)
    if idle:
        return begun
    try:
        outcome, part = _outcome(adapters, extractor, begun, stored.data, settings)
    except (SetupError, TransientError) as error:
        # The installation is at fault, not the file: it is read once somebody has mended that.
        met = ErrorInfo.of(error)
        with suppress(NotFoundError):  # it was deleted meanwhile
            adapters.store.update(invoice.id, lambda current: put_back(current, met, begun=begun))
        raise TransientError(error.message, code=error.code) from error
    try:
        read = adapters.store.update(
            invoice.id, lambda current: finish(current, outcome, reader=extractor.reader, part=part)
        )
        if settings.duplicates == "review":
            read = hold_back(adapters.store, read)
    except NotFoundError as error:
        # Its object is gone, too, which the next try sees; or it is there, and that is another.
        said = f"{invoice.source.name}: was deleted while it was read"
        raise TransientError(said) from error
    tell(
        "read",
        invoice=read.id,
        status=outcome.status.value,
        code=outcome.error.code if outcome.error else None,
        template=outcome.template.id if outcome.template else None,
        reasons=sorted({reason.code for reason in outcome.reasons}),
        confidences=[reading.confidence for reading in outcome.fields.values()],
        stages=outcome.timings_ms,
        # Since it came in, unless it was read before and is read again now.
        age=(now() - read.received_at).total_seconds() if begun.read_at is None else None,
        ms=1e3 * (monotonic() - started),
    )
    return read


def _outcome(
    adapters: Adapters, extractor: FileReader, invoice: Invoice, data: bytes, settings: Settings
) -> tuple[Outcome, Part | None]:
    """What reading an invoice comes to, whose object has the bytes `data`, and which part of its
    file that makes it; whatever is wrong with the file is a `failed` outcome.

    Raises:
        SetupError, TransientError: the installation is at fault.
    """
    try:
        outcome = _read(adapters, extractor, invoice, data)
        if settings.duplicates == "review":
            outcome = _beside_others(adapters.store, invoice, outcome)
        if invoice.decisions or any(each.reviewed_by for each in invoice.fields.values()):
            read_with = invoice.model_copy(update={"template": outcome.template})
            template = template_of(adapters.store, read_with)
            outcome = beside_people(invoice, outcome, template, today=date.today())
        # Before the outcome is kept: after a crash in between it is all done once more.
        return outcome, split(adapters, invoice, outcome)
    except (SetupError, TransientError):
        raise
    except KhanaError as error:
        fault = ErrorInfo.of(error)
    except Exception:
        log.exception("reading %s (%s) failed", invoice.source.name, invoice.id)
        said = f"{invoice.source.name}: reading it hit a fault of Khana's; see the log"
        fault = ErrorInfo(code="internal", message=said)
    return Outcome(status=Status.FAILED, error=fault), None


def _read(adapters: Adapters, extractor: FileReader, invoice: Invoice, data: bytes) -> Outcome:
    """What the invoice holds, whose object has the bytes `data`."""
    templates = _templates(adapters, invoice)
    part = invoice.part
    if part is not None and part.page > 1:
        data = file_of(adapters, invoice)
    return extractor.extract(
        data, templates, name=invoice.source.name, page=part.page if part else None
    )


def _beside_others(store: InvoiceStore, invoice: Invoice, outcome: Outcome) -> Outcome:
    """What reading the invoice came to, which needs a look where it seems to be there already."""
    reason = seen_before(store, finish(invoice, outcome, reader=""), before=invoice)
    if reason is None:
        return outcome
    reasons = (*outcome.reasons, reason)
    return outcome.model_copy(update={"reasons": reasons, "status": Status.NEEDS_REVIEW})


_NO_ANSWER = ErrorInfo(code="reader_crashed", message="no reader came to an end with it")


def give_up(
    adapters: Adapters, ref: ObjectRef, *, tries: int, error: ErrorInfo | None = None
) -> Invoice | None:
    """The object's invoice, `failed` after the last of `tries` to read it unless it was read.

    `error` is what ended the last one, if the caller knows it; else the invoice may. None means
    that the object is gone.

    Raises:
        TransientError: a store is out of reach.
    """
    try:
        stored = adapters.objects.read(ref)
    except NotFoundError:
        return None
    invoice = as_known(adapters.store, invoice_of(stored, ref))

    def fail(current: Invoice) -> Invoice | None:
        if current.status.final:
            return None
        last = error or current.error or _NO_ANSWER
        message = (
            f"{current.source.name}: reading it failed {tries} times; the last time: {last.message}"
        )
        told = ErrorInfo(code=last.code, message=message)
        return finish(current, Outcome(status=Status.FAILED, error=told), reader="")

    given_up = adapters.store.update(invoice.id, fail)
    if given_up.error is not None:
        tell("given up", invoice=given_up.id, code=given_up.error.code, tries=tries)
    return given_up


def read_again(adapters: Adapters, invoice_id: str, *, template: str | None = None) -> Invoice:
    """Has the invoice read once more, with `template` if one is named.

    Its object is announced anew and says so by itself (`core.intake.arrival.as_known`): should this
    stop half-way, it is read all the same.

    Raises:
        NotFoundError: there is no such invoice, or its file is gone.
        ConflictError: its file was never taken in, or it is being read at the moment.
        TransientError: a store is out of reach.
    """
    before = adapters.store.get(invoice_id)
    again = uuid.uuid4().hex
    wanted = requeue(before, template=template, again=again)
    metadata = {"again": again} | ({"template": template} if template else {})
    ref = adapters.objects.announce(object_of(wanted), metadata)

    def ask(current: Invoice) -> Invoice | None:
        if current.again != before.again or is_being_read(current):
            return None  # a reader was quicker, or will come to it
        # Noted at once: what the object was called before is gone, also for who looks at its page.
        return move_object(requeue(current, template=template, again=again), ref)

    return adapters.store.update(invoice_id, ask)


def _templates(adapters: Adapters, invoice: Invoice) -> Sequence[KnownTemplate]:
    """Those that the invoice may be read with."""
    asked = invoice.requested_template
    if asked is None:
        return adapters.shelf.all()
    try:
        return [adapters.store.get_template(asked)]
    except NotFoundError as error:
        raise RequestError(
            f"{invoice.source.name}: is to be read with the template {asked}, which does not exist",
            code="unknown_template",
        ) from error


def _newest(adapters: Adapters, invoice: Invoice) -> TemplateRef | None:
    """What the template that a read invoice was read with is in by now; None if it is gone."""
    if invoice.template is None or not invoice.status.final:
        return None
    for known in adapters.shelf.all():
        if known.template.id == invoice.template.id:
            return TemplateRef(id=known.template.id, version=known.template.version)
    return None
