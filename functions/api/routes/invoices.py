"""/v1/invoices: take in, list, show, review, read again, delete."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, BinaryIO, cast

import flask

from core.checking.twins import made_twin
from core.errors import ConflictError, NotFoundError, RequestError
from core.intake.arrival import receive
from core.intake.parts import check_deletable
from core.invoice import Invoice, SourceRef, public
from core.names import file_name
from core.observe import tell
from core.pipeline import read_again
from core.ports import Adapters
from core.review import correct, reject, review
from core.shelf import template_of
from core.template import Kind, Template
from core.values.parse import parse_value, typed_in
from core.values.value import Value
from functions.api.access import name_or
from functions.api.context import context
from functions.api.etags import must_match, tagged
from functions.api.limits import AtOnce
from functions.api.repeats import Repeats
from functions.api.routes import blueprint
from functions.api.schemas import (
    ChangeHeaders,
    ErrorBody,
    InvoiceBody,
    InvoiceList,
    InvoicePath,
    ListQuery,
    ReadRequest,
    Review,
    UploadForm,
    UploadHeaders,
    UploadQuery,
)

LONGEST_WAIT_S = 30.0
"""Of `?wait=true`. Proxies and load balancers give up on an answer after about a minute."""

_UPLOADS = AtOnce(4)
_WAITING = AtOnce(2)
"""Of the eight requests that `khana serve` answers at once: whoever looks finds one free, too."""

_POLL_S = 0.05
_LONGEST_POLL_S = 0.5
"""Each look may be a document that Google bills, and who waits long doesn't mind half a second."""

api = blueprint("invoices")


@api.post(
    "/v1/invoices",
    responses={
        200: InvoiceBody,
        202: InvoiceBody,
        404: ErrorBody,
        409: ErrorBody,
        413: ErrorBody,
        415: ErrorBody,
        429: ErrorBody,
    },
)
def create_invoice(form: UploadForm, query: UploadQuery, header: UploadHeaders) -> Any:
    """Takes in a file and has it read.
    The same bytes are the same invoice, under whatever name they come. 202 unless `wait` is set and
    it has been read by then. 409 says that the same is under way under the same `Idempotency-Key`:
    come again in a moment; 404 that what came under it was deleted since; 429 that too many send
    files at once: come again after `Retry-After`, with the same key.
    """
    with _UPLOADS() as room:
        if not room:
            raise RequestError(
                "too many send files at once: wait a little", code="too_many_uploads"
            )
        invoice = _taken_in(form, header)
    return _made(context().adapters, invoice, wait=query.wait)


def _taken_in(form: UploadForm, header: UploadHeaders) -> Invoice:
    from core.page import Limits, check  # noqa: PLC0415  # loads OpenCV

    here = context()
    name = file_name(form.file.filename)
    data = form.file.read()
    check(data, Limits.of(here.settings), name=name)
    form.file.seek(0)
    if form.template is not None:
        _check_template(here.adapters, form.template)
    repeats = (
        Repeats(here.adapters.store, header.idempotency_key, caller=name_or(""))
        if header.idempotency_key
        else None
    )
    if repeats and (known := repeats.begin(data, form.template)):
        return here.adapters.store.get(known)
    try:
        invoice = _received(form, name)
    except BaseException:
        if repeats:
            repeats.give_up()
        raise
    if repeats:
        repeats.note(data, form.template, invoice.id)
    return invoice


def _received(form: UploadForm, name: str) -> Invoice:
    here = context()
    # A name is all the identity that an upload has: sent again, it adds no source.
    source = SourceRef(kind="upload", file_id=name, name=name)
    stream = cast(BinaryIO, form.file.stream)
    invoice = receive(here.adapters, stream, source, here.settings, template=form.template)
    if form.template not in (None, invoice.requested_template):
        # The first page comes last: until it is done, the same upload does the rest.
        for page in reversed(invoice.part.ids[1:] if invoice.part else ()):
            with suppress(NotFoundError):  # that one was deleted
                read_again(here.adapters, page, template=form.template)
        invoice = read_again(here.adapters, invoice.id, template=form.template)
    return invoice


def _made(adapters: Adapters, invoice: Invoice, *, wait: bool) -> flask.Response:
    if wait:
        with _WAITING() as room:
            # With too many who wait, nobody who only looks would get an answer.
            invoice = _wait(adapters, invoice) if room else invoice
    return tagged(public(invoice), 200 if wait and invoice.status.final else 202)


@api.get("/v1/invoices", responses={200: InvoiceList})
def list_invoices(query: ListQuery) -> Any:
    """Lists invoices, the last that came in first."""
    adapters = context().adapters
    names = adapters.shelf.names() if query.q else {}
    page = adapters.store.list(
        query.query(names, page_size=query.page_size, page_token=query.page_token)
    )
    return {
        "invoices": [public(invoice) for invoice in page.invoices],
        "next_page_token": page.next_page_token,
    }


