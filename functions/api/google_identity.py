"""Google's word for who somebody is: ID tokens, and the way of a browser to one.

https://developers.google.com/identity/openid-connect/openid-connect
"""

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from core.access import Identity, Role
from core.adapters.google.credentials import AUTHORIZATION_URI, TOKEN_URI, challenge
from core.errors import RequestError, TransientError
from core.settings import Settings

CERTS_URL = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS = ("accounts.google.com", "https://accounts.google.com")

_CERTS_KEPT_S = 3600.0
"""Google changes its keys every few days, and announces each a day before it is used."""
_TIMEOUT_S = 10.0

_lock = threading.Lock()
_certs: tuple[float, dict[str, str]] = (0.0, {})


def identity(token: str, settings: Settings) -> Identity | None:
    """Whom an ID token names, with the role that the settings give them; None if it gives none or
    the token is not for this audience, not Google's, or over.

    Raises:
        TransientError: Google's keys can't be fetched.
    """
    audiences = [each for each in (settings.google_client_id, settings.audience) if each]
    if not audiences or token.count(".") != 2:
        return None
    try:
        # Before Google's keys are fetched: a made-up token must not have us ask for them.
        if jwt.decode(token, verify=False).get("aud") not in audiences:  # type: ignore[no-untyped-call]
            return None
        claims = jwt.decode(token, certs=_google_certs(), audience=audiences)  # type: ignore[no-untyped-call]
    except (GoogleAuthError, ValueError, RecursionError):  # the last: lists in lists without end
        return None
    if claims.get("iss") not in ISSUERS:
        return None
    return known(claims, settings)


def known(claims: Mapping[str, Any], settings: Settings) -> Identity | None:
    """Who that is here: `email` if it is verified, and of an organisation where `hd` names it."""
    email = str(claims.get("email", "")).lower()
    if not email or claims.get("email_verified") is not True:
        return None
    names = {email} | ({f"@{str(claims['hd']).lower()}"} if claims.get("hd") else set())
    allowed = (
        (Role.ADMIN, settings.admins),
        (Role.EDITOR, settings.editors),
        (Role.READER, settings.readers),
    )
    for role, listed in allowed:
        if names & {each.strip().lower() for each in (listed or "").split(",")}:
            return Identity(email, role)
    return None


def _google_certs() -> dict[str, str]:
    global _certs  # noqa: PLW0603  one process, one copy of Google's keys
    with _lock:
        fetched, certs = _certs
        if not certs or time.monotonic() - fetched > _CERTS_KEPT_S:
            try:
                answer = requests.get(CERTS_URL, timeout=_TIMEOUT_S)
                answer.raise_for_status()
                certs = answer.json()
            except (requests.RequestException, ValueError) as error:
                raise TransientError("Google's keys for signing in are out of reach") from error
            _certs = time.monotonic(), certs
        return certs


def begin(settings: Settings, redirect_uri: str) -> tuple[str, dict[str, str]]:
    """Where to send a browser, and what to remember until it comes back."""
    kept = {"state": secrets.token_urlsafe(32), "verifier": secrets.token_urlsafe(64)}
    query = {
        "client_id": settings.google_client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid email",
        "state": kept["state"],
        "code_challenge": challenge(kept["verifier"]),
        "code_challenge_method": "S256",
        "prompt": "select_account",
    }
    return f"{AUTHORIZATION_URI}?{urlencode(query)}", kept


def finish(settings: Settings, redirect_uri: str, *, code: str, verifier: str) -> str:
    """The ID token for the code that the browser brought.

    Raises:
        RequestError: Google doesn't take it.
        TransientError: Google is out of reach.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "client_id": settings.google_client_id,
        "client_secret": settings.google_client_secret,
        "redirect_uri": redirect_uri,
    }
    try:
        answer = requests.post(TOKEN_URI, data=form, timeout=_TIMEOUT_S)
        token = answer.json().get("id_token")
    except (requests.RequestException, ValueError) as error:
        raise TransientError("Google's sign-in is out of reach") from error
    if not token:
        raise RequestError("Google didn't take the sign-in: try again", code="sign_in_refused")
    return str(token)
