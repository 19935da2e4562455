"""Reading boxes at once, while somebody draws them: nothing is stored."""

import json

from core.errors import TemplateError
from core.invoice import Outcome
from core.pipeline import FileReader
from core.ports import StoredTemplate
from core.template import Kind, Template, parse_template


def try_read(
    reader: FileReader,
    data: bytes,
    template: bytes,
    *,
    name: str,
    reference: bytes | None = None,
    page: int | None = None,
) -> Outcome:
    """What the boxes of a template hold: on the very page that they were drawn on, which is only
    scaled, or on another page of the form, which is aligned to `reference`, a picture of the form.

    data: the file, called `name`. template: its JSON, in which `id`, `reference` and `rules` may be
    missing and don't count. page: where it isn't None, this page of the file is all of it.

    Raises:
        TemplateError: it is no template, or `reference` can't be used.
        TransientError, SetupError: as `Extractor.extract` does.
    """
    try:
        drawn = json.loads(template)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"template: not JSON: {error}") from error
    if not isinstance(drawn, dict):
        raise TemplateError("template: must be a JSON object")
    drawn = drawn | {"id": "trial", "reference": None, "rules": []}
    templates = [StoredTemplate(parse_template(drawn), reference)]
    return reader.extract(data, templates, name=name, page=page)


def cutting(
    reader: FileReader, picture: bytes, template: Template, *, name: str
) -> tuple[str, ...]:
    """The fields of `template`, but for texts, whose boxes cut through what stands there on its
    reference picture, called `name`: where nobody has filled that in, none does.

    Raises:
        TransientError: as `Extractor.extract` does.
    """
    fields = tuple(
        field.model_copy(update={"page": None})
        for field in template.fields
        if template.page_of(field) == template.page and field.kind is not Kind.TEXT
    )
    if not fields:
        return ()
    drawn = {"page": 1, "fields": fields, "reference": None, "rules": ()}
    known = StoredTemplate(template.model_copy(update=drawn))
    reasons = reader.extract(picture, [known], name=name).reasons
    return tuple(field for each in reasons if each.code == "cut_off" for field in each.fields)
