"""/preferences: the language and the theme that a person likes, kept in cookies."""

import flask

from functions.api import languages
from functions.api.addresses import parts_of

THEMES = ("light", "dark")
YEAR_S = 365 * 24 * 60 * 60

_CHOICES = {"language": tuple(languages.LANGUAGES), "theme": THEMES}


def prefer() -> flask.Response:
    """Notes what the form chooses, and goes back to where it was sent from."""
    came_from = parts_of(flask.request.referrer or "")
    inside = came_from.netloc == flask.request.host
    back = came_from._replace(scheme="", netloc="").geturl() if inside else "/"
    # "//host" would be an address elsewhere.
    answer = flask.redirect("/" + back.lstrip("/\\"), code=303)
    for name, allowed in _CHOICES.items():
        chosen = flask.request.form.get(name)
        if chosen in allowed:
            answer.set_cookie(
                name,
                chosen,
                max_age=YEAR_S,
                httponly=True,
                samesite="Lax",
                secure=flask.request.is_secure,
            )
    return answer  # type: ignore[return-value]  # a redirect is one of Flask's own responses


def theme() -> str | None:
    """The theme that the reader chose, or None for that of their system."""
    chosen = flask.request.cookies.get("theme")
    return chosen if chosen in THEMES else None
