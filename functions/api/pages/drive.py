"""/drive: where files come from, how the last look there went, and what came."""

from dataclasses import dataclass
from itertools import islice

import flask

from core.adapters.google.drive_push import SOURCE as DRIVE
from core.errors import SetupError
from core.export.rows import every
from core.intake.last_look import LastLook, last_look
from core.invoice import Status
from core.ports import Query
from functions.api.context import context
from functions.api.pages.answers import page

LOOKED_THROUGH = 300
"""Invoices, the newest first, among which those that were not uploaded are looked for."""
SHOWN = 20

_FOLDER_LINK = "https://drive.google.com/drive/folders/"


@dataclass(frozen=True)
class _Place:
    """A place that is watched: by name, the folders with their links, and the last look at it."""

    name: str
    folders: list[tuple[str, str | None]]
    look: LastLook | None
    is_drive: bool


def drive() -> flask.Response:
    store = context().adapters.store
    newest = islice(every(store, Query()), LOOKED_THROUGH)
    came = [invoice for invoice in newest if invoice.source.kind != "upload"]
    return page(
        "drive.html",
        places=_places(),
        came=came[:SHOWN],
        failed=[invoice for invoice in came if invoice.status is Status.FAILED][:SHOWN],
    )


def _places() -> list[_Place]:
    here = context()
    places = []
    for source in here.adapters.sources:
        is_drive = source.name == DRIVE
        inbox: list[tuple[str, str | None]] = [(str(here.settings.inbox_dir), None)]
        folders = _drive_folders() if is_drive else inbox
        look = last_look(here.adapters.store, source.name)
        places.append(_Place(source.name, folders, look, is_drive))
    look = last_look(here.adapters.store, DRIVE)
    elsewhere = look is not None or here.settings.drive_watch_url is not None
    if elsewhere and not any(place.is_drive for place in places):
        # Where another function watches, it alone knows which folders.
        places.insert(0, _Place(DRIVE, _drive_folders(), look, is_drive=True))
    return places


def _drive_folders() -> list[tuple[str, str | None]]:
    # Late: it loads Drive's client, which no other page needs.
    from core.adapters.google.drive_connect import folder_ids  # noqa: PLC0415

    try:
        return [(folder, _FOLDER_LINK + folder) for folder in folder_ids(context().settings)]
    except SetupError:
        return []
