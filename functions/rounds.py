"""HTTP functions that do one round of work when they are told to: drive_watch and webhooks.

A round is told by a POST. Answers: 200 with what it came to as JSON, 405 to anything but POST, and
500 or 503 when it could not be done; what is left is done by the next round.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

import flask

from core.adapters import connect
from core.errors import KhanaError, RequestError, TransientError
from core.ports import Adapters
from core.settings import Settings, load_settings
from functions import telemetry
from functions.answers import error_answer
from functions.complaints import Complaints

log = logging.getLogger(__name__)

_building = threading.Lock()
complaints = Complaints(log)
"""By function, and all that is said of it: on one machine a round follows the last after half a
second."""


class Work(Protocol):
    def __call__(self, adapters: Adapters, settings: Settings, *, deadline: float) -> Any:
        """What it came to, a dataclass, by `deadline` on the monotonic clock."""


@functools.cache
def _parts(function: str) -> tuple[Settings, Adapters]:
    settings = load_settings()
    telemetry.install(settings, function)
    return settings, connect(settings)


def answer_with(
    work: Work, request: flask.Request, *, function: str, longest: Callable[[Settings], float]
) -> flask.Response:
    """The answer of `function`, which does `work` for at most `longest` seconds."""
    start = time.monotonic()
    if request.method != "POST":
        # A round changes things, so nothing may set it off that only means to read.
        refusal = error_answer(RequestError(f"send a POST to set {function} off"), 405)
        refusal.headers["Allow"] = "POST"
        return refusal
    try:
        # Not at import: a server may fork after it, and no connection lives through that.
        with _building:
            settings, adapters = _parts(function)
        done = work(adapters, settings, deadline=start + longest(settings))
    except TransientError as error:
        said = f"{function}: {error.message} [{error.code}]"
        complaints.say(function, said, logging.WARNING)
        return error_answer(error, 503)
    except KhanaError as error:
        # Alerts look for the code: infra/terraform/monitoring.tf.
        complaints.say(function, f"{function}: {error.message} [{error.code}]")
        return error_answer(error, 500)
    complaints.over(function)
    return flask.jsonify(asdict(done))
