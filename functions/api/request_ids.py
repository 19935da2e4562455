"""A name for each request, in its answer and in the log, by which the two can be put together; and
a record of what was asked and how long the answer took."""

import re
import time
import uuid

import flask

from core.observe import tell

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


def named(given: str) -> str:
    """The name that the caller gave, or a new one if that is not fit."""
    return given if _FIT.fullmatch(given) else uuid.uuid4().hex


def _name() -> None:
    flask.g.request_id = named(flask.request.headers.get(HEADER, ""))
    flask.g.request_began = time.monotonic()


def _tell(answer: flask.Response) -> flask.Response:
    answer.headers[HEADER] = request_id()
    request = flask.request
    tell(
        "answered",
        request=request_id(),
        # The rule and not the path: what people search for is nobody's business.
        route=f"{request.method} {request.url_rule or 'nothing'}",
        status=answer.status_code,
        invoice=(request.view_args or {}).get("invoice_id"),
        who=identity.name if (identity := flask.g.get("identity")) else None,
        ms=1e3 * (time.monotonic() - flask.g.request_began),
    )
    return answer
