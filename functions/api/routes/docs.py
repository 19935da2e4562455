"""/docs shows /openapi.json: Swagger UI, from the package that flask-openapi3 has it in."""

from importlib.resources import files
from typing import Any, cast

import flask
from flask_openapi3.openapi import OpenAPI

_ASSETS = str(files("flask_openapi3_swagger") / "templates" / "swagger")

site = flask.Blueprint("docs", __name__, static_folder=_ASSETS, static_url_path="/docs/assets")


@site.get("/openapi.json")
def openapi() -> Any:
    return cast(OpenAPI, flask.current_app).api_doc


@site.get("/docs")
def docs() -> str:
    return flask.render_template("docs.html")
