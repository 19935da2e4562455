"""Entity tags: what a client has seen of a thing, so that nobody's change is lost.

A thing's tag is a digest of its JSON, so it changes with anything that a client can see of it
(RFC 9110, sections 8.8.3 and 13.1).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import flask

from core.errors import RequestError

COMPRESSED = ":gzip"
"""What Flask-Compress adds to the tag of an answer that it compresses."""


def tag(body: Mapping[str, Any]) -> str:
    """The tag of the thing that is shown as `body`, without quotes."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def tagged(body: Mapping[str, Any], code: int = 200) -> flask.Response:
    """`body` as JSON with its tag; 304 without it for a GET by who has it (`If-None-Match`)."""
    answer = flask.jsonify(body)
    answer.status_code = code
    answer.set_etag(tag(body))
    if code == 200:
        answer.make_conditional(flask.request)
    return answer


def must_match(body: Mapping[str, Any]) -> None:
    """Refuses the change if the request's `If-Match` says that another state was seen.

    Raises:
        RequestError: `changed_meanwhile`.
    """
    seen = flask.request.if_match
    if "If-Match" not in flask.request.headers or seen.star_tag:
        return
    current = tag(body)
    # Weak ones too: proxies that compress make a strong tag weak, and the thing is the same.
    if not any(seen.contains_weak(each) for each in (current, current + COMPRESSED)):
        raise RequestError(
            "it was changed since you saw it: get it again and look before you change it",
            code="changed_meanwhile",
        )
