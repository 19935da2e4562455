"""Tells webhooks what is due to be told, once.

Answers 200 with `{"delivered": 2, "failed": 0, "given_up": 0}`, 405 to anything but POST, and 500
or 503 when the store can't be used; what was not sent is sent by the next call.
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
from core.webhooks import deliver
from functions import telemetry
from functions.answers import error_answer

log = logging.getLogger(__name__)

LONGEST_S = 50.0
"""One call: on Google Cloud the next one comes after a minute."""

_building = threading.Lock()


@functools.cache
def _parts() -> tuple[Settings, Adapters]:
    settings = load_settings()
    telemetry.install(settings, "webhooks")
    return settings, connect(settings)


@functions_framework.http
def webhooks(request: flask.Request) -> flask.Response:
    """One round."""
    if request.method != "POST":
        answer = error_answer(RequestError("send a POST to have webhooks told"), 405)
        answer.headers["Allow"] = "POST"
        return answer
    deadline = time.monotonic() + LONGEST_S
    try:
        # Not at import: a server may fork after it, and no connection lives through that.
        with _building:
            settings, adapters = _parts()
        return flask.jsonify(asdict(deliver(adapters, settings, deadline=deadline)))
    except TransientError as error:
        return error_answer(error, 503)
    except KhanaError as error:
        log.exception("telling webhooks")
        return error_answer(error, 500)
