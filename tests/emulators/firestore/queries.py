"""Queries: which documents, in which order, from where to where, and what of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from .filters import inequality_fields, parse_filter
from .messages import Cursor, Document, StructuredQuery
from .paths import Path
from .refusals import invalid, unsupported
from .values import NAME, field_of, only, order_key

DESCENDING = StructuredQuery.Direction.DESCENDING


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool


class Query:
    """A structured query on the collections under `parent`.

    `aggregated` are fields that must be there besides those that the query names: aggregation
    orders by them too.

    Raises:
        Refused: the query breaks a rule of the service.
    """

    def __init__(
        self, parent: Path, structured: StructuredQuery, *, aggregated: Sequence[str] = ()
    ) -> None:
        if structured.HasField("find_nearest"):
            raise unsupported("find_nearest")
        if len(structured.from_) != 1:
            raise invalid("A query must have one collection selector.")
        if structured.offset < 0 or structured.limit.value < 0:
            raise invalid("Offset and limit must not be negative.")
        selector = structured.from_[0]
        self.parent = parent
        self.collection: str = selector.collection_id
        self.all_descendants: bool = selector.all_descendants
        self.filter = parse_filter(structured.where)
        self.orders = _orders(structured, aggregated)
        self._structured = structured
        for cursor in (structured.start_at, structured.end_at):
            if len(cursor.values) > len(self.orders):
                raise invalid("Cursor has too many values.")

    def matches(self, path: Path, document: Document) -> bool:
        """Whether the document is among those that the query ranges over, limits apart."""
        return (
            self._selects(path)
            and self.filter.matches(document)
            and all(field_of(document, order.field) is not None for order in self.orders)
        )

    def run(self, documents: Sequence[Document]) -> list[Document]:
        """The answer, given all documents that match."""
        structured = self._structured
        placed = [(self._position(document), document) for document in documents]
        if structured.HasField("start_at"):
            placed = [each for each in placed if not self._precedes(each[0], structured.start_at)]
        if structured.HasField("end_at"):
            placed = [each for each in placed if self._precedes(each[0], structured.end_at)]
        placed.sort(key=cmp_to_key(lambda one, other: _compare(one[0], other[0], self.orders)))
        found = [document for _, document in placed[structured.offset :]]
        return found[: structured.limit.value] if structured.HasField("limit") else found

    def project(self, document: Document) -> Document:
        """What of a found document the query asks for."""
        fields = self._structured.select.fields
        return only(document, [field.field_path for field in fields]) if fields else document

    def _selects(self, path: Path) -> bool:
        depth = len(self.parent)
        if path[:depth] != self.parent or len(path) <= depth:
            return False
        if not self.all_descendants:
            return len(path) == depth + 2 and path[depth] == self.collection
        return not self.collection or path[-2] == self.collection

    def _precedes(self, position: list[Any], cursor: Cursor) -> bool:
        """Whether the position comes before the cursor's place."""
        place = [order_key(value) for value in cursor.values]
        compared = _compare(position, place, self.orders)
        return compared < 0 or (compared == 0 and not cursor.before)

    def _position(self, document: Document) -> list[Any]:
        return [order_key(field_of(document, order.field)) for order in self.orders]


def _orders(structured: StructuredQuery, aggregated: Sequence[str]) -> list[Order]:
    """The full order: what is asked for, then inequality fields, then the name."""
    orders = [
        Order(order.field.field_path, order.direction == DESCENDING)
        for order in structured.order_by
    ]
    descending = orders[-1].descending if orders else False
    for field in (*inequality_fields(structured.where), *aggregated, NAME):
        if field not in {order.field for order in orders}:
            orders.append(Order(field, descending))
    return orders


def _compare(left: Sequence[Any], right: Sequence[Any], orders: Sequence[Order]) -> int:
    """Negative where `left` comes first; the shorter decides how much is compared."""
    for mine, other, order in zip(left, right, orders, strict=False):
        if mine != other:
            return -1 if (mine < other) != order.descending else 1
    return 0
