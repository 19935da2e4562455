"""Looks at the sources once and takes in what is new (`functions.rounds`).

Answers with `{"received": 2, "failed": ["why", …], "busy": [], "finished": true}`. When a source
could not be looked at, or after `watch_timeout`, which has to be less than the time that the
function may take, the next look goes on from where this one came to.
"""

import flask
import functions_framework

from core.intake.watch import watch
from functions.rounds import answer_with


@functions_framework.http
def drive_watch(request: flask.Request) -> flask.Response:
    """One look."""
    return answer_with(
        watch, request, function="drive_watch", longest=lambda settings: settings.watch_timeout
    )
