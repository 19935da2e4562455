"""/sign-in: with an API key, or with Google."""

from typing import Any

import flask
from google.auth import jwt

from core.access import Role
from core.errors import RequestError
from functions.api import google_identity
from functions.api.access import access, identity, may
from functions.api.context import context
from functions.api.pages.answers import page


def sign_in() -> flask.Response:
    """The form, or what came of it."""
    request = flask.request
    onward = _inside(request.values.get("next"))
    if request.method == "GET":
        return _form(onward)
    if access().sign_ins.wait(f"at {request.remote_addr}"):
        return _form(onward, fault="too_often", status=429)
    key = access().by_key(request.form.get("key", "").strip())
    if key is None:
        return _form(onward, fault="no_such_key", status=401)
    return _signed_in({"key": key.id}, onward)


def to_google() -> flask.Response:
    """Sends the browser to Google."""
    settings = context().settings
    if not settings.google_client_id:
        flask.abort(404)
    url, kept = google_identity.begin(settings, _here())
    answer = flask.make_response(flask.redirect(url, code=303))
    access().sessions.remember(answer, kept | {"next": _inside(flask.request.args.get("next"))})
    return answer


def from_google() -> flask.Response:
    """Takes the browser back from Google."""
    settings, asked, kept = context().settings, flask.request.args, access().sessions.remembered()
    if not kept or asked.get("state") != kept["state"] or "code" not in asked:
        return _form("/", fault="not_signed_in", status=400)
    try:
        token = google_identity.finish(
            settings, _here(), code=asked["code"], verifier=kept["verifier"]
        )
    except RequestError:
        return _form("/", fault="not_signed_in", status=400)
    if google_identity.identity(token, settings) is None:
        return _form(kept["next"], fault="not_allowed", status=403)
    claims = jwt.decode(token, verify=False)  # type: ignore[no-untyped-call]  # it just was
    who = {name: claims.get(name) for name in ("email", "email_verified", "hd")}
    return _signed_in(who, kept["next"])


def sign_out() -> flask.Response:
    answer = flask.make_response(flask.redirect(flask.url_for("page.sign_in"), code=303))
    access().sessions.end(answer)
    return answer


def about_session() -> dict[str, Any]:
    """What every page says of who is signed in, and whether they may do more than look."""
    return {"identity": identity(), "may_edit": may(Role.EDITOR)}


def _form(onward: str, *, fault: str | None = None, status: int = 200) -> flask.Response:
    answer = page(
        "sign_in.html", onward=onward, fault=fault, google=bool(context().settings.google_client_id)
    )
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _signed_in(who: dict[str, Any], onward: str) -> flask.Response:
    answer = flask.make_response(flask.redirect(onward, code=303))
    access().sessions.begin(answer, who)
    return answer


def _inside(onward: str | None) -> str:
    """An address of this site: "//host" or "/\\host" would be one elsewhere, and browsers don't see
    a tab or a line break in between."""
    onward = "".join(char for char in onward or "" if char >= " ")
    return "/" + onward.lstrip("/\\") if onward.startswith("/") else "/"


def _here() -> str:
    return flask.url_for("page.from_google", _external=True)
