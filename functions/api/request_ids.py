"""A name for each request, in its answer and in the log, by which the two can be put together."""

import re
import uuid

import flask

HEADER = "X-Request-Id"

_FIT = re.compile(r"[A-Za-z0-9._:/=-]{1,128}")
"""Names that a caller may give: nothing that could be mistaken for more than one in a log."""


def install(app: flask.Flask) -> None:
    """Names each request of the app: as its caller does, or anew."""
    app.before_request(_name)
    app.after_request(_tell)


def request_id() -> str:
    """The name of the current request."""
    return str(flask.g.get("request_id", ""))


def _name() -> None:
    given = flask.request.headers.get(HEADER, "")
    flask.g.request_id = given if _FIT.fullmatch(given) else uuid.uuid4().hex


def _tell(answer: flask.Response) -> flask.Response:
    answer.headers[HEADER] = request_id()
    return answer
