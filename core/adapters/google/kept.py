"""Where a person's sign-in to Drive is kept: a file that nobody else may read, or a secret of
Secret Manager (https://cloud.google.com/secret-manager/docs/reference/rest), a version a login.

Where SECRET_MANAGER_EMULATOR_HOST (a URL) is set, Secret Manager is there, and asks nobody to sign
in.
"""

import base64
import http.client
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.auth
import httplib2  # type: ignore[import-untyped]
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials as PersonCredentials
from googleapiclient.discovery import build_from_document  # type: ignore[import-untyped]
from googleapiclient.discovery_cache import get_static_doc  # type: ignore[import-untyped]
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]

from core.adapters.google.credentials import SCOPE, TOKEN_URI, sign_in_error
from core.adapters.google.retry import Backoff
from core.errors import SetupError, TransientError

EMULATOR = "SECRET_MANAGER_EMULATOR_HOST"
PATIENCE_S = 30.0
SIGN_IN = "sign in with `khana drive login`"

_SECRET = re.compile(r"projects/[\w:.-]+/secrets/[\w-]+")
_CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def of_person(place: str, *, token_uri: str = TOKEN_URI) -> PersonCredentials:
    """The credentials of the person whose sign-in `save_person` kept at `place`.

    place: a path, or `projects/P/secrets/S`.

    Raises:
        SetupError: nobody has signed in, others may read the file, or it is none of ours.
        TransientError: Secret Manager is out of reach.
    """
    text = _read_secret(place) if _SECRET.fullmatch(place) else _read_file(Path(place))
    try:
        kept = json.loads(text)
        values = {key: str(kept[key]) for key in ("client_id", "client_secret", "refresh_token")}
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"{place}: holds no sign-in to Drive: {SIGN_IN}", code="no_credentials"
        ) from error
    return PersonCredentials(  # type: ignore[no-untyped-call]
        None, token_uri=token_uri, scopes=[SCOPE], **values
    )


def save_person(credentials: PersonCredentials, place: str) -> None:
    """Keeps a sign-in at `place`: in a file with mode 0600 from its first byte on, or as the newest
    version of a secret that is there.

    Raises:
        SetupError: it can't be written there; the message says why.
        TransientError: Secret Manager is out of reach.
    """
    text = json.dumps(
        {
            "type": "authorized_user",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "refresh_token": credentials.refresh_token,
        }
    )
    if _SECRET.fullmatch(place):
        _add_version(place, text)
    else:
        _write_file(Path(place), text)


def _read_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SetupError(
            f"{path}: nobody has signed in to Drive yet: {SIGN_IN}", code="no_credentials"
        ) from error
    except (OSError, ValueError) as error:
        raise SetupError(f"{path}: can't be read: {error}", code="no_credentials") from error
    if mode & 0o077:
        raise SetupError(
            f"{path}: others can read this sign-in to Drive: chmod 600 {path}",
            code="unsafe_credentials",
        )
    return text


def _write_file(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp gives mode 0600, and the rename leaves no moment of half a file.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}", code="no_credentials") from error


def _read_secret(name: str) -> str:
    answer = _ask(
        name,
        "Secret Manager Secret Accessor",
        lambda secrets: secrets.versions().access(name=f"{name}/versions/latest"),
    )
    return base64.b64decode(answer["payload"]["data"]).decode("utf-8", "replace")


def _add_version(name: str, text: str) -> None:
    payload = {"payload": {"data": base64.b64encode(text.encode()).decode()}}
    _ask(
        name,
        "Secret Manager Secret Version Adder",
        lambda secrets: secrets.addVersion(parent=name, body=payload),
    )


def _ask(name: str, role: str, call: Callable[[Any], Any]) -> Any:
    """What Secret Manager answers; `role` is the one that the account needs for it."""
    document = json.loads(get_static_doc("secretmanager", "v1"))
    emulator = os.environ.get(EMULATOR)
    try:
        if emulator:
            document["rootUrl"] = f"{emulator.rstrip('/')}/"
            credentials: Credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        else:
            credentials, _ = google.auth.default(scopes=[_CLOUD_SCOPE])
        service = build_from_document(document, credentials=credentials)
    except GoogleAuthError as error:
        raise sign_in_error(error) from error

    def once() -> Any:
        try:
            return call(service.projects().secrets()).execute()
        except HttpError as error:
            raise _refusal(error, name, role) from error
        except GoogleAuthError as error:
            raise sign_in_error(error) from error
        except (httplib2.HttpLib2Error, http.client.HTTPException, OSError) as error:
            raise TransientError(f"{name}: Secret Manager is out of reach: {error}") from error

    try:
        return Backoff(budget=PATIENCE_S).run(once)
    finally:
        service.close()


def _refusal(error: HttpError, name: str, role: str) -> SetupError | TransientError:
    if error.status_code == 429 or error.status_code >= 500:
        return TransientError(f"{name}: Secret Manager asks to come back later")
    if error.status_code == 404:
        return SetupError(
            f"{name}: there is no such secret, or nothing in it yet: make it, and {SIGN_IN}",
            code="no_credentials",
        )
    if error.status_code == 403:
        return SetupError(
            f"{name}: this account may not use the secret: grant it the role {role} on it",
            code="access_denied",
        )
    return SetupError(f"{name}: Secret Manager refuses: {error.reason}", code="no_credentials")
