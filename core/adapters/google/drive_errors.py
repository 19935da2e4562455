"""Errors of Drive, its client and their transport, as Khana's: the one place where they are mapped.

What is about the file, folder or token that was asked for is a RequestError; what is about the
account or the project is a SetupError, and says the remedy; what passes is a TransientError.
https://developers.google.com/drive/api/guides/handle-errors
"""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager

import httplib2  # type: ignore[import-untyped]
from google.auth.exceptions import GoogleAuthError
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]

from core.adapters.google.credentials import sign_in_error
from core.errors import (
    ConflictError,
    KhanaError,
    NotFoundError,
    RequestError,
    SetupError,
    TransientError,
)

_SLOW_DOWN = {"userRateLimitExceeded", "rateLimitExceeded"}
_NOT_THIS_FILE = {
    "insufficientFilePermissions": "the account that Khana signs in with may not read it: "
    "share it with that account as a viewer",
    "cannotDownloadFile": "its owner doesn't let viewers download it: lift that in its sharing",
    "cannotDownloadAbusiveFile": "Google takes it for malware or spam",
    "fileNotDownloadable": "Drive holds no bytes of it",
    "downloadQuotaExceeded": "it was downloaded too often today: rename it tomorrow, and it is "
    "taken in",
}
_REMEDIES = {
    "insufficientPermissions": "sign in again and let Khana see files in Drive",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "sign in again and let Khana see files in Drive",
    "accessNotConfigured": "enable the Google Drive API in the project",
    "dailyLimitExceeded": "raise the project's quota for the Drive API, or wait for tomorrow",
    "domainPolicy": "an administrator of the organisation must allow Drive apps",
}


@contextmanager
def drive_errors(what: str) -> Iterator[None]:
    """Maps what the block raises; `what` begins the message.

    Raises:
        RequestError, NotFoundError, ConflictError, SetupError, TransientError
    """
    try:
        yield
    except HttpError as error:
        raise _refusal(error, what) from error
    except GoogleAuthError as error:
        raise sign_in_error(error) from error
    except (httplib2.HttpLib2Error, http.client.HTTPException, OSError) as error:
        raise TransientError(
            f"{what}: Drive is out of reach: {str(error) or type(error).__name__}"
        ) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # The client passes on what is no JSON as a string, and misses headers as keys.
        raise TransientError(f"{what}: Drive's answer makes no sense: {error!r}") from error


def _refusal(error: HttpError, what: str) -> KhanaError:
    status, reason, said = error.status_code, _reason(error), error.reason
    if status == 429 or status >= 500 or (status == 403 and reason in _SLOW_DOWN):
        return TransientError(f"{what}: Drive asks to come back later ({status} {reason or said})")
    if status == 401:
        return SetupError(
            f"{what}: Drive doesn't know who asks (401 {said}): sign in again",
            code="sign_in_expired",
        )
    if status == 403 and reason in _NOT_THIS_FILE:
        return RequestError(f"{what}: {_NOT_THIS_FILE[reason]}", code="access_denied")
    if status == 403:
        remedy = _REMEDIES.get(reason, "check what this account and its project may do in Drive")
        return SetupError(
            f"{what}: Drive refuses ({reason or said}): {remedy}", code="access_denied"
        )
    if status == 404:
        return NotFoundError(
            f"{what}: is not in Drive, or not shared with the account that Khana signs in with: "
            "share it with that account"
        )
    if status == 416:
        return ConflictError(f"{what}: was cut while it was read")
    return RequestError(f"{what}: Drive refuses the call ({status} {said})")


def _reason(error: HttpError) -> str:
    """The reason in the answer, such as `userRateLimitExceeded`; empty if there is none."""
    try:
        body = json.loads(error.content)["error"]
        return str(body["errors"][0]["reason"] if body.get("errors") else body.get("status", ""))
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
