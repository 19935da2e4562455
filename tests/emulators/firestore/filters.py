"""The `where` of a query: which documents it lets through.

The rules are those of the comments in google/firestore/v1/query.proto.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from .messages import Document, StructuredQuery, Value
from .refusals import invalid
from .values import NAME, field_of, is_nan, is_null, order_key, same_type

MAX_ALTERNATIVES = 30
MAX_NOT_IN = 10

_FieldOperator = StructuredQuery.FieldFilter.Operator
_UnaryOperator = StructuredQuery.UnaryFilter.Operator

RANGES = {
    "LESS_THAN": lambda left, right: left < right,
    "LESS_THAN_OR_EQUAL": lambda left, right: left <= right,
    "GREATER_THAN": lambda left, right: left > right,
    "GREATER_THAN_OR_EQUAL": lambda left, right: left >= right,
}
NEGATIONS = {"NOT_EQUAL", "NOT_IN", "IS_NOT_NULL", "IS_NOT_NAN"}
INEQUALITIES = RANGES.keys() | NEGATIONS
LISTS = {"IN", "NOT_IN", "ARRAY_CONTAINS_ANY"}


class Filter(Protocol):
    def matches(self, document: Document) -> bool: ...

    def alternatives(self) -> list[list["Condition"]]:
        """The filter as an OR of ANDs."""


@dataclass(frozen=True)
class Condition:
    """One field against one operand."""

    field: str
    op: str
    operand: Value

    def matches(self, document: Document) -> bool:
        value = field_of(document, self.field)
        if value is None:
            return False
        items = self.operand.array_value.values
        match self.op:
            case "EQUAL":
                return _equal(value, self.operand)
            case "IN":
                return any(_equal(value, item) for item in items)
            case "ARRAY_CONTAINS":
                return any(_equal(item, self.operand) for item in value.array_value.values)
            case "ARRAY_CONTAINS_ANY":
                return any(
                    _equal(found, item) for found in value.array_value.values for item in items
                )
            case "NOT_EQUAL":
                return not is_null(value) and order_key(value) != order_key(self.operand)
            case "NOT_IN":
                # A null in the list makes every comparison undefined, so nothing matches.
                return not is_null(value) and all(
                    not is_null(item) and order_key(value) != order_key(item) for item in items
                )
            case "IS_NULL":
                return is_null(value)
            case "IS_NAN":
                return is_nan(value)
            case "IS_NOT_NULL":
                return not is_null(value)
            case "IS_NOT_NAN":
                return not is_null(value) and not is_nan(value)
        compare = RANGES[self.op]
        return same_type(value, self.operand) and compare(order_key(value), order_key(self.operand))

    def alternatives(self) -> list[list["Condition"]]:
        if self.op == "IN":
            return [[Condition(self.field, "EQUAL", item)] for item in _items(self)]
        if self.op == "ARRAY_CONTAINS_ANY":
            return [[Condition(self.field, "ARRAY_CONTAINS", item)] for item in _items(self)]
        return [[self]]


@dataclass(frozen=True)
class AllOf:
    filters: tuple[Filter, ...]

    def matches(self, document: Document) -> bool:
        return all(each.matches(document) for each in self.filters)

    def alternatives(self) -> list[list[Condition]]:
        return [
            [condition for part in parts for condition in part]
            for parts in product(*(each.alternatives() for each in self.filters))
        ]


@dataclass(frozen=True)
class AnyOf:
    filters: tuple[Filter, ...]

    def matches(self, document: Document) -> bool:
        return any(each.matches(document) for each in self.filters)

    def alternatives(self) -> list[list[Condition]]:
        return [part for each in self.filters for part in each.alternatives()]


def parse_filter(where: StructuredQuery.Filter) -> Filter:
    """The filter of a query's `where`; one that lets all through where there is none.

    Raises:
        Refused: it breaks a rule on which operators go together.
    """
    parsed = _parse(where)
    conditions = list(_conditions(where))
    operators = [condition.op for condition in conditions]
    if sum(op in NEGATIONS for op in operators) > 1:
        raise invalid("Only one NOT_EQUAL, NOT_IN, IS_NOT_NULL or IS_NOT_NAN filter is allowed.")
    if "NOT_IN" in operators and ({"IN", "ARRAY_CONTAINS_ANY"} & {*operators} or _has_or(where)):
        raise invalid("'NOT_IN' cannot be used in the same query with OR, IN, ARRAY_CONTAINS_ANY.")
    alternatives = parsed.alternatives()
    if len(alternatives) > MAX_ALTERNATIVES:
        raise invalid(f"A query has up to {MAX_ALTERNATIVES} disjunctions in normal form.")
    for alternative in alternatives:
        if sum(condition.op == "ARRAY_CONTAINS" for condition in alternative) > 1:
            raise invalid("Only one ARRAY_CONTAINS filter is allowed in each disjunction.")
    return parsed


def inequality_fields(where: StructuredQuery.Filter) -> list[str]:
    """The fields that results must be ordered by, in the order that the service appends them."""
    return sorted({each.field for each in _conditions(where) if each.op in INEQUALITIES})


def _parse(where: StructuredQuery.Filter) -> Filter:
    match where.WhichOneof("filter_type"):
        case "composite_filter":
            parts = tuple(_parse(part) for part in where.composite_filter.filters)
            return AnyOf(parts) if _is_or(where) else AllOf(parts)
        case "field_filter":
            return _condition(where.field_filter)
        case "unary_filter":
            unary = where.unary_filter
            return Condition(unary.field.field_path, _UnaryOperator.Name(unary.op), Value())
    return AllOf(())


def _condition(field_filter: StructuredQuery.FieldFilter) -> Condition:
    op = _FieldOperator.Name(field_filter.op)
    operand = field_filter.value
    values = [operand]
    if op in LISTS:
        values = list(operand.array_value.values)
        if not values:
            raise invalid(f"'{op}' requires an non-empty ArrayValue.")
        if op == "NOT_IN" and len(values) > MAX_NOT_IN:
            raise invalid(f"'NOT_IN' supports up to {MAX_NOT_IN} comparison values.")
    elif op not in {"EQUAL", "ARRAY_CONTAINS"} and (is_null(operand) or is_nan(operand)):
        raise invalid(f"'{op}' can't compare with null or NaN.")
    if field_filter.field.field_path == NAME and any(
        value.WhichOneof("value_type") != "reference_value" for value in values
    ):
        raise invalid("__key__ filter value must be a Key.")
    return Condition(field_filter.field.field_path, op, operand)


def _conditions(where: StructuredQuery.Filter) -> Iterator[Condition]:
    if where.WhichOneof("filter_type") == "composite_filter":
        for part in where.composite_filter.filters:
            yield from _conditions(part)
    elif where.WhichOneof("filter_type"):
        yield from (_parse(where),)


def _has_or(where: StructuredQuery.Filter) -> bool:
    return _is_or(where) or any(_has_or(part) for part in where.composite_filter.filters)


def _is_or(where: StructuredQuery.Filter) -> bool:
    return where.composite_filter.op == StructuredQuery.CompositeFilter.Operator.OR


def _items(condition: Condition) -> list[Value]:
    return list(condition.operand.array_value.values)


def _equal(left: Value, right: Value) -> bool:
    """Equal as a filter sees it: neither null nor NaN is equal to anything."""
    return not (is_null(right) or is_nan(right)) and order_key(left) == order_key(right)
