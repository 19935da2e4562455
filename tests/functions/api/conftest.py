"""The app on the adapters of each backend, and invoices in it."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import waitress
from drawn import ACME, HEIGHT, WIDTH, Read, Upload, picture, readings
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from playwright.sync_api import Browser, Page, expect
from waitress import wasyncore

from core.access import Role, create_key
from core.adapters import connect
from core.intake.arrival import receive
from core.invoice import Invoice, Outcome, SourceRef, Status, TemplateRef, finish, now
from core.ports import Adapters, StoredTemplate
from core.settings import Settings
from core.template import Template
from functions.api.app import create_app
from samples.browser import chromium

PATIENCE_MS = 60_000
"""How long a browser may take for anything on a machine that has much else to do."""

expect.set_options(timeout=PATIENCE_MS)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def address(app: OpenAPI) -> Iterator[str]:
    sockets: dict[int, object] = {}
    server = waitress.create_server(app, sockets, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.task_dispatcher.shutdown()  # a page that has just gone may have left a request
    # In its own thread: one that waits on what another closes under it ends with an error. And all
    # of them: a connection that a browser keeps open would keep the thread for good.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets, ignore_all=True))
    thread.join()


@pytest.fixture
def faults() -> list[str]:
    """What the browser complains of; a test that provokes a complaint clears it."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, faults: list[str]) -> Iterator[Page]:
    """A page that nothing may go wrong on, and that may speak to nobody but the server."""
    page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.on(
        "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else 0
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((address, "data:")) else faults.append(request.url)
        ),
    )
    yield page
    page.close()
    assert faults == []


@pytest.fixture
def sign_in(
    page: Page, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Role], None]:
    """Goes to an address as somebody who has to sign in, and does so with a key of that role."""

    def signed_in(address: str, role: Role) -> None:
        monkeypatch.setattr("functions.api.access.is_open", lambda settings: False)
        _, shown = create_key(adapters.store, "Mona", role)
        page.goto(address)
        page.get_by_label("API key").fill(shown)
        page.get_by_role("button", name="Sign in").click()

    return signed_in


@pytest.fixture
def cut(page: Page) -> Callable[[str], threading.Event]:
    """Lets requests to a pattern be lost while the event that it gives is set. To be called before
    the page is opened, as any `page.route`: what one that is there asks for next may pass a new
    route, if the machine is busy."""

    def cut_(pattern: str) -> threading.Event:
        lost = threading.Event()
        page.route(pattern, lambda route: None if lost.is_set() else route.continue_())
        return lost

    return cut_


@pytest.fixture
def lose_patience(page: Page) -> Callable[[], None]:
    """For when all the time is over that the page had for the answers it waits for; until then it
    waits, however slow the machine is."""
    page.add_init_script("""{
        const waits = [];
        AbortSignal.timeout = (milliseconds) => {
            if (milliseconds > 60_000) throw new RangeError("nobody waits for so long");
            waits.push(new AbortController());
            return waits.at(-1).signal;
        };
        window.losePatience = () => {
            for (const wait of waits.splice(0)) wait.abort(new DOMException("", "TimeoutError"));
        };
    }""")
    return lambda: page.evaluate("losePatience()")
