"""Reads the object that a storage event announces, and gives up on it after the last try.

An event is a CloudEvent of Cloud Storage, as Eventarc sends it, or a message of Pub/Sub that holds
a storage notification: a CloudEvent of Pub/Sub, or what a push subscription sends as it is. A
message that Pub/Sub has forwarded to a dead-letter topic says that nobody could read its object.

Answers: 200 when the event is dealt with (read now or before, unreadable, given up, gone, or an
event of another type), 400 when it isn't an event of the promised form (so that it ends, unread by
anyone, where dead letters are looked at), 500 or 503 when trying again may help.
"""

import functools
import logging
import threading

import flask
import functions_framework
from cloudevents.http import CloudEvent

from core.adapters import connect
from core.errors import KhanaError, RequestError, TransientError
from core.extract import Extractor
from core.invoice import ObjectRef
from core.pipeline import give_up, process
from core.ports import Adapters
from core.settings import Settings, load_settings
from functions.answers import error_answer
from functions.extract.events import DeadLetter, Finalized, parse

log = logging.getLogger(__name__)

_building = threading.Lock()


@functools.cache
def _parts() -> tuple[Settings, Adapters, Extractor]:
    settings = load_settings()
    return settings, connect(settings), Extractor(settings)


@functions_framework.cloud_event
def extract(event: CloudEvent) -> None:
    """Deals with one event. One of another type only makes the process ready for the next."""
    try:
        # Not at import: a server may fork after it, and neither a connection nor the threads of a
        # model live through that. Under a lock: two first events must not load two models.
        with _building:
            settings, adapters, extractor = _parts()
        match parse(event):
            case Finalized(ref):
                process(adapters, extractor, ref, settings)
            case DeadLetter(ref, tries):
                _give_up(adapters, ref, tries)
            case None:
                log.debug("event %s of type %s: nothing to read", event["id"], event["type"])
    except RequestError as error:
        log.error("event %s: %s", event["id"], error.message)  # noqa: TRY400  # no fault of ours
        flask.abort(error_answer(error, 400))
    except TransientError as error:
        flask.abort(error_answer(error, 503))
    except KhanaError as error:
        log.exception("event %s", event["id"])
        flask.abort(error_answer(error, 500))


def _give_up(adapters: Adapters, ref: ObjectRef, tries: int) -> None:
    invoice = give_up(adapters, ref, tries=tries)
    if invoice is not None and invoice.error is not None:
        log.error("given up: %s", invoice.error.message)
