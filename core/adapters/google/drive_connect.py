"""Drive as the settings name it: which folders, and who signs in.

Where DRIVE_EMULATOR_HOST (a URL) is set, Drive and Google's sign-in are there.
"""

import os
import re

from google.auth.credentials import AnonymousCredentials, Credentials

from core.adapters.google import credentials, kept
from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_api import ROOT_URL, DriveApi
from core.adapters.google.retry import Backoff
from core.errors import SetupError
from core.settings import Settings

EMULATOR = "DRIVE_EMULATOR_HOST"

PATIENCE_S = 120.0
"""How long a call is tried again for. Google asks for waits of up to a minute."""

_IN_LINK = re.compile(r"(?:/folders/|[?&]id=)([\w-]+)")


def open_source(settings: Settings, *, patience: float = PATIENCE_S) -> DriveSource | None:
    """The watched folders; None if there are none. Nobody signs in before the first look.

    `patience` is how many seconds one call is tried again for.

    Raises:
        SetupError: what is to be watched is no link or id of a folder.
    """
    folders = folder_ids(settings)
    if not folders:
        return None

    def connect() -> DriveApi:
        return DriveApi(sign_in(settings), root_url=root_url(), backoff=Backoff(budget=patience))

    return DriveSource(
        connect, folders, max_bytes=settings.max_file_bytes, address=settings.drive_push
    )


def sign_in(settings: Settings) -> Credentials:
    """Whom the settings let sign in.

    Raises:
        SetupError: nobody can; the message says what to do.
        TransientError: Google's sign-in is out of reach.
    """
    if settings.drive_sign_in is not None:
        if settings.drive_subject is not None:
            raise SetupError(
                "settings drive_sign_in and drive_subject: a person signs in, or a service account "
                "acts for one: unset one of them",
                code="invalid_setting",
            )
        return kept.of_person(settings.drive_sign_in, token_uri=token_uri())
    if EMULATOR in os.environ:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    return credentials.of_service_account(settings.drive_subject)


def folder_ids(settings: Settings) -> list[str]:
    """The ids in the setting, each once.

    Raises:
        SetupError: one of the words is neither a link nor an id.
    """
    ids = []
    for word in (settings.drive_folders or "").replace(",", " ").split():
        link = _IN_LINK.search(word)
        folder_id = link[1] if link else word
        if not re.fullmatch(r"[\w-]+", folder_id):
            raise SetupError(
                f"setting drive_folders: {word}: is no link to a folder of Drive, and no id of one",
                code="invalid_setting",
            )
        ids.append(folder_id)
    return list(dict.fromkeys(ids))


def root_url() -> str:
    return _emulator() or ROOT_URL


def token_uri() -> str:
    host = _emulator()
    return f"{host}token" if host else credentials.TOKEN_URI


def _emulator() -> str | None:
    host = os.environ.get(EMULATOR)
    return f"{host.rstrip('/')}/" if host else None
