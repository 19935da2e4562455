"""Every error as an answer: one form for programs, a page for people."""

import logging

import flask
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.errors import (
    ConflictError,
    InputError,
    KhanaError,
    NotFoundError,
    RequestError,
    TransientError,
)
from core.faults import first_fault
from functions.answers import error_answer, too_large
from functions.api.context import context
from functions.api.request_ids import request_id

log = logging.getLogger(__name__)

_INPUT = {
    "empty_file": 400,
    "invalid_page_token": 400,
    "changed_meanwhile": 412,
    "too_many_uploads": 429,
    "unsupported_format": 415,
    "file_too_large": 413,
    "image_too_large": 413,
}
"""HTTP codes of wrong inputs that aren't 422."""


def install(app: flask.Flask) -> None:
    """Has every error of the app answered here."""
    app.register_error_handler(KhanaError, _answer_khana_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_fault)


def invalid_request(error: ValidationError) -> flask.Response:
    """The answer to a request that isn't as OpenAPI describes it; the first fault is said."""
    first, place, reason = first_fault(error)
    if first["type"] == "extra_forbidden":
        reason = "there is no such parameter"
    elif not place and first["type"] in ("model_type", "model_attributes_type"):
        reason = "the body must be a JSON object, with Content-Type application/json"
    message = f"{place}: {reason}" if place else reason
    # What is asked for can't be (400), or what was sent can't be used (422).
    return _answer(RequestError(message), 400 if flask.request.method == "GET" else 422)


def _answer_khana_error(error: KhanaError) -> flask.Response:
    match error:
        case NotFoundError():
            return _answer(error, 404)
        case ConflictError():
            return _answer(error, 409)
        case InputError():
            answer = _answer(error, _INPUT.get(error.code, 422))
            if answer.status_code == 429:
                answer.headers["Retry-After"] = "1"
            return answer
        case TransientError():
            answer = _answer(error, 503)
            answer.headers["Retry-After"] = "1"
            return answer
        case _:
            return _answer_fault(error)


def _answer_http_error(error: HTTPException) -> flask.Response:
    if error.response is not None:  # it is an answer already: one of ours, or a redirect
        return flask.make_response(error.response)
    if isinstance(error, RequestEntityTooLarge):
        return _answer_khana_error(too_large(context().settings.max_file_bytes))
    code = error.code or 500
    reason = {404: "not_found", 405: "method_not_allowed"}.get(code, "invalid_request")
    message = {
        404: f"{flask.request.path}: there is nothing here",
        405: f"{flask.request.path}: doesn't know {flask.request.method}",
    }.get(code, error.description or error.name)
    answer = _answer(RequestError(message, code=reason), code)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _answer_fault(error: Exception) -> flask.Response:
    request = flask.request
    log.error("%s %s (%s)", request.method, request.path, request_id(), exc_info=error)
    # What went wrong inside is for the log: it may name paths, addresses or contents.
    return _answer(KhanaError("Khana hit a fault of its own; its log says which"), 500)


def _answer(error: KhanaError, code: int) -> flask.Response:
    if _for_people():
        page = flask.render_template("error.html", code=code, message=error.message)
        return flask.make_response(page, code)
    return error_answer(error, code)


def _for_people() -> bool:
    """Whether a browser is to show the answer: it asks for HTML by name, and not of the API."""
    request = flask.request
    return not request.path.startswith("/v1/") and "text/html" in request.accept_mimetypes.values()
