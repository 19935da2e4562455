"""What the routes of one app work with."""

from dataclasses import dataclass
from typing import cast

import flask

from core.pictures import PageCache
from core.ports import Adapters
from core.settings import Settings
from functions.api.trials import Trials

_KEY = "khana"


@dataclass(frozen=True)
class Context:
    adapters: Adapters
    settings: Settings
    pages: PageCache
    trials: Trials


def install(app: flask.Flask, adapters: Adapters, settings: Settings) -> None:
    """Gives the app what `context` finds in each of its requests."""
    app.extensions[_KEY] = Context(
        adapters, settings, PageCache(adapters, settings), Trials(settings)
    )


def context() -> Context:
    """The context of the app that answers the current request."""
    return cast(Context, flask.current_app.extensions[_KEY])
