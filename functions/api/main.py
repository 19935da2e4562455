"""The JSON API and the web page, as one HTTP function."""

import functools
import threading

import flask
import functions_framework
from werkzeug.wrappers import Response

from core.adapters import connect
from core.settings import load_settings
from functions.api.app import create_app

_building = threading.Lock()


@functools.cache
def _app() -> flask.Flask:
    settings = load_settings()
    return create_app(connect(settings), settings)


@functions_framework.http
def api(request: flask.Request) -> Response:
    """Hands the request to the app."""
    # Not at import: a server may fork after it, and no connection lives through that. Under a lock:
    # two first requests must not build two apps.
    with _building:
        app = _app()
    return Response.from_app(app, request.environ)
