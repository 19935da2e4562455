"""/v1/invoices:export: all invoices of a query as one file."""

from typing import Any

import flask

from core.export.forms import CONTENT_TYPES, ENDINGS, pieces
from functions.api import languages
from functions.api.context import context
from functions.api.routes import blueprint
from functions.api.schemas import ExportQuery

_FILE = {
    "content": {kind.partition(";")[0]: {} for kind in CONTENT_TYPES.values()},
    "description": "The file",
}

api = blueprint("exports")


@api.get("/v1/invoices:export", responses={200: _FILE})
def export_invoices(query: ExportQuery) -> Any:
    """Gives all invoices of the filters as a file.
    CSV for programs, XLSX and PDF for people, JSON lines with all that is known of each.
    """
    here, form = context(), query.format
    wording = languages.wording(languages.language())
    names = here.adapters.shelf.names() if query.q else {}
    file = pieces(form, here.adapters, query.query(names), here.settings, wording=wording)
    answer = flask.Response(file, content_type=CONTENT_TYPES[form])
    name = f"invoices.{ENDINGS[form]}"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.vary.update(("Accept-Language", "Cookie"))
    return answer