@api.get("/v1/invoices/<string:invoice_id>", responses={200: InvoiceBody, 404: ErrorBody})
def get_invoice(path: InvoicePath) -> Any:
    """Gives one invoice."""
    return tagged(public(context().adapters.store.get(path.invoice_id)))


@api.patch(
    "/v1/invoices/<string:invoice_id>",
    responses={200: InvoiceBody, 404: ErrorBody, 409: ErrorBody, 412: ErrorBody},
)
def review_invoice(path: InvoicePath, body: Review, header: ChangeHeaders) -> Any:
    """Corrects values and says that a person has looked, or rejects the invoice.
    The first makes it done, the second failed. Where a required value is missing or a rule broken,
    it is kept as `needs_review` with `reasons` that say so, unless `insist` is set.
    What a person types is understood as what is printed is. `original` keeps the reader's value.
    """
    here = context()
    store = here.adapters.store
    invoice = store.get(path.invoice_id)
    template = template_of(store, invoice)
    values = {
        name: _typed(invoice, template, name, typed.value) for name, typed in body.fields.items()
    }

    by = name_or(body.reviewed_by)
    doubt = None
    if values and here.settings.duplicates == "review" and body.rejected_because is None:
        doubt = made_twin(store, correct(invoice, values, by=by), before=invoice)

    def change(current: Invoice) -> Invoice:
        must_match(public(current))
        if current.template != invoice.template:
            raise ConflictError(f"{current.source.name}: was read with another template meanwhile")
        if body.rejected_because is not None:
            return reject(current, body.rejected_because, by=by)
        return review(
            current,
            values,
            template=template,
            by=by,
            today=date.today(),
            insist=body.insist,
            doubt=doubt,
        )

    changed = store.update(invoice.id, change)
    tell("reviewed", invoice=changed.id, status=changed.status.value, corrected=len(values))
    return tagged(public(changed))


@api.delete(
    "/v1/invoices/<string:invoice_id>",
    responses={204: None, 404: ErrorBody, 409: ErrorBody, 412: ErrorBody},
)
def delete_invoice(path: InvoicePath, header: ChangeHeaders) -> Any:
    """Removes an invoice and its file.
    The first page of a file that holds an invoice a page keeps the file: it goes last.
    """
    adapters = context().adapters
    invoice = adapters.store.get(path.invoice_id)
    must_match(public(invoice))
    check_deletable(adapters.store, invoice)
    if invoice.object is not None:
        # The file first: should this stop half-way, the invoice is there to be deleted again, while
        # a file alone would become an invoice once more.
        adapters.objects.delete(invoice.object)
    adapters.store.delete(invoice.id)
    return "", 204


@api.post(
    "/v1/invoices/<string:invoice_id>:read",
    responses={202: InvoiceBody, 404: ErrorBody, 409: ErrorBody, 412: ErrorBody},
)
def read_invoice(path: InvoicePath, body: ReadRequest, header: ChangeHeaders) -> Any:
    """Has an invoice read again, with what templates and reader are now.
    Corrected fields stay as they are.
    """
    adapters = context().adapters
    if body.template is not None:
        _check_template(adapters, body.template)
    must_match(public(adapters.store.get(path.invoice_id)))
    return tagged(public(read_again(adapters, path.invoice_id, template=body.template)), 202)


def _wait(adapters: Adapters, invoice: Invoice) -> Invoice:
    until = time.monotonic() + LONGEST_WAIT_S
    pause = _POLL_S
    while not invoice.status.final and time.monotonic() < until:
        time.sleep(pause)
        pause = min(1.2 * pause, _LONGEST_POLL_S)
        invoice = adapters.store.get(invoice.id)
    return invoice


def _check_template(adapters: Adapters, template_id: str) -> None:
    """Raises RequestError if there is no such template."""
    try:
        adapters.store.get_template(template_id)
    except NotFoundError as error:
        # Not "not found": the address that was asked for is there.
        raise RequestError(error.message, code="unknown_template") from error


_EXPECTED = {
    Kind.NUMBER: "a number",
    Kind.AMOUNT: "an amount",
    Kind.DATE: "a date",
    Kind.TEXT: "a text",
}


def _typed(invoice: Invoice, template: Template | None, name: str, text: str | None) -> Value:
    """What `text` means, typed by a person for the field `name`. Raises RequestError."""
    reading = invoice.fields.get(name)
    if reading is None:
        raise RequestError(
            f"{invoice.source.name}: has no field {name!r} that was read",
            code="unknown_field",
        )
    field = next((f for f in template.fields if f.name == name), None) if template else None
    if text is None or not text.strip():
        return Value(None)
    pattern = field.pattern if field else None
    date_order = template.date_order if template else "dmy"
    meant = typed_in(field, text) if field and field.kind is reading.kind else text
    value = parse_value(reading.kind, meant, date_order=date_order, pattern=pattern)
    if value.value is None:
        expected = f"of the form {pattern}" if pattern else _EXPECTED[reading.kind]
        raise RequestError(f"{name}: {text!r} is not {expected}", code="invalid_value")
    return replace(value, typed=text)
