"""/templates: the forms that Khana knows, and the page on which their boxes are drawn."""

import hashlib

import flask

from core.access import Role
from core.errors import FileError, NotFoundError, RequestError
from core.names import file_name
from core.pictures import as_it_came, has_picture, to_jpeg, to_png
from core.ports import Query, StoredTemplate
from core.template import Template, dump_template
from functions.api.access import may
from functions.api.context import context
from functions.api.etags import tag
from functions.api.pages.answers import page


def templates() -> flask.Response:
    """The list of forms, each with its picture."""
    store = context().adapters.store
    return page("templates.html", templates=store.list_templates(), may_change=may(Role.ADMIN))


def new_template() -> flask.Response:
    """The editor without a box, on the page of an invoice if the address names one."""
    store, asked = context().adapters.store, flask.request.args.get("invoice")
    picture, sample = None, None
    if asked:
        sample = store.get(asked)
        picture = flask.url_for("pictures.get_image", invoice_id=sample.id)
    return _editor(None, picture=picture, sample_name=sample.source.name if sample else "")


def template(template_id: str) -> flask.Response:
    """The editor with the boxes of the latest version."""
    stored = context().adapters.store.get_template(template_id)
    return _editor(stored.template, picture=_picture_address(stored))


def template_picture(template_id: str) -> flask.Response:
    """The picture of the form, as browsers show it; with `width`, a smaller one."""
    asked = flask.request.args
    version, width = asked.get("version", type=int), asked.get("width", type=int)
    stored = context().adapters.store.get_template(template_id, version)
    if stored.reference is None:
        raise NotFoundError(f"{template_id}: has no picture", code="no_file")
    identity_ = repr((hashlib.sha256(stored.reference).digest(), stored.template.page_size, width))
    answer = flask.make_response()
    answer.set_etag(hashlib.sha256(identity_.encode()).hexdigest()[:32])
    if not flask.request.if_none_match.contains(answer.get_etag()[0] or ""):
        data, answer.content_type = _shown(stored.template, stored.reference, width)
        answer.set_data(data)
    return answer.make_conditional(flask.request)  # type: ignore[return-value]  # it is itself


def page_picture() -> flask.Response:
    """A page of the file that is sent, as PNG: browsers draw no pages of PDFs themselves."""
    file = flask.request.files.get("file")
    number = flask.request.form.get("page", 1, type=int)
    if file is None:
        raise RequestError("send a file")
    pixels, pages = context().pages.page_of(
        file.read(), number, (1, 1), name=file_name(file.filename)
    )
    answer = flask.Response(to_png(pixels), content_type="image/png")
    answer.headers["X-Pages"] = str(pages)
    return answer


def _editor(
    template: Template | None, *, picture: str | None, sample_name: str = ""
) -> flask.Response:
    dumped = None if template is None else dump_template(template)
    return page(
        "template.html",
        template=template,
        dumped=dumped,
        tag=None if dumped is None else tag(dumped),
        picture=picture,
        sample_name=sample_name,
        may_change=may(Role.ADMIN),
    )


def _picture_address(stored: StoredTemplate) -> str | None:
    """Where the editor gets the page that it draws on: the form's picture, else an invoice's."""
    template = stored.template
    if stored.reference is not None:
        return flask.url_for(
            "page.template_picture", template_id=template.id, version=template.version
        )
    read = context().adapters.store.list(Query(template=template.id, page_size=1)).invoices
    if not read or not has_picture(read[0]):
        return None
    return flask.url_for("pictures.get_image", invoice_id=read[0].id, page=template.page)


def _shown(template: Template, reference: bytes, width: int | None) -> tuple[bytes, str]:
    kind = as_it_came(reference, name=template.id)
    if width is None and kind is not None:
        return reference, kind
    try:
        pixels, _ = context().pages.page_of(reference, 1, template.page_size, name=template.id)
    except FileError as error:
        raise NotFoundError(error.message, code=error.code) from error
    if width is None:
        return to_png(pixels), "image/png"
    return to_jpeg(pixels, min(max(width, 16), 2000)), "image/jpeg"
