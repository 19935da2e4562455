"""How it stands with Drive, in sentences: who signs in, what is seen, how far it was followed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from core.adapters.google.drive_api import DriveApi
from core.adapters.google.drive_connect import folder_ids, root_url, sign_in
from core.adapters.google.drive_cursor import load
from core.adapters.google.drive_push import SOURCE, open_until
from core.adapters.google.retry import Backoff
from core.errors import RequestError
from core.intake.last_look import last_look
from core.intake.watch import cursor_key, push_key
from core.invoice import now
from core.ports import InvoiceStore
from core.settings import Settings

PATIENCE_S = 10.0
"""Somebody waits for the answer."""


@dataclass(frozen=True)
class Finding:
    fine: bool
    said: str


def findings(settings: Settings, store: InvoiceStore) -> Iterator[Finding]:
    """One sentence after the other; asks Drive for each watched folder.

    Raises:
        SetupError: nobody can sign in, or Drive refuses the account; the message says what to do.
        TransientError: Drive or the store is out of reach.
    """
    folders = folder_ids(settings)
    if not folders:
        yield Finding(False, "no folder of Drive is watched: name some in setting drive_folders")
        return
    yield Finding(True, _who(settings))
    credentials = sign_in(settings)
    with closing(
        DriveApi(credentials, root_url=root_url(), backoff=Backoff(budget=PATIENCE_S))
    ) as api:
        for folder_id in folders:
            try:
                folder = api.file(folder_id, what=f"Drive folder {folder_id}")
            except RequestError as error:
                yield Finding(False, error.message)
            else:
                yield Finding(not folder.trashed, f"{folder.name} ({folder_id}): is seen")
    yield _looked(store)
    yield _followed(store)
    yield _called(settings, store)


def _looked(store: InvoiceStore) -> Finding:
    look = last_look(store, SOURCE)
    if look is None:
        return Finding(True, "nobody has looked yet: khana drive sync, or wait for the schedule")
    said = f"the last look ended {look.at:%Y-%m-%d %H:%M} UTC"
    if look.error is not None:
        return Finding(False, f"{said}, early: {look.error}")
    return Finding(True, f"{said}: {look.received} taken in, {len(look.failed)} refused")


def _followed(store: InvoiceStore) -> Finding:
    try:
        feeds = load(store.get_state(cursor_key(SOURCE))).values()
    except ValueError:
        return Finding(False, "how far it was followed can't be read: the next look lists all anew")
    known, todo = sum(len(feed.folders) for feed in feeds), sum(len(feed.todo) for feed in feeds)
    return Finding(True, f"{known} folders are followed, {todo} of them yet to be listed")


def _who(settings: Settings) -> str:
    if settings.drive_sign_in is not None:
        return f"a person signs in, as kept in {settings.drive_sign_in}"
    if settings.drive_subject is not None:
        return f"a service account signs in and acts for {settings.drive_subject}"
    return "a service account signs in"


def _called(settings: Settings, store: InvoiceStore) -> Finding:
    if settings.drive_push is None:
        return Finding(True, "Drive does not call: the schedule alone looks")
    until = open_until(store.get_state(push_key(SOURCE)))
    if until is None or until < now():
        return Finding(False, "Drive is to call when something is new, but no channel is open")
    return Finding(True, f"Drive calls when something is new, until {until:%Y-%m-%d %H:%M} UTC")
