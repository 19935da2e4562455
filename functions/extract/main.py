"""Reads the object that a storage event announces.

Answers: 200 when the event is dealt with (read now or before, unreadable, gone, or an event of
another type), 400 when it isn't an event of the promised form (so that it ends, unread by anyone,
where dead letters are looked at), 500 or 503 when trying again may help.
"""

import functools
import logging
import threading
from collections.abc import Mapping
from typing import Any

import flask
import functions_framework
from cloudevents.http import CloudEvent
from pydantic import ValidationError

from core.adapters import connect
from core.errors import KhanaError, RequestError, TransientError
from core.extract import Extractor
from core.invoice import ObjectRef
from core.pipeline import process
from core.ports import Adapters
from core.settings import Settings, load_settings
from functions.answers import error_answer

log = logging.getLogger(__name__)

FINALIZED = "google.cloud.storage.object.v1.finalized"

_building = threading.Lock()


@functools.cache
def _parts() -> tuple[Settings, Adapters, Extractor]:
    settings = load_settings()
    return settings, connect(settings), Extractor(settings)


@functions_framework.cloud_event
def extract(event: CloudEvent) -> None:
    """Reads one object. An event of another type only makes the process ready for the next."""
    try:
        # Not at import: a server may fork after it, and neither a connection nor the threads of a
        # model live through that. Under a lock: two first events must not load two models.
        with _building:
            settings, adapters, extractor = _parts()
        if event["type"] != FINALIZED:
            log.debug("event %s of type %s: nothing to read", event["id"], event["type"])
            return
        process(adapters, extractor, _object(event), settings)
    except RequestError as error:
        log.error("event %s: %s", event["id"], error.message)  # noqa: TRY400  # no fault of ours
        flask.abort(error_answer(error, 400))
    except TransientError as error:
        flask.abort(error_answer(error, 503))
    except KhanaError as error:
        log.exception("event %s", event["id"])
        flask.abort(error_answer(error, 500))


def _object(event: CloudEvent) -> ObjectRef:
    data: Any = event.get_data()
    if not isinstance(data, Mapping):
        raise RequestError("the event's data must be a JSON object", code="invalid_event")
    try:
        # Cloud Storage sends the generation as text, as JSON's numbers are not wide enough for it.
        return ObjectRef.model_validate(
            {key: data.get(key) for key in ("bucket", "name", "generation")}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RequestError(
            f"the event's data: {first['loc'][0]}: {first['msg']}", code="invalid_event"
        ) from error
