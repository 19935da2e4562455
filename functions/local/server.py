"""All of Khana in one process: the functions behind one address, the watcher, the readers.

The functions find their settings in the environment, as they do in the cloud; what was given by
flags is put there first.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import waitress
from functions_framework import create_app
from waitress.server import BaseWSGIServer, MultiSocketServer
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from core.adapters.local.backend import open_backend
from core.errors import SetupError
from core.ports import Adapters
from core.settings import Settings, as_environment
from functions.local.dispatch import Dispatcher
from functions.local.owning import owning
from functions.local.watcher import Look, Watcher

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Any], Any]
OnReady = Callable[[Adapters, Settings, str], None]

FUNCTIONS = Path(__file__).parents[1]
WATCH_PATH = "/functions/drive_watch"

REQUEST_THREADS = 8
"""Requests answered at once: a browser opens six connections for the pictures of a page."""

UPLOAD_OVERHEAD = 64 * 1024
"""What a form adds to the file in it."""

STOP_PATIENCE_S = 10.0
"""How long readings under way may take to finish when the server is asked to stop."""


def serve(settings: Settings, on_ready: OnReady | None = None) -> None:
    """Serves until the process is told to stop (SIGTERM, SIGINT).

    `on_ready` is called once, in a thread of its own, when requests are answered.

    Raises:
        SetupError: the backend is not this machine, the data folder is in use or unusable, or the
            address is taken.
    """
    if settings.backend != "local":
        raise SetupError(
            f"setting backend: khana serve keeps all on this machine, not on {settings.backend}",
            code="invalid_setting",
        )
    os.environ.update(as_environment(settings))
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    with owning(settings.data):
        backend = open_backend(settings)
        backend.recover()
        dispatcher = Dispatcher(backend, settings, FUNCTIONS / "extract" / "main.py", "extract")
        app = build_app()
        server = _listen(app, settings)
        watcher = Watcher(_looking(app), settings)
        try:
            # From here on a signal ends in the `finally` below, wherever it arrives.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, _stop)
            dispatcher.start()
            watcher.start()
            _say_ready(backend.adapters, settings, _url(server, settings), on_ready)
            server.run()
        except SystemExit:
            log.info("stopping")
        finally:
            server.close()
            watcher.stop()
            dispatcher.stop(STOP_PATIENCE_S)


def _say_ready(adapters: Adapters, settings: Settings, url: str, on_ready: OnReady | None) -> None:
    if on_ready is None:
        print(f"Khana is at {url} and watches {settings.inbox_dir}/", flush=True)
        return
    arguments = (adapters, settings, url)
    threading.Thread(target=on_ready, args=arguments, name="ready", daemon=True).start()


def build_app() -> WSGI:
    """The functions that answer HTTP, each where it is found, as one WSGI app."""
    api = create_app("api", str(FUNCTIONS / "api" / "main.py"), "http")  # type: ignore[no-untyped-call]
    drive_watch = create_app("drive_watch", str(FUNCTIONS / "drive_watch" / "main.py"), "http")  # type: ignore[no-untyped-call]
    return DispatcherMiddleware(_rooted(api), {WATCH_PATH: _rooted(drive_watch)})


def _rooted(app: WSGI) -> WSGI:
    """`app`, which answers at '/', where the path left by the dispatcher is empty."""

    def rooted(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        return app(environ, start_response)

    return rooted


def _listen(app: WSGI, settings: Settings) -> BaseWSGIServer | MultiSocketServer:
    try:
        return waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=REQUEST_THREADS,
            # Refused before it is read; the default of 1 GB would be kept in a temporary file.
            max_request_body_size=settings.max_file_bytes + UPLOAD_OVERHEAD,
            ident="khana",
        )
    except OSError as error:
        raise SetupError(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}; "
            "name another port with --port",
            code="address_in_use",
        ) from error


def _url(server: BaseWSGIServer | MultiSocketServer, settings: Settings) -> str:
    # A name that has several addresses, as localhost often does, gives a server of several sockets.
    port = (
        server.effective_listen[0][1]
        if isinstance(server, MultiSocketServer)
        else server.effective_port
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def _looking(app: WSGI) -> Look:
    """Calls drive_watch as Cloud Scheduler does."""
    client = Client(app)

    def look() -> str | None:
        answer = client.post(WATCH_PATH)
        return None if answer.status_code == 200 else answer.get_data(as_text=True).strip()

    return look


def _stop(number: int, _frame: FrameType | None) -> None:
    # Who asks twice won't wait for the readings under way; they come back at the next start.
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(0)
