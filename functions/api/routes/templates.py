"""/v1/templates: the forms that Khana knows."""

import json
from typing import Any

from core.checking.checks import check_rules
from core.errors import ConflictError, FileError, RequestError, TemplateError
from core.intake.parts import file_of
from core.names import file_name
from core.ports import StoredTemplate
from core.template import Template, dump_template, parse_template
from functions.api.context import context
from functions.api.etags import must_match, tagged
from functions.api.routes import blueprint
from functions.api.schemas import (
    ChangeHeaders,
    ErrorBody,
    TemplateForm,
    TemplateList,
    TemplatePath,
    TrialForm,
    TrialResult,
)

api = blueprint("templates")


@api.get("/v1/templates", responses={200: TemplateList})
def list_templates() -> Any:
    """Lists the latest version of each template, by id."""
    return {"templates": [dump_template(t) for t in context().adapters.store.list_templates()]}


@api.post(
    "/v1/templates",
    responses={201: Template, 409: ErrorBody, 413: ErrorBody, 415: ErrorBody},
)
def create_template(form: TemplateForm) -> Any:
    """Adds a template."""
    stored = _checked(form, known=None)
    try:
        made = context().adapters.store.put_template(stored, after=0)
    except RequestError as error:
        if error.code != "changed_meanwhile":
            raise
        template_id = stored.template.id
        raise ConflictError(
            f"{template_id}: is there already; PUT /v1/templates/{template_id} adds a version",
            code="already_exists",
        ) from error
    return tagged(dump_template(made), 201)


@api.post(
    "/v1/templates:tryRead",
    responses={200: TrialResult, 404: ErrorBody, 413: ErrorBody, 415: ErrorBody},
)
def try_boxes(form: TrialForm) -> Any:
    """Reads the boxes of a page, or of an earlier invoice, at once; stores nothing."""
    name, data, page = _page_to_try(form)
    outcome = context().trials.read(
        data,
        form.template.read(),
        name=name,
        reference=form.reference.read() if form.reference else None,
        page=page,
    )
    if outcome.error is not None:
        raise FileError(outcome.error.message, code=outcome.error.code)
    return TrialResult(
        fields=outcome.fields, reasons=outcome.reasons, timings_ms=outcome.timings_ms
    ).model_dump(mode="json")


@api.get("/v1/templates/<string:template_id>", responses={200: Template, 404: ErrorBody})
def get_template(path: TemplatePath) -> Any:
    """Gives the latest version of a template."""
    return tagged(dump_template(context().adapters.store.get_template(path.template_id).template))


@api.put(
    "/v1/templates/<string:template_id>",
    responses={
        200: Template,
        404: ErrorBody,
        409: ErrorBody,
        412: ErrorBody,
        413: ErrorBody,
        415: ErrorBody,
    },
)
def update_template(path: TemplatePath, form: TemplateForm, header: ChangeHeaders) -> Any:
    """Adds the next version of a template. What was read stays as it is until it is read again."""
    store = context().adapters.store
    known = store.get_template(path.template_id)
    stored = _checked(form, known=known)
    if stored.template.id != path.template_id:
        raise RequestError(
            f"the template calls itself {stored.template.id!r}, not {path.template_id!r}",
            code="invalid_template",
        )
    after = _seen(known, header)
    return tagged(dump_template(store.put_template(stored, after=after)))


@api.delete(
    "/v1/templates/<string:template_id>", responses={204: None, 404: ErrorBody, 412: ErrorBody}
)
def delete_template(path: TemplatePath, header: ChangeHeaders) -> Any:
    """Removes a template. What was read with it stays."""
    store = context().adapters.store
    known = store.get_template(path.template_id)
    store.delete_template(path.template_id, after=_seen(known, header))
    return "", 204


def _seen(known: StoredTemplate, header: ChangeHeaders) -> int | None:
    """The version after which a change must come, if the request says what its sender has seen.

    Raises:
        RequestError: `changed_meanwhile`: they have seen another than `known`.
    """
    must_match(dump_template(known.template))
    return None if header.if_match in (None, "*") else known.template.version


def _page_to_try(form: TrialForm) -> tuple[str, bytes, int | None]:
    """The name and the bytes of the file or of the invoice that the form names, and the page if it
    is no more than one of it."""
    if (form.file is None) is (form.invoice is None):
        raise RequestError("send either a file or the id of an invoice")
    if form.file is not None:
        return file_name(form.file.filename), form.file.read(), None
    here = context()
    invoice = here.adapters.store.get(str(form.invoice))
    page = invoice.part.page if invoice.part else None
    return invoice.source.name, file_of(here.adapters, invoice), page


def _checked(form: TemplateForm, *, known: StoredTemplate | None) -> StoredTemplate:
    """The template of the form with its picture, which is that of `known` if none came along.

    Raises:
        TemplateError: it can't be used.
        FileError: the picture can't.
    """
    where = file_name(form.template.filename)
    try:
        data = json.load(form.template.stream)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{where}: not JSON: {error}") from error
    template = parse_template(data, where=where)
    check_rules(template)
    if form.reference is not None:
        name = template.reference or file_name(form.reference.filename)
        template = template.model_copy(update={"reference": name})
        return _learned(template, form.reference.read(), where=name)
    if template.reference is None:
        return StoredTemplate(template)
    if known is None or known.reference is None:
        raise TemplateError(
            f"{where}: its reference picture {template.reference} did not come along: send it as "
            "`reference`",
            code="reference_missing",
        )
    return _learned(template, known.reference, where=template.reference)


def _learned(template: Template, picture: bytes, *, where: str) -> StoredTemplate:
    from core.alignment.learn import with_looks  # noqa: PLC0415  # loads OpenCV

    return with_looks(StoredTemplate(template, picture), context().settings, where=where)
