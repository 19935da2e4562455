"""Who is let in: a proof of identity with each request, a role for each route.

Proofs are an API key or Google's ID token (`Authorization: Bearer …`), or the session of somebody
who signed in on the page. Where Khana answers this machine alone everybody may do everything.
"""

import ipaddress
import math
import time
from collections.abc import Mapping, Sequence
from typing import cast

import flask

from core.access import ApiKey, Identity, Role, key_of, list_keys
from core.errors import RequestError
from core.ports import Adapters, InvoiceStore
from core.settings import Settings
from functions.answers import error_answer
from functions.api import google_identity
from functions.api.addresses import parts_of
from functions.api.context import context
from functions.api.limits import RateLimit
from functions.api.sessions import Sessions

PUBLIC = frozenset(
    {
        "static",
        "service.check_health",
        "service.notified_by_drive",  # shows the token of its channel
        "page.sign_in",
        "page.sign_out",
        "page.to_google",
        "page.from_google",
        "page.prefer",
    }
)
"""Endpoints that answer strangers."""

ROLES: Mapping[str, Role] = {
    "templates.create_template": Role.ADMIN,
    "templates.update_template": Role.ADMIN,
    "templates.delete_template": Role.ADMIN,
    "invoices.delete_invoice": Role.ADMIN,
    "webhooks.get_webhooks": Role.ADMIN,
    "webhooks.create_webhook": Role.ADMIN,
    "webhooks.delete_webhook": Role.ADMIN,
}
"""Where it isn't that readers may look (GET) and editors may do the rest."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_KEYS_KEPT_S = 5.0
"""How long a revoked key may still be taken by an instance that has just looked."""
_SIGN_INS_A_MINUTE = 20
_EXTENSION = "khana_access"


class Access:
    """What one app needs to know who asks."""

    def __init__(self, store: InvoiceStore, settings: Settings) -> None:
        self._store = store
        self.sessions = Sessions(store)
        self.sign_ins = RateLimit(_SIGN_INS_A_MINUTE, _SIGN_INS_A_MINUTE)
        self.requests = RateLimit(settings.rate_limit, settings.rate_limit / 6)
        self._keys: tuple[float, Sequence[ApiKey]] = (-math.inf, ())

    def all_keys(self) -> Sequence[ApiKey]:
        fetched, keys = self._keys
        if time.monotonic() - fetched > _KEYS_KEPT_S:
            keys = list_keys(self._store)
            self._keys = time.monotonic(), keys
        return keys

    def by_key(self, shown: str) -> ApiKey | None:
        return key_of(self.all_keys(), shown)


def install(app: flask.Flask, adapters: Adapters, settings: Settings) -> None:
    """Has every request of the app let in or refused."""
    app.extensions[_EXTENSION] = Access(adapters.store, settings)
    app.before_request(_admit)


def access() -> Access:
    """What the app of the current request knows."""
    return cast(Access, flask.current_app.extensions[_EXTENSION])


def is_open(settings: Settings) -> bool:
    """Whether nobody is asked for a proof."""
    if settings.access != "auto":
        return settings.access == "none"
    return settings.backend == "local" and _is_loopback(settings.host)


def identity() -> Identity | None:
    """Who asks; None where nobody is asked for a proof, or a stranger gets an answer."""
    found: Identity | None = flask.g.get("identity")
    return found


def may(role: Role) -> bool:
    """Whether who asks may do what takes that role: everybody, where nobody is asked."""
    who = identity()
    return who is None or who.role.includes(role)


def name_or(given: str) -> str:
    """Who is noted with a change: who proved it, else who they say they are."""
    who = identity()
    return given if who is None else who.name


def role_for(endpoint: str, method: str) -> Role:
    """The role that a request takes."""
    return ROLES.get(endpoint, Role.READER if method in _SAFE else Role.EDITOR)


def _admit() -> flask.Response | None:
    request, settings = flask.request, context().settings
    endpoint = request.endpoint or ""
    bearer = request.authorization
    shows_token = bearer is not None and bearer.type == "bearer"
    unguarded = is_open(settings)
    # No page of another site can show our token. But where somebody else asks for it, it may be put
    # there on the way, whoever asks: `gcloud run services proxy` does.
    may_be_led = unguarded or not shows_token
    if request.method not in _SAFE and may_be_led and _is_from_elsewhere(proxied=shows_token):
        return _refused("a page of another site may not do this", "cross_site", 403)
    if unguarded:
        if settings.access == "auto" and not _is_loopback(parts_of(request.host_url).hostname):
            # The name of another site that leads here (DNS rebinding).
            return _refused(f"{request.host}: is not this machine", "wrong_host", 403)
        return None
    if endpoint in PUBLIC:
        return None
    who = _who(bearer.token if bearer is not None and shows_token else None, settings)
    wait = access().requests.wait(who.name if who else f"at {request.remote_addr}")
    if wait:
        return _too_many(wait)
    flask.g.identity = who
    if who is None:
        return _stranger()
    if endpoint and not who.role.includes(role_for(endpoint, request.method)):
        return _refused(f"{who.name}: the role {who.role} may not do this", "role", 403)
    return None


def _who(token: str | None, settings: Settings) -> Identity | None:
    if token is not None:
        if token.startswith("kh_"):
            key = access().by_key(token)
            return Identity(key.name, key.role) if key else None
        return google_identity.identity(token, settings)
    session = access().sessions.current()
    if session is None:
        return None
    if "key" in session:
        live = (k for k in access().all_keys() if k.id == session["key"] and k.revoked_at is None)
        return next((Identity(key.name, key.role) for key in live), None)
    return google_identity.known(session, settings)


def _is_from_elsewhere(*, proxied: bool) -> bool:
    """Whether a browser says that another site's page asks. Programs say nothing of the kind; a
    browser that says nothing sends no cookie from there either (SameSite).

    proxied: a proxy on the user's machine may have put another host in the place of its own.
    """
    headers = flask.request.headers
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    if "Origin" not in headers:
        return False
    origin = parts_of(headers["Origin"])
    return origin.netloc != flask.request.host and not (proxied and _is_loopback(origin.hostname))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _stranger() -> flask.Response:
    request = flask.request
    wants_page = (
        not request.path.startswith("/v1/") and "text/html" in request.accept_mimetypes.values()
    )
    if wants_page and request.method in _SAFE:
        to = flask.url_for("page.sign_in", next=request.full_path.rstrip("?"))
        return flask.make_response(flask.redirect(to, code=303))
    answer = _refused("show an API key or an ID token", "unauthenticated", 401)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="khana"'
    return answer


def _too_many(wait: float) -> flask.Response:
    answer = _refused("too many requests: wait a little", "rate_limited", 429)
    answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer


def _refused(message: str, code: str, status: int) -> flask.Response:
    return error_answer(RequestError(message, code=code), status)
