"""What is wrong with data that breaks a model, said to people."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_REASONS = {
    "list_type": "must be a JSON array",
    "missing": "is missing",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_pattern_mismatch": "must be written as {pattern}",
    "too_long": "must hold at most {max_length}, not {actual_length}",
    "too_short": "must hold at least {min_length}, not {actual_length}",
    "tuple_type": "must be a JSON array",
}
"""Where Pydantic's own words speak of Python."""


def first_fault(error: ValidationError) -> tuple[ErrorDetails, str, str]:
    """The first fault, its place (`fields.0.box`; empty for the whole), and its reason."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    said = _REASONS.get(first["type"])
    if said is None:
        return first, place, first["msg"].removeprefix("Value error, ")
    return first, place, said.format_map(first.get("ctx", {}))
