"""The methods, parameters and resources of Drive v3, from Google's own description of them.

The document is the one inside google-api-python-client, so the double and the client can't come to
differ: what it doesn't name is refused here, in a request (400) as in an answer (AssertionError).
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from googleapiclient.discovery_cache import get_static_doc

from .errors import ApiError, invalid

DOCUMENT: dict[str, Any] = json.loads(get_static_doc("drive", "v3"))

_SERVICE_PATH = "/" + DOCUMENT["servicePath"]
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Method:
    """One method, called `resource.method` as in the reference."""

    name: str
    verb: str
    path: re.Pattern[str]
    upload_path: re.Pattern[str] | None
    parameters: Mapping[str, Any]
    request: str | None
    response: str | None
    gives_media: bool


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", template))


def _method(name: str, spec: Mapping[str, Any]) -> Method:
    upload = spec.get("mediaUpload", {}).get("protocols", {}).get("simple")
    return Method(
        name=name,
        verb=spec["httpMethod"],
        path=_pattern(_SERVICE_PATH + spec["path"]),
        upload_path=_pattern(upload["path"]) if upload else None,
        parameters=DOCUMENT["parameters"] | spec.get("parameters", {}),
        request=spec.get("request", {}).get("$ref"),
        response=spec.get("response", {}).get("$ref"),
        gives_media=spec.get("supportsMediaDownload", False),
    )


METHODS = [
    _method(f"{resource}.{name}", spec)
    for resource, group in DOCUMENT["resources"].items()
    for name, spec in group.get("methods", {}).items()
]


def route(verb: str, path: str) -> tuple[Method, dict[str, str], bool]:
    """The method that a request means, the parameters in its path, and whether it uploads."""
    # files.generateIds and the like would also match files/{fileId}: fixed paths come first.
    for method in sorted(METHODS, key=lambda m: m.path.groups):
        for pattern, uploads in ((method.path, False), (method.upload_path, True)):
            match = pattern.fullmatch(path) if pattern else None
            if match and method.verb == verb:
                return method, match.groupdict(), uploads
    raise ApiError(404, "notFound", f"no method is served at {verb} {path}")


def read_parameters(method: Method, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The parameters in the query, typed, with the defaults of those that are absent."""
    for name, count in Counter(name for name, _ in query).items():
        if name not in method.parameters:
            raise invalid(name, f"{method.name}: unknown parameter {name}")
        if count > 1 and not method.parameters[name].get("repeated"):
            raise invalid(name, f"{method.name}: {name} is given {count} times")
    given = dict(query)
    values = {}
    for name, spec in method.parameters.items():
        if spec["location"] != "query":
            continue
        if name in given:
            if spec.get("deprecated"):
                raise invalid(name, f"{method.name}: {name} is deprecated")
            values[name] = _read(name, given[name], spec)
        elif spec.get("required"):
            raise ApiError(400, "required", f"Required parameter: {name}", location=name)
        elif "default" in spec:
            values[name] = _read(name, spec["default"], spec)
    return values


def _read(name: str, text: str, spec: Mapping[str, Any]) -> Any:
    if text not in spec.get("enum", [text]):
        raise invalid(name, f"{name}: {text!r} is none of {', '.join(spec['enum'])}")
    if spec["type"] == "boolean":
        if text not in ("true", "false"):
            raise invalid(name, f"{name}: {text!r} is not true or false")
        return text == "true"
    if spec["type"] == "integer":
        if not re.fullmatch(r"-?\d+", text) or int(text) < int(spec.get("minimum", text)):
            raise invalid(name, f"{name}: {text!r} is not an integer in the range")
        # Documented for pageSize: values above the maximum are coerced to it.
        return min(int(text), int(spec.get("maximum", text)))
    return text


def check_request(schema: str, body: Any) -> None:
    """Refuses a body with a key that the schema lacks, of another type, or not to be written."""
    try:
        check(schema, body)
    except AssertionError as error:
        raise ApiError(400, "badRequest", f"Invalid JSON payload received: {error}") from error
    for key in body:
        if (
            DOCUMENT["schemas"][schema]["properties"][key]
            .get("description", "")
            .startswith("Output only.")
        ):
            raise ApiError(
                403,
                "fieldNotWritable",
                "The resource body includes fields which are not directly writable.",
                location=key,
            )


def check(schema: str, value: Any) -> None:
    """Asserts that `value` is a resource of that schema."""
    _check({"$ref": schema}, value, schema)


def _check(spec: Mapping[str, Any], value: Any, where: str) -> None:
    if "$ref" in spec:
        spec = DOCUMENT["schemas"][spec["$ref"]]
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
    }
    right = isinstance(value, types[spec["type"]])
    # To Python a bool is an int.
    assert right and (spec["type"] == "boolean" or not isinstance(value, bool)), (
        f"{where} must be of type {spec['type']}, not {value!r}"
    )
    if spec.get("format") == "date-time":
        assert _DATE_TIME.fullmatch(value), f"{where} is no RFC 3339 time: {value!r}"
    if spec.get("format") == "int64":
        assert re.fullmatch(r"-?\d+", value), f"{where} is no integer in a string: {value!r}"
    if spec["type"] == "array":
        for item in value:
            _check(spec["items"], item, f"{where}[]")
    if spec["type"] == "object":
        for key, item in value.items():
            below = spec.get("properties", {}).get(key, spec.get("additionalProperties"))
            assert below is not None, f"{where} has no field {key!r}"
            _check(below, item, f"{where}.{key}")
