"""/v1/invoices/{id}/image and /crops: what a person looks at to check what was read."""

import hashlib
from collections.abc import Callable
from typing import Any

import flask

from core.errors import NotFoundError
from core.intake.origin import object_of
from core.intake.parts import file_of
from core.pictures import as_it_came, crop, to_jpeg, to_png
from functions.api.context import context
from functions.api.routes import blueprint
from functions.api.schemas import CropPath, ErrorBody, ImageQuery, InvoicePath

# Opened by itself, a picture is nothing but a picture, whatever else its bytes could be taken for.
_POLICY = "default-src 'none'; sandbox"

_PICTURES = {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The picture"}

api = blueprint("pictures")


@api.get("/v1/invoices/<string:invoice_id>/image", responses={200: _PICTURES, 404: ErrorBody})
def get_image(path: InvoicePath, query: ImageQuery) -> Any:
    """Gives a page: a JPEG or PNG as it came, others as PNG, or scaled down as JPEG."""
    here = context()
    invoice = here.adapters.store.get(path.invoice_id)
    ref = object_of(invoice)
    identity = (ref, query.page, query.width, invoice.page_sizes.get(query.page))

    def make() -> tuple[bytes, str]:
        data = file_of(here.adapters, invoice)
        kind = as_it_came(data, name=invoice.source.name)
        if query.width is not None:
            page = here.pages.page(invoice, query.page)
            return to_jpeg(page, query.width), "image/jpeg"
        if kind is None:
            return to_png(here.pages.page(invoice, query.page)), "image/png"
        if query.page != 1:
            raise NotFoundError(
                f"{invoice.source.name}: has no page {query.page}, only 1", code="no_such_page"
            )
        return data, kind

    answer = _answer(identity, make)
    if query.width is not None:
        # A small picture shows which invoice it is, nothing exact, and the id is made of its bytes.
        answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


@api.get(
    "/v1/invoices/<string:invoice_id>/crops/<string:field>.png",
    responses={200: _PICTURES, 404: ErrorBody},
)
def get_crop(path: CropPath) -> Any:
    """Gives what a field was read from: its box with a little margin, upright, as PNG."""
    here = context()
    invoice = here.adapters.store.get(path.invoice_id)
    reading = invoice.fields.get(path.field)
    if reading is None:
        raise NotFoundError(f"{invoice.source.name}: has no field {path.field!r}")
    identity = (object_of(invoice), reading.page, reading.box, reading.turn, invoice.page_sizes)
    return _answer(
        identity,
        lambda: (to_png(crop(here.pages.page(invoice, reading.page), reading)), "image/png"),
    )


def _answer(identity: object, make: Callable[[], tuple[bytes, str]]) -> flask.Response:
    """The picture that `make` gives, or, before it is made, that the browser still has it.

    All that it depends on is in `identity`.
    """
    tag = hashlib.sha256(repr(identity).encode()).hexdigest()[:32]
    if flask.request.if_none_match.contains(tag):
        answer = flask.Response(status=304)
    else:
        data, content_type = make()
        answer = flask.Response(data, content_type=content_type)
    answer.set_etag(tag)
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
