"""What one write makes of one document: preconditions, masks, transforms, limits."""

import math
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from .messages import NULL, Document, Value, Write
from .paths import FieldPath, Path, field_path, split_name
from .refusals import Refused, invalid
from .values import (
    drop,
    fields_size,
    get,
    is_number,
    number,
    number_value,
    order_key,
    put,
    text_size,
)

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_DEPTH = 20
_INT64 = range(-(2**63), 2**63)


def target(write: Write) -> str:
    """The name of the document that the write is about."""
    match write.WhichOneof("operation"):
        case "update":
            return write.update.name
        case "delete":
            return write.delete
        case "transform":
            return write.transform.document
    raise invalid("A write must have an operation.")


def apply(
    write: Write, current: Document | None, at: Timestamp
) -> tuple[Document | None, list[Value]]:
    """The document after the write (None: there is none), and what each transform gave.

    A write that changes nothing leaves the update time as it was.

    Raises:
        Refused: a precondition doesn't hold, or the document may not be so.
    """
    _check_precondition(write.current_document, current, target(write), at)
    operation = write.WhichOneof("operation")
    if operation == "delete":
        return None, []
    document = Document(name=target(write))
    if current is not None and (operation == "transform" or write.HasField("update_mask")):
        document.CopyFrom(current)
    if operation == "update":
        _update(document, write)
    transforms = [*write.transform.field_transforms, *write.update_transforms]
    results = [_transform(document.fields, transform, at) for transform in transforms]
    _check_document(document)
    document.create_time.CopyFrom(at if current is None else current.create_time)
    unchanged = current is not None and current.fields == document.fields
    document.update_time.CopyFrom(current.update_time if unchanged else at)
    return document, results


def _check_precondition(
    precondition: Any, current: Document | None, name: str, at: Timestamp
) -> None:
    match precondition.WhichOneof("condition_type"):
        case "exists" if precondition.exists and current is None:
            raise Refused(StatusCode.NOT_FOUND, f"No document to update: {name}")
        case "exists" if not precondition.exists and current is not None:
            raise Refused(StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")
        case "update_time":
            required = precondition.update_time
            if required.ToMicroseconds() > at.ToMicroseconds():
                raise invalid(f"The required base version of {name} is in the future.")
            if current is None:
                raise Refused(StatusCode.NOT_FOUND, f"No document to update: {name}")
            if required != current.update_time:
                raise Refused(
                    StatusCode.FAILED_PRECONDITION,
                    f"The stored version of {name} ({current.update_time.ToJsonString()}) does "
                    f"not match the required base version ({required.ToJsonString()}).",
                )


def _update(document: Document, write: Write) -> None:
    if not write.HasField("update_mask"):
        document.ClearField("fields")
        for name, value in write.update.fields.items():
            document.fields[name].CopyFrom(value)
        return
    for path in map(field_path, write.update_mask.field_paths):
        value = get(write.update.fields, path)
        if value is None:
            drop(document.fields, path)
        else:
            put(document.fields, path, value)


def _transform(fields: Any, transform: Any, at: Timestamp) -> Value:
    path: FieldPath = field_path(transform.field_path)
    current = get(fields, path)
    kind = transform.WhichOneof("transform_type")
    operand = getattr(transform, kind)
    match kind:
        case "set_to_server_value":
            # The service gives its time in whole milliseconds.
            value = result = Value()
            value.timestamp_value.FromMilliseconds(at.ToMilliseconds())
        case "increment" | "maximum" | "minimum":
            if not is_number(operand):
                raise invalid(f"{kind} needs a number.")
            value = result = _numeric(kind, current, operand)
        case "append_missing_elements":
            value, result = _with_items(current, operand), NULL
        case "remove_all_from_array":
            value, result = _without_items(current, operand), NULL
        case _:
            raise invalid(f"{kind} is no transform.")
    put(fields, path, value)
    return result


def _numeric(kind: str, current: Value | None, operand: Value) -> Value:
    if current is None or not is_number(current):
        return operand
    old, other = number(current), number(operand)
    if kind == "increment":
        total = old + other
        if isinstance(total, int):
            # The sum of integers stops at the ends of their range.
            total = min(max(total, _INT64.start), _INT64.stop - 1)
        return number_value(total)
    if math.isnan(old) or math.isnan(other):
        return Value(double_value=math.nan)
    # Where both are equal (3 and 3.0) the stored one stays, type included.
    replaced = other > old if kind == "maximum" else other < old
    return operand if replaced else current


def _with_items(current: Value | None, operand: Any) -> Value:
    value = Value()
    value.array_value.SetInParent()
    items = value.array_value.values
    if current is not None:
        items.extend(current.array_value.values)
    known = {order_key(item) for item in items}
    for item in operand.values:
        if order_key(item) not in known:
            known.add(order_key(item))
            items.append(item)
    return value


def _without_items(current: Value | None, operand: Any) -> Value:
    value = Value()
    value.array_value.SetInParent()
    if current is not None:
        unwanted = {order_key(item) for item in operand.values}
        value.array_value.values.extend(
            item for item in current.array_value.values if order_key(item) not in unwanted
        )
    return value


def _check_document(document: Document) -> None:
    for value in document.fields.values():
        _check_value(value, depth=1)
    path = split_name(document.name)[1]
    total = document_size(document, path)
    if total > MAX_DOCUMENT_BYTES:
        raise invalid(
            f"Document '{document.name}' cannot be written because its size ({total:,} bytes) "
            f"exceeds the maximum allowed size of {MAX_DOCUMENT_BYTES:,} bytes."
        )


def _check_value(value: Value, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise invalid(f"Property is nested deeper than {MAX_DEPTH} levels.")
    match value.WhichOneof("value_type"):
        case "array_value":
            for item in value.array_value.values:
                if item.WhichOneof("value_type") == "array_value":
                    raise invalid("Cannot convert an array value in an array value.")
                _check_value(item, depth=depth + 1)
        case "map_value":
            for item in value.map_value.fields.values():
                _check_value(item, depth=depth + 1)
        case None:
            raise invalid("A value must have a type.")


def document_size(document: Document, path: Path) -> int:
    """Bytes that the document counts for, its name included."""
    return sum(map(text_size, path)) + 16 + fields_size(document.fields)
