"""Sessions of the page: a signed cookie that names who signed in and when, and no role.

What somebody may do is looked up with each request, so a revoked key or a name taken off the list
ends the session with it. The secret that signs is made once and kept in the store, for every
instance.
"""

import secrets
from functools import cached_property
from typing import Any

import flask
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.ports import InvoiceStore

COOKIE = "khana_session"
WAY_COOKIE = "khana_way"
"""What is remembered on the way to Google and back."""
LENGTH_S = 12 * 3600
WAY_S = 600

_STATE = "session-secret"


class Sessions:
    """Those of one app."""

    def __init__(self, store: InvoiceStore) -> None:
        self._store = store

    @cached_property
    def _signer(self) -> URLSafeTimedSerializer:
        made = secrets.token_urlsafe(32)
        secret = self._store.change_state(_STATE, lambda kept: None if kept else made)
        return URLSafeTimedSerializer(str(secret), salt="khana")

    def begin(self, answer: flask.Response, who: dict[str, Any]) -> None:
        """Has the answer begin a session, in the place of whatever session there was."""
        self._set(answer, COOKIE, who, LENGTH_S)

    def end(self, answer: flask.Response) -> None:
        answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")

    def current(self) -> dict[str, Any] | None:
        """Who the request's session is of; None if there is none that holds."""
        return self._get(COOKIE, LENGTH_S)

    def remember(self, answer: flask.Response, kept: dict[str, str]) -> None:
        self._set(answer, WAY_COOKIE, kept, WAY_S)

    def remembered(self) -> dict[str, Any]:
        return self._get(WAY_COOKIE, WAY_S) or {}

    def _set(self, answer: flask.Response, name: str, value: dict[str, Any], seconds: int) -> None:
        answer.set_cookie(
            name,
            self._signer.dumps([name, value]),
            max_age=seconds,
            httponly=True,
            samesite="Lax",
            secure=flask.request.is_secure,
        )

    def _get(self, name: str, seconds: int) -> dict[str, Any] | None:
        given = flask.request.cookies.get(name)
        if given is None:
            return None
        try:
            kind, value = self._signer.loads(given, max_age=seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        return value if kind == name and isinstance(value, dict) else None
