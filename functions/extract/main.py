"""Reads the object that a storage event announces, and gives up on it after the last try.

An event is a CloudEvent of Cloud Storage, as Eventarc sends it, or a message of Pub/Sub that holds
a storage notification: a CloudEvent of Pub/Sub, or what a push subscription sends as it is. A
message that Pub/Sub has forwarded to a dead-letter topic says that nobody could read its object.

`read_now` is a second target of the same image, for the API alone: it reads boxes that somebody is
drawing and answers with what is in them (`core.trial`).

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
from core.errors import InputError, KhanaError, RequestError, TransientError
from core.extract import Extractor
from core.invoice import ObjectRef
from core.pipeline import give_up, process
from core.ports import Adapters
from core.settings import Settings, load_settings
from core.trial import try_read
from functions import telemetry
from functions.answers import error_answer
from functions.extract.events import DeadLetter, Finalized, parse

log = logging.getLogger(__name__)

_building = threading.Lock()


@functools.cache
def _parts() -> tuple[Settings, Adapters, Extractor]:
    settings = load_settings()
    telemetry.install(settings, "extract")
    return settings, connect(settings), _extractor()


@functools.cache
def _alone() -> Extractor:
    """What `read_now` needs, which keeps nothing and is not shown where anything is kept."""
    telemetry.install(load_settings(), "read_now")
    return _extractor()


@functools.cache
def _extractor() -> Extractor:
    return Extractor(load_settings())


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


@functions_framework.http
def read_now(request: flask.Request) -> flask.Response:
    """What the boxes of the form's `template` hold in its `file`, or in `page` of it alone; stores
    nothing."""
    try:
        with _building:
            extractor = _alone()
        file, template = request.files.get("file"), request.files.get("template")
        if file is None or template is None:
            raise RequestError("send a file and a template")
        reference = request.files.get("reference")
        outcome = try_read(
            extractor,
            file.read(),
            template.read(),
            name=file.filename or "the file",
            reference=reference.read() if reference else None,
            page=request.form.get("page", type=int),
        )
    except InputError as error:
        return error_answer(error, 422)
    except TransientError as error:
        return error_answer(error, 503)
    except KhanaError as error:
        log.exception("reading at once")
        return error_answer(error, 500)
    return flask.Response(outcome.model_dump_json(), content_type="application/json")


def _give_up(adapters: Adapters, ref: ObjectRef, tries: int) -> None:
    invoice = give_up(adapters, ref, tries=tries)
    if invoice is not None and invoice.error is not None:
        log.error("given up: %s", invoice.error.message)
