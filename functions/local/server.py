"""All of Khana in one process: the API, and the functions that are called as Google calls them.

The functions find their settings in the environment, as they do in the cloud; what was given by
flags is put there first.
"""

import errno
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
from werkzeug.test import Client

from core.adapters.local.backend import open_backend
from core.errors import SetupError
from core.ports import Adapters
from core.settings import Settings, as_environment
from functions import telemetry
from functions.answers import told_in
from functions.api.app import MULTIPART_BYTES
from functions.local import refusals, stalled
from functions.local.dispatch import Dispatcher
from functions.local.owning import owning
from functions.local.teller import Teller
from functions.local.watcher import Watcher
from functions.rounds import complaints

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Any], Any]
OnReady = Callable[[Adapters, Settings, str], None]
"""Is given what the server works with, and the address that it answers on."""

FUNCTIONS = Path(__file__).parents[1]

REQUEST_THREADS = 8
"""Requests answered at once: a browser opens six connections for the pictures of a page."""

_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)

UNSENT = 2**20
"""Bytes of an answer that wait for who takes it, before the making of more waits. Waitress also
keeps as much that is sent: with its usual 16 MB a slow export took 30 MB more."""

STOP_PATIENCE_S = 10.0
"""How long readings under way may take to finish when the server is asked to stop."""

TELLER_PATIENCE_S = 1.0
"""And how long a webhook may take that is being told."""


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
    telemetry.install(settings, "serve")
    with owning(settings.data):
        backend = open_backend(settings)
        backend.recover()
        dispatcher = Dispatcher(backend, settings, FUNCTIONS / "extract" / "main.py", "extract")
        server = _listen(_function("api"), settings)
        watcher = Watcher(_calling("drive_watch"), settings)
        teller = Teller(_calling("webhooks"))
        try:
            # From here on a signal ends in the `finally` below, wherever it arrives.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, _stop)
            dispatcher.start()
            watcher.start()
            teller.start()
            _say_ready(backend.adapters, settings, _url(server, settings), on_ready)
            server.run()
        except SystemExit:
            log.info("stopping")
        finally:
            server.close()
            teller.stop(TELLER_PATIENCE_S)
            watcher.stop()
            dispatcher.stop(STOP_PATIENCE_S)


def _say_ready(adapters: Adapters, settings: Settings, url: str, on_ready: OnReady | None) -> None:
    if on_ready is None:
        print(f"Khana is at {url} and watches {settings.inbox_dir}/", flush=True)
        return
    arguments = (adapters, settings, url)
    threading.Thread(target=on_ready, args=arguments, name="ready", daemon=True).start()


def _function(name: str) -> WSGI:
    """The HTTP function of that name as a WSGI app."""
    source = FUNCTIONS / name / "main.py"
    app: WSGI = create_app(name, str(source), "http")  # type: ignore[no-untyped-call]
    return app


def _listen(app: WSGI, settings: Settings) -> BaseWSGIServer | MultiSocketServer:
    refusals.install(settings)
    stalled.install()
    try:
        return waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=REQUEST_THREADS,
            # Refused before it is read; the default of 1 GB would be kept in a temporary file.
            max_request_body_size=settings.max_file_bytes + MULTIPART_BYTES,
            outbuf_high_watermark=UNSENT,
            ident="khana",
        )
    except OSError as error:
        other = "port with --port" if error.errno in _OF_THE_PORT else "address with --host"
        raise SetupError(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}; "
            f"name another {other}",
            code="address_in_use" if error.errno == errno.EADDRINUSE else "address_unusable",
        ) from error
    except ValueError as error:  # waitress's word for a name that no address is known of
        raise SetupError(
            f"can't listen on {settings.host}: there is no such address; name another with --host",
            code="address_unusable",
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


def _calling(name: str) -> Callable[[], None]:
    """Calls a function as Cloud Scheduler does, and says what it could not say itself.

    From inside alone: it has no address here, so nobody else can.
    """
    client = Client(_function(name))

    def call() -> None:
        try:
            answer = client.post("/")
        except Exception as error:  # the thread that calls must live on
            log.debug("calling %s", name, exc_info=True)
            complaints.say(name, f"{name}: {type(error).__name__}: {error}")
            return
        if answer.status_code != 200 and told_in(answer.get_data()) is None:
            complaints.say(name, f"{name}: answers {answer.status_code}")

    return call


def _stop(number: int, _frame: FrameType | None) -> None:
    # Who asks twice won't wait for the readings under way; they come back at the next start.
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(0)
