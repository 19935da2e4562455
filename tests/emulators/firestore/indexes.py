"""Which composite index a query needs, and whether it is declared.

The service refuses a query that no index serves. Single-field indexes are automatic (in a
collection, not in a collection group); others are declared, as in firestore.indexes.json:

    {"collectionGroup": "invoices", "queryScope": "COLLECTION",
     "fields": [{"fieldPath": "status", "order": "ASCENDING"}, …]}

Several indexes may serve one query together, if they end in the same order and their equality
fields add up. https://firebase.google.com/docs/firestore/query-data/index-overview
"""

from collections.abc import Mapping, Sequence
from typing import Any

from grpc import StatusCode

from .filters import Condition
from .queries import Query
from .refusals import Refused
from .values import NAME

Entry = tuple[str, str]
"""A field and how it is indexed: ASCENDING, DESCENDING or CONTAINS."""


def check_indexes(query: Query, declared: Sequence[Mapping[str, Any]]) -> None:
    """Raises Refused (FAILED_PRECONDITION, naming the index) where no index serves the query."""
    for alternative in query.filter.alternatives():
        _check(query, alternative, declared)


def _check(
    query: Query, conditions: Sequence[Condition], declared: Sequence[Mapping[str, Any]]
) -> None:
    equal = {each.field for each in conditions if each.op in {"EQUAL", "IS_NULL", "IS_NAN"}}
    prefix = {(field, "ASCENDING") for field in equal - {NAME}}
    prefix |= {(each.field, "CONTAINS") for each in conditions if each.op == "ARRAY_CONTAINS"}
    # An order on a field that has one value alone orders nothing.
    suffix = _trimmed(
        [
            (order.field, "DESCENDING" if order.descending else "ASCENDING")
            for order in query.orders
            if order.field not in equal
        ]
    )
    if not query.all_descendants and _automatic(prefix, suffix):
        return
    if not prefix and not suffix:
        return
    scope = "COLLECTION_GROUP" if query.all_descendants else "COLLECTION"
    served: set[Entry] = set()
    found = False
    for index in declared:
        if index["collectionGroup"] == query.collection and index["queryScope"] == scope:
            entries = _entries(index)
            head = entries[: len(entries) - len(suffix)]
            tail = entries[len(entries) - len(suffix) :]
            if tail == suffix and _normal(head) <= prefix:
                found = True
                served |= _normal(head)
    if not found or served != prefix:
        needed = ", ".join(" ".join(entry) for entry in (*sorted(prefix), *suffix))
        raise Refused(
            StatusCode.FAILED_PRECONDITION,
            f"The query requires an index. Declare it for {scope.lower().replace('_', ' ')} "
            f"{query.collection}: ({needed}).",
        )


def _automatic(prefix: set[Entry], suffix: list[Entry]) -> bool:
    """Whether the automatic single-field indexes are enough."""
    return not suffix or (not prefix and len(suffix) == 1)


def _trimmed(entries: list[Entry]) -> list[Entry]:
    """The order without the name at its end: every index ends in it, in the direction before."""
    if entries and entries[-1][0] == NAME:
        *before, (_, direction) = entries
        if not before or before[-1][1] in {direction, "CONTAINS"}:
            return before
    return entries


def _entries(index: Mapping[str, Any]) -> list[Entry]:
    fields = index["fields"]
    return _trimmed([(each["fieldPath"], each.get("order") or "CONTAINS") for each in fields])


def _normal(entries: Sequence[Entry]) -> set[Entry]:
    """For equality the direction of an index doesn't matter."""
    return {(field, "CONTAINS" if how == "CONTAINS" else "ASCENDING") for field, how in entries}
