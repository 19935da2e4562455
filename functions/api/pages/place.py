"""Where in the list a reader is: filters, order and page, as the address bar has them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import flask
from pydantic import ValidationError

from core.invoice import Invoice
from core.ports import InvoiceStore, Query
from core.values.numbers import parse_amount
from functions.api.schemas import Filters


@dataclass(frozen=True)
class Place:
    """A part of the list. What an address gets wrong counts as not asked for."""

    filters: Filters
    page_token: str | None = None

    @classmethod
    def asked_for(cls) -> "Place":
        asked = flask.request.args
        given = {name: asked[name] for name in Filters.model_fields if asked.get(name)}
        for name in given.keys() & {"total_min", "total_max"}:
            given[name] = parse_amount(given[name]) or given[name]  # as people type it
        return cls(_valid(given), asked.get("page_token") or None)

    @property
    def narrowed(self) -> bool:
        """Whether it is only a part of all invoices, in whatever order."""
        return bool(self.filters.model_dump(exclude_defaults=True, exclude={"order_by"}))

    @property
    def narrowed_beyond_status(self) -> bool:
        given = self.filters.model_dump(exclude_defaults=True, exclude={"order_by", "status"})
        return bool(given)

    def query(self, template_names: Mapping[str, str], page_size: int) -> Query:
        return self.filters.query(template_names, page_size=page_size, page_token=self.page_token)

    def filters_alone(self) -> dict[str, Any]:
        """What an address of all of it holds, whatever page is shown."""
        return self.filters.model_dump(mode="json", exclude_defaults=True)

    def arguments(self, **changed: Any) -> dict[str, Any]:
        """What an address of this place holds; with other filters, that of their first page."""
        given = self.filters.model_dump(mode="json", exclude_defaults=True)
        if not changed:
            given["page_token"] = self.page_token
        return {name: value for name, value in (given | changed).items() if value is not None}


def neighbour(
    store: InvoiceStore, query: Query, invoice: Invoice, *, backwards: bool = False
) -> Invoice | None:
    """The invoice after this one in the query (or before it), or None at its end.

    The invoice need not be in the query any more.
    """
    query = replace(
        query, page_size=1, page_token=None, descending=query.descending is not backwards
    )
    beyond = replace(query, page_token=store.token_after(query, invoice))
    return next(iter(store.list(beyond).invoices), None)


def _valid(given: dict[str, str]) -> Filters:
    try:
        return Filters.model_validate(given)
    except ValidationError as error:
        wrong = {fault["loc"][0] for fault in error.errors()}
        return Filters.model_validate({k: v for k, v in given.items() if k not in wrong})
