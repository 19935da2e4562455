"""/v1/drive:sync, what Drive calls, and the answer that says that all is well."""

import logging
from dataclasses import asdict
from typing import Any

from core.adapters.google.drive_push import SOURCE, is_ours
from core.errors import RequestError, SetupError, TransientError
from core.intake.watch import push_key, watch
from functions.answers import error_answer
from functions.api import private
from functions.api.context import context
from functions.api.routes import blueprint
from functions.api.schemas import ErrorBody, Health, PushHeaders, SyncReport

log = logging.getLogger(__name__)

api = blueprint("service")


@api.post("/v1/drive:sync", responses={200: SyncReport})
def sync_drive() -> Any:
    """Looks now at where files come from, and takes in what is new."""
    try:
        return _look()
    except SetupError as error:  # who asks for a look is to know what hinders it
        return error_answer(error, 500)


@api.post("/v1/drive:notify", responses={204: None, 403: ErrorBody})
def notified_by_drive(header: PushHeaders) -> Any:
    """What Drive calls when something is new, through a channel that Khana opened."""
    kept = context().adapters.store.get_state(push_key(SOURCE))
    if not is_ours(kept, header.channel_id, header.channel_token):
        return error_answer(RequestError("this is no call of a channel of Khana's"), 403)
    # The first call of a channel says that it is open, and of nothing new.
    if header.resource_state != "sync":
        try:
            _look()
        except (SetupError, TransientError) as error:
            # Drive would call again and again; the next change or the schedule looks anyway.
            log.warning("looking after Drive's call: %s", error.message)
    return "", 204


def _look() -> Any:
    here = context()
    if here.settings.drive_watch_url is not None:
        return private.post(here.settings.drive_watch_url)
    return asdict(watch(here.adapters, here.settings))


@api.get("/healthz", responses={200: Health})
def check_health() -> Any:
    """Says that requests are answered and the store is in reach."""
    context().adapters.store.get_state("healthz")
    return {"status": "ok"}
