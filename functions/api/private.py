"""Calls of the api function to Khana's other functions, which answer nobody else.

On Google Cloud each call shows an ID token whose audience is the function's address
(https://cloud.google.com/run/docs/authenticating/service-to-service); on this machine none.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.id_token
import requests

from core.errors import KhanaError, RequestError, SetupError, TransientError
from functions.answers import told_in

LONGEST_S = 280.0
"""Less than the API itself may take (`timeout_seconds` in infra/terraform/functions.tf), so that
who asked gets an answer of ours. A look at Drive may take longer, and goes on."""

Files = Mapping[str, tuple[str, bytes]]
"""By field of a form, a file's name and bytes."""


def post(
    url: str,
    files: Files | None = None,
    form: Mapping[str, str] | None = None,
    *,
    timeout: float = LONGEST_S,
) -> Any:
    """What the function at `url` answers to a POST of `files` and the words of `form`, from JSON.

    Raises:
        RequestError: what was sent can't be used.
        TransientError: it is busy or out of reach, or did not answer in `timeout` seconds.
        SetupError: somebody has to mend something first; the message says what.
    """
    try:
        answer = requests.post(url, headers=_identity(url), files=files, data=form, timeout=timeout)
    except requests.ReadTimeout as error:
        raise TransientError(
            f"{url}: is still at it after {timeout:g} s, and goes on without being waited for"
        ) from error
    except requests.RequestException as error:
        raise TransientError(f"{url}: is out of reach: {type(error).__name__}") from error
    if answer.ok:
        return answer.json()
    told = told_in(answer.content)
    if told is not None:
        kinds: dict[int, type[KhanaError]] = {422: RequestError, 503: TransientError}
        raise kinds.get(answer.status_code, SetupError)(told.message, code=told.code)
    if answer.status_code in (401, 403):  # Cloud Run refuses whoever has no right to call
        raise SetupError(
            f"{url}: may not be called by the API: grant its account Cloud Run Invoker on it",
            code="access_denied",
        )
    raise TransientError(f"{url}: answers {answer.status_code}")


def _identity(url: str) -> dict[str, str]:
    if urlsplit(url).hostname in ("127.0.0.1", "localhost"):
        return {}
    request = google.auth.transport.requests.Request()
    try:
        token = google.oauth2.id_token.fetch_id_token(request, url)  # type: ignore[no-untyped-call]
    except google.auth.exceptions.GoogleAuthError as error:
        raise SetupError(
            f"{url}: no ID token for it can be had: {error}", code="no_credentials"
        ) from error
    return {"Authorization": f"Bearer {token}"}
