"""Values: how Firestore orders them, how large they are, and where they sit in a document.

https://firebase.google.com/docs/firestore/manage-data/data-types gives the order,
https://firebase.google.com/docs/firestore/storage-size the sizes.
"""

import math
from collections.abc import Iterable
from typing import Any

from .messages import Document, Value
from .paths import FieldPath, field_path, path_key
from .refusals import invalid

_RANKS = {
    "null_value": 0,
    "boolean_value": 1,
    "integer_value": 2,
    "double_value": 2,
    "timestamp_value": 3,
    "string_value": 4,
    "bytes_value": 5,
    "reference_value": 6,
    "geo_point_value": 7,
    "array_value": 8,
    "vector": 9,
    "map_value": 10,
}
NAME = "__name__"


def order_key(value: Value) -> tuple[int, Any]:
    """Compares as Firestore orders values: by rank of type first, then within the type.

    Integers and doubles are one type, compared exactly (as Python does); NaN precedes them all.
    """
    kind = value.WhichOneof("value_type")
    content = getattr(value, kind) if kind else None
    payload: Any = content
    match kind:
        case "null_value":
            payload = None
        case "integer_value" | "double_value":
            payload = (0,) if math.isnan(content) else (1, content)
        case "timestamp_value":
            payload = (content.seconds, content.nanos)
        case "reference_value":
            payload = path_key(tuple(content.split("/")))
        case "geo_point_value":
            payload = (content.latitude, content.longitude)
        case "array_value":
            payload = tuple(order_key(item) for item in content.values)
        case "map_value":
            if is_vector(value):
                kind = "vector"
                numbers = content.fields["value"].array_value.values
                payload = (len(numbers), tuple(order_key(number) for number in numbers))
            else:
                payload = tuple(
                    (name, order_key(content.fields[name])) for name in sorted(content.fields)
                )
    if kind not in _RANKS:
        raise invalid(f"A value of type {kind} can't be kept.")
    return _RANKS[kind], payload


def same_type(left: Value, right: Value) -> bool:
    return order_key(left)[0] == order_key(right)[0]


def is_null(value: Value) -> bool:
    return value.WhichOneof("value_type") == "null_value"


def is_number(value: Value) -> bool:
    return value.WhichOneof("value_type") in {"integer_value", "double_value"}


def is_nan(value: Value) -> bool:
    return value.WhichOneof("value_type") == "double_value" and math.isnan(value.double_value)


def is_vector(value: Value) -> bool:
    fields = value.map_value.fields
    return "__type__" in fields and fields["__type__"].string_value == "__vector__"


def number(value: Value) -> int | float:
    kind = value.WhichOneof("value_type")
    return getattr(value, kind)


def number_value(content: int | float) -> Value:
    if isinstance(content, int):
        return Value(integer_value=content)
    return Value(double_value=content)


def field_of(document: Document, path: str) -> Value | None:
    """The value of a field, or of the document's name."""
    if path == NAME:
        return Value(reference_value=document.name)
    return get(document.fields, field_path(path))


def get(fields: Any, path: FieldPath) -> Value | None:
    *parents, last = path
    for name in parents:
        if name not in fields:
            return None
        fields = fields[name].map_value.fields
    return fields.get(last)


def put(fields: Any, path: FieldPath, value: Value) -> None:
    """Sets a field; what is on the way to it becomes a map."""
    *parents, last = path
    for name in parents:
        # Reading a map's entry makes it, and reading its `map_value` alone would not set it.
        fields[name].map_value.SetInParent()
        fields = fields[name].map_value.fields
    fields[last].CopyFrom(value)


def drop(fields: Any, path: FieldPath) -> None:
    *parents, last = path
    for name in parents:
        if name not in fields:
            return
        fields = fields[name].map_value.fields
    fields.pop(last, None)


def only(document: Document, paths: Iterable[str]) -> Document:
    """The document with those of its fields alone."""
    kept = Document(
        name=document.name, create_time=document.create_time, update_time=document.update_time
    )
    for path in paths:
        if path != NAME and (value := get(document.fields, field_path(path))) is not None:
            put(kept.fields, field_path(path), value)
    return kept


def size(value: Value) -> int:
    """What the value counts for in its document's size, in bytes."""
    kind = value.WhichOneof("value_type")
    content = getattr(value, kind)
    match kind:
        case "null_value" | "boolean_value":
            return 1
        case "string_value" | "reference_value":
            return text_size(content)
        case "bytes_value":
            return len(content)
        case "geo_point_value":
            return 16
        case "array_value":
            return sum(size(item) for item in content.values)
        case "map_value":
            return fields_size(content.fields)
    return 8


def fields_size(fields: Any) -> int:
    return sum(text_size(name) + size(value) for name, value in fields.items()) + 32


def text_size(text: str) -> int:
    return len(text.encode()) + 1
