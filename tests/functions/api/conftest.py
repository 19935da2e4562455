"""The app on the adapters of each backend, and invoices in it."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from drawn import ACME, HEIGHT, WIDTH, Read, Upload, picture, readings
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from core.adapters import connect
from core.invoice import Invoice, Outcome, SourceRef, Status, TemplateRef, finish, now
from core.pipeline import receive
from core.ports import Adapters, StoredTemplate
from core.settings import Settings
from core.template import Template
from functions.api.app import create_app


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", max_file_bytes=200_000, max_pixels=1_000_000, settle=0)


@pytest.fixture(params=["local", "google"])
def adapters(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Adapters]:
    """Those of one backend: what the API does is the same on each."""
    if request.param == "local":
        yield connect(settings)
    else:
        with request.getfixturevalue("cloud").adapters() as adapters:
            yield adapters


@pytest.fixture
def app(adapters: Adapters, settings: Settings) -> OpenAPI:
    return create_app(adapters, settings)


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def acme(adapters: Adapters) -> Template:
    return adapters.store.put_template(StoredTemplate(ACME))


@pytest.fixture
def upload(adapters: Adapters, settings: Settings) -> Upload:
    """Takes in a file as an upload does; a drawn page unless bytes are given."""

    def upload_(name: str = "scan.png", data: bytes | None = None, seed: int = 0) -> Invoice:
        source = SourceRef(kind="upload", file_id=name, name=name)
        return receive(adapters, BytesIO(data or picture(seed)), source, settings)

    return upload_


@pytest.fixture
def read(adapters: Adapters, upload: Upload, acme: Template) -> Read:
    """Takes in a drawn page and stores an outcome as if it had been read."""

    def read_(
        name: str = "scan.png",
        *,
        seed: int = 0,
        data: bytes | None = None,
        ago: timedelta = timedelta(),
        **outcome: object,
    ) -> Invoice:
        invoice = upload(name, data, seed)
        given = {
            "status": Status.DONE,
            "template": TemplateRef(id=acme.id, version=acme.version),
            "fields": readings(),
            "page_sizes": {1: (WIDTH, HEIGHT)},
        } | outcome
        come = Outcome.model_validate(given)
        at = now() - ago
        return adapters.store.update(
            invoice.id,
            lambda current: finish(current, come, reader="reader-1").model_copy(
                update={"received_at": at}
            ),
        )

    return read_
