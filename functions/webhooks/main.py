"""Tells webhooks what is due to be told, once (`functions.rounds`).

Answers with `{"delivered": 2, "failed": 0, "given_up": 0}`.
"""

import flask
import functions_framework

from core.webhooks.sending import deliver
from functions.rounds import answer_with

LONGEST_S = 50.0
"""One call: on Google Cloud the next one comes after a minute."""


@functions_framework.http
def webhooks(request: flask.Request) -> flask.Response:
    """One round."""
    return answer_with(deliver, request, function="webhooks", longest=lambda _: LONGEST_S)
