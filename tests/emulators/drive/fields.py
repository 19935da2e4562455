"""The `fields` parameter: `nextPageToken,files(id,name,shortcutDetails/targetId)`."""

import re
from typing import Any, Optional

from .discovery import DOCUMENT
from .errors import invalid

Selection = dict[str, Optional["Selection"]]
"""The chosen keys; None means all that is below."""


def parse(text: str, schema: str) -> Selection:
    """The selection that `text` makes from a resource of `schema`; refuses unknown fields."""
    tokens = re.findall(r"\w+|\S", text)
    selection, rest = _parse_list(tokens)
    if rest:
        raise invalid("fields", f"Invalid field selection {text}")
    _validate(selection, {"$ref": schema})
    return selection


def select(selection: Selection, value: Any) -> Any:
    """What of `value` is chosen."""
    if isinstance(value, list):
        return [select(selection, item) for item in value]
    if not isinstance(value, dict) or "*" in selection:
        return value
    return {
        key: item if (below := selection[key]) is None else select(below, item)
        for key, item in value.items()
        if key in selection
    }


def _parse_list(tokens: list[str]) -> tuple[Selection, list[str]]:
    selection: Selection = {}
    while True:
        tokens = _parse_item(tokens, selection)
        if tokens[:1] != [","]:
            return selection, tokens
        tokens = tokens[1:]


def _parse_item(tokens: list[str], into: Selection) -> list[str]:
    name = "".join(tokens[:1])
    if not re.fullmatch(r"\w+|\*", name):
        raise invalid("fields", f"Invalid field selection {name}")
    tokens = tokens[1:]
    if tokens[:1] == ["/"]:
        below: Selection = {}
        tokens = _parse_item(tokens[1:], below)
    elif tokens[:1] == ["("]:
        below, tokens = _parse_list(tokens[1:])
        if tokens[:1] != [")"]:
            raise invalid("fields", f"Invalid field selection {name}: a parenthesis is missing")
        tokens = tokens[1:]
    else:
        into[name] = None
        return tokens
    if name not in into:
        into[name] = below
    elif (present := into[name]) is not None:
        present.update(below)
    return tokens


def _validate(selection: Selection, spec: dict[str, Any]) -> None:
    if "$ref" in spec:
        spec = DOCUMENT["schemas"][spec["$ref"]]
    if spec["type"] == "array":
        _validate(selection, spec["items"])
        return
    for name, below in selection.items():
        child = spec.get("properties", {}).get(name, spec.get("additionalProperties"))
        if name != "*" and child is None:
            raise invalid("fields", f"Invalid field selection {name}")
        if below is not None and child is not None:
            _validate(below, child)
