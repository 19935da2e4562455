"""/: the list of invoices."""

from typing import get_args

import flask

from core.access import Role
from core.checking.twins import is_held_back, twins_among
from functions.api.access import may
from functions.api.context import context
from functions.api.pages.answers import page
from functions.api.pages.place import Place
from functions.api.schemas import ExportQuery

PAGE_SIZE = 50
EXPORTS = get_args(ExportQuery.model_fields["format"].annotation)


def inbox() -> flask.Response:
    here, place = context(), Place.asked_for()
    store = here.adapters.store
    templates = here.adapters.shelf.names()
    listed = store.list(place.query(templates, PAGE_SIZE))
    return page(
        "inbox.html",
        place=place,
        invoices=listed.invoices,
        next_page_token=listed.next_page_token,
        counts=store.count_by_status(),
        templates=templates,
        inbox_dir=here.settings.inbox_dir,
        exports=EXPORTS,
        twins=twins_among(listed.invoices) | {i.id for i in listed.invoices if is_held_back(i)},
        may_delete=may(Role.ADMIN),
    )
