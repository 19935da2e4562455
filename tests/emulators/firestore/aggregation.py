"""Count, sum and average of what a query finds."""

import math
from collections.abc import Sequence
from typing import Any

from .messages import NULL, AggregationResult, Document, Value
from .refusals import invalid
from .values import field_of, is_number, number, number_value

MAX_AGGREGATIONS = 5
_INT64 = range(-(2**63), 2**63)


def aliases(aggregations: Sequence[Any]) -> list[str]:
    """The name of each result: its own, else `field_` and its number.

    Raises:
        Refused: there is nothing to do, too much, or two have one name.
    """
    if not aggregations:
        raise invalid("Aggregations can not be empty.")
    if len(aggregations) > MAX_AGGREGATIONS:
        raise invalid(f"The maximum number of aggregations allowed is {MAX_AGGREGATIONS}.")
    names = [each.alias or f"field_{n}" for n, each in enumerate(aggregations, start=1)]
    if len(set(names)) < len(names):
        raise invalid("Aggregation aliases contain duplicate alias.")
    return names


def aggregated_fields(aggregations: Sequence[Any]) -> list[str]:
    """The fields summed up: documents that lack one of them count for no aggregation at all."""
    operators = [getattr(each, each.WhichOneof("operator")) for each in aggregations]
    return sorted({each.field.field_path for each in operators if hasattr(each, "field")})


def aggregate(documents: Sequence[Document], aggregations: Sequence[Any]) -> AggregationResult:
    """One result for each aggregation."""
    result = AggregationResult()
    for name, aggregation in zip(aliases(aggregations), aggregations, strict=True):
        result.aggregate_fields[name].CopyFrom(_value(documents, aggregation))
    return result


def _value(documents: Sequence[Document], aggregation: Any) -> Value:
    if aggregation.WhichOneof("operator") == "count":
        count = len(documents)
        if aggregation.count.HasField("up_to"):
            count = min(count, aggregation.count.up_to.value)
        return Value(integer_value=count)
    summed = aggregation.WhichOneof("operator") == "sum"
    field = (aggregation.sum if summed else aggregation.avg).field.field_path
    values = [field_of(document, field) for document in documents]
    numbers = [number(value) for value in values if is_number(value)]
    total = _sum(numbers)
    if summed:
        return number_value(total)
    return Value(double_value=total / len(numbers)) if numbers else NULL


def _sum(numbers: Sequence[int | float]) -> int | float:
    """Exact for integers while they fit into 64 bits, a double otherwise."""
    integers = sum(n for n in numbers if isinstance(n, int))
    doubles = [n for n in numbers if isinstance(n, float)]
    if not doubles and integers in _INT64:
        return integers
    if any(map(math.isnan, doubles)):
        return math.nan
    return float(integers) + sum(doubles)
