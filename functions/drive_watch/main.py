"""Looks at the sources once and takes in what is new.

Answers 200 with `{"received": 2, "failed": ["why", …], "busy": [], "finished": true}`, 405 to
anything but POST, and 500 or 503 when a source could not be looked at; the next look goes on from
where this one came to. So it does after `watch_timeout`, which has to be less than the time that
the function may take.
"""

import functools
import logging
import threading
import time
from dataclasses import asdict

import flask
import functions_framework

from core.adapters import connect
from core.errors import KhanaError, RequestError, TransientError
from core.ports import Adapters
from core.settings import Settings, load_settings
from core.watch import watch
from functions import telemetry
from functions.answers import error_answer

log = logging.getLogger(__name__)

_building = threading.Lock()


@functools.cache
def _parts() -> tuple[Settings, Adapters]:
    settings = load_settings()
    telemetry.install(settings, "drive_watch")
    return settings, connect(settings)


@functions_framework.http
def drive_watch(request: flask.Request) -> flask.Response:
    """One look."""
    if request.method != "POST":
        # A look changes things, so nothing may set it off that only means to read.
        answer = error_answer(RequestError("send a POST to look at the sources"), 405)
        answer.headers["Allow"] = "POST"
        return answer
    start = time.monotonic()
    try:
        # Not at import: a server may fork after it, and no connection lives through that.
        with _building:
            settings, adapters = _parts()
        deadline = start + settings.watch_timeout
        return flask.jsonify(asdict(watch(adapters, settings, deadline=deadline)))
    except TransientError as error:
        return error_answer(error, 503)
    except KhanaError as error:
        # Alerts look for the code: infra/terraform/monitoring.tf.
        log.exception("looking at the sources: %s [%s]", error.message, error.code)
        return error_answer(error, 500)
