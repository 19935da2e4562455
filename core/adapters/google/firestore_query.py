"""How a query of invoices becomes one of Firestore, on the indexes of firestore.indexes.json.

Every query is ordered by what it asks for, then by the other keys that a query can limit (date,
total), then by id, all in one direction. So one composite index per order and direction serves
every combination of limits, and one more per filter on equality (status, template, number) serves,
merged with the others, every combination of those. Text is looked for in what the rest finds.
"""

import json
from collections.abc import Iterator, Sequence

from google.cloud import firestore_v1 as firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from core.adapters.query import amount_key, decode_token, encode_token, number_keys, sort_keys
from core.errors import RequestError
from core.invoice import Invoice
from core.ports import Order, Query

LIMITED: tuple[Order, ...] = ("date", "total")
"""The keys that a query can limit to a range."""

MAX_KEY = 300
"""Characters of a key: Firestore indexes the first 1,500 bytes of a text."""


def keys(invoice: Invoice) -> dict[str, str]:
    """What is indexed of an invoice."""
    return {
        "status": invoice.status.value,
        "template": invoice.template.id if invoice.template else "",
    } | {name: key[:MAX_KEY] for name, key in sort_keys(invoice).items()}


def order_of(query: Query) -> list[Order]:
    """The keys that the query's answer is ordered by, before the id."""
    # Of invoices with one number, the number orders nothing, and no index need hold it twice.
    first: Order = "received_at" if _by_its_filter(query) else query.order_by
    return [first, *(name for name in LIMITED if name != first)]


def filtered(collection: firestore.CollectionReference, query: Query) -> firestore.Query:
    """The invoices that the query asks for, in its order; from its page token on, if it has one.

    Raises:
        RequestError: the page token is damaged, or was given for another query.
    """
    invoices = firestore.Query(collection)
    for name, op, value in _filters(query):
        invoices = invoices.where(filter=FieldFilter(name, op, value))
    direction = BaseQuery.DESCENDING if query.descending else BaseQuery.ASCENDING
    names = order_of(query)
    for name in (*names, "__name__"):
        invoices = invoices.order_by(name, direction=direction)
    if (after := decode_token(query)) is not None:
        place = _place(after[0])
        if len(place) != len(names):
            raise RequestError("the page token is damaged", code="invalid_page_token")
        invoices = invoices.start_after([*place, after[1]])
    return invoices


def token_after(query: Query, invoice: Invoice) -> str:
    """The page token to go on with after the invoice."""
    indexed = keys(invoice)
    return encode_token(query, json.dumps([indexed[name] for name in order_of(query)]), invoice.id)


def _place(encoded: str) -> Sequence[str]:
    try:
        place = json.loads(encoded)
    except ValueError:
        place = None
    if not isinstance(place, list) or not all(isinstance(key, str) for key in place):
        raise RequestError("the page token is damaged", code="invalid_page_token")
    return place


def _filters(query: Query) -> Iterator[tuple[str, str, object]]:
    if query.status is not None:
        yield "status", "==", query.status.value
    if query.template is not None:
        yield "template", "==", query.template
    if query.number is not None:
        yield "number", "in", [key[:MAX_KEY] for key in number_keys(query.number)]
    if query.date_from is not None:
        yield "date", ">=", query.date_from.isoformat()
    if query.date_to is not None:
        yield from _up_to("date", query.date_to.isoformat())
    if query.total_min is not None:
        yield "total", ">=", amount_key(query.total_min)
    if query.total_max is not None:
        yield from _up_to("total", amount_key(query.total_max))


def _up_to(name: str, most: str) -> Iterator[tuple[str, str, str]]:
    """A value up to `most`: an empty key is no value."""
    yield name, ">", ""
    yield name, "<=", most


def _by_its_filter(query: Query) -> bool:
    return query.number is not None and query.order_by == "number"
