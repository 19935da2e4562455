"""The JSON API and the web page, as one HTTP function."""

import functools
import threading
from typing import Any

import flask
import functions_framework
from werkzeug.wrappers import Response

from core.adapters import connect
from core.errors import TransientError
from core.settings import load_settings
from functions import telemetry
from functions.answers import error_answer
from functions.api.app import create_app

_building = threading.Lock()


@functools.cache
def _app() -> flask.Flask:
    settings = load_settings()
    telemetry.install(settings, "api")
    return create_app(connect(settings), settings)


@functions_framework.http
def api(request: flask.Request) -> Response:
    """Hands the request to the app."""
    # Not at import: a server may fork after it, and no connection lives through that. Under a lock:
    # two first requests must not build two apps.
    try:
        with _building:
            app = _app()
    except TransientError as error:  # a store that is locked or out of reach just now
        answer = error_answer(error, 503)
        answer.headers["Retry-After"] = "1"
        return answer
    return _not_begun(app, request.environ)


@functions_framework.errorhandler(404)  # type: ignore[untyped-decorator]  # it has no types
def what_the_framework_does_not_know(_error: Exception) -> Any:
    """Hands that to the app, too: an address with a line break in it, which no path is for it."""
    return api(flask.request)


def _not_begun(app: flask.Flask, environ: dict[str, Any]) -> Response:
    """What the app answers, of which nothing is asked before the framework is done with its part.

    `Response.from_app` takes the first piece at once. A streamed and compressed one leaves the
    app's context open until its end, and the framework's own app then finds another than its own.
    """
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _fault: Any = None) -> Any:
        begun.append((status, headers))

    pieces = app(environ, start)
    status, headers = begun[-1]
    return Response(pieces, status, headers, direct_passthrough=True)
