"""The one form that errors have in every HTTP answer."""

import json
from typing import Any

import flask

from core.errors import FileError, KhanaError
from core.invoice import ErrorInfo

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    413: "OUT_OF_RANGE",
    415: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
"""Google's names of the HTTP codes (google.rpc.Code)."""

_OWN_NAMES = {"already_exists": "ALREADY_EXISTS"}
"""Of 409 Google knows two kinds."""


def error_body(error: KhanaError, code: int) -> dict[str, Any]:
    """`error` as it stands under `error`."""
    return {
        "code": code,
        "status": _OWN_NAMES.get(error.code) or STATUS_NAMES.get(code, "UNKNOWN"),
        "message": error.message,
        "details": [{"reason": error.code}],
    }


def error_answer(error: KhanaError, code: int) -> flask.Response:
    """`error` as JSON; programs branch on `details[0].reason`, which is the error's code."""
    answer = flask.jsonify(error=error_body(error, code))
    answer.status_code = code
    return answer


def told_in(body: bytes) -> ErrorInfo | None:
    """What such an answer says; None if it is no answer of Khana's."""
    try:
        error = json.loads(body)["error"]
        return ErrorInfo(code=error["details"][0]["reason"], message=error["message"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def error_in(code: int, body: bytes) -> ErrorInfo:
    """What such an answer says, or what can be said of another whose status is `code`."""
    said = f"the function answered {code}"
    return told_in(body) or ErrorInfo(code="internal", message=said)


def too_large(limit: int) -> FileError:
    """That a request is larger than a file of `limit` bytes, whose name nobody has read yet."""
    return FileError(f"the file is larger than the limit of {limit:,} bytes", code="file_too_large")
