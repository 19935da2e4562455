"""The Flask app: routes, errors, and the headers that every answer has."""

from importlib.metadata import version
from typing import Any

import flask
from flask.json.provider import DefaultJSONProvider
from flask_compress import Compress
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from core.ports import Adapters
from core.settings import Settings
from functions.api import access, context, errors, pages, request_ids
from functions.api.routes import (
    docs,
    exports,
    invoices,
    pictures,
    service,
    templates,
    webhooks,
)
from functions.api.schemas import ErrorBody

MULTIPART_BYTES = 64 * 1024
"""What a form may add to the file in it: boundaries, headers, the other fields."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_COMPRESSION = {
    # The one that every client knows; and what makes the tag of an answer can be told from it.
    "COMPRESS_ALGORITHM": ["gzip"],
    "COMPRESS_ALGORITHM_STREAMING": ["gzip"],
    "COMPRESS_MIMETYPES": [
        "application/json",
        "application/jsonl",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
    ],
}

_PROOF: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API key (`khana key create`) or a Google ID token",
    }
}

_DESCRIPTION = """Reads the boxes that matter on invoices.

Every error has the form `{"error": {"code", "status", "message", "details": [{"reason"}]}}`:
`message` is for people and may change, `details[0].reason` is for programs and doesn't.
Every answer has an `X-Request-Id`, the caller's own if it sent one, by which the log names it too.

Invoices and templates have an `ETag`. Send it as `If-Match` with a change, and the change is
refused with 412 if somebody else was first."""


class _Json(DefaultJSONProvider):
    """JSON that keeps the order of keys and every script; lists in lists without end are none."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


class _Compress(Compress):
    """Flask-Compress, which would take `gzip;q=0` for a wish."""

    def after_request(self, response: flask.Response | None) -> flask.Response:
        if response is None or flask.request.accept_encodings["gzip"]:
            return super().after_request(response)
        response.vary.add("Accept-Encoding")
        return response


def create_app(adapters: Adapters, settings: Settings) -> OpenAPI:
    """The API and the page over these adapters."""
    app = OpenAPI(
        __name__,
        # Not /static: functions-framework's own app answers that, with nothing, before us.
        static_url_path="/assets",
        info=Info(title="Khana", version=version("khana"), description=_DESCRIPTION),
        security_schemes=_PROOF,
        doc_ui=False,  # its pages hold scripts that our policy forbids; `routes.docs` serves ours
        validation_error_model=ErrorBody,
        validation_error_callback=errors.invalid_request,
    )
    app.json = _Json(app)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_file_bytes + MULTIPART_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config |= _COMPRESSION
    _Compress(app)
    request_ids.install(app)
    if settings.backend == "google":
        # Cloud Run's proxy ends TLS and adds the caller's address; elsewhere anyone may say so.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    context.install(app, adapters, settings)
    access.install(app, adapters, settings)
    errors.install(app)
    for api in (invoices.api, exports.api, pictures.api, templates.api, service.api, webhooks.api):
        app.register_api(api)
    for site in (pages.site, docs.site):
        app.register_blueprint(site)
    app.after_request(_secure)
    return app


def _secure(answer: flask.Response) -> flask.Response:
    headers: dict[str, Any] = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    for name, value in headers.items():
        answer.headers.setdefault(name, value)
    return answer
