"""Clients that ask for much and take nothing of it."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import waitress
from asking import ask
from waitress import wasyncore

from functions.local import stalled

PIECE = b"x" * 65_536
PIECES = 400
PATIENCE_S = 2
"""Of the server, with who takes nothing."""


@pytest.fixture
def ended() -> threading.Event:
    """Set once the long answer is over."""
    return threading.Event()


@pytest.fixture
def port(ended: threading.Event) -> Iterator[int]:
    """A server with one thread, and little patience, that gives 26 MB at /long."""

    def long() -> Iterator[bytes]:
        try:
            for _ in range(PIECES):
                yield PIECE
        finally:
            ended.set()

    def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        start("200 OK", [])
        return long() if environ["PATH_INFO"] == "/long" else [b"short"]

    stalled.install()
    sockets: dict[int, object] = {}
    server = waitress.create_server(
        app,
        sockets,
        host="127.0.0.1",
        port=0,
        threads=1,
        channel_timeout=PATIENCE_S,
        cleanup_interval=1,
        outbuf_high_watermark=1_000_000,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.effective_port
    server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets, ignore_all=True))
    thread.join()
    server.task_dispatcher.shutdown()


def test_who_takes_nothing_of_an_answer_keeps_nobody_waiting(
    port: int, ended: threading.Event
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ended.wait(60)
        assert ask(f"http://127.0.0.1:{port}/") == (200, b"short")


def test_who_takes_an_answer_slowly_has_all_of_it(port: int) -> None:
    got, start = 0, time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        # A tenth at a time, however much has come by then.
        while piece := connection.recv(PIECES * len(PIECE) // 10, socket.MSG_WAITALL):
            got += len(piece)
            time.sleep(PATIENCE_S / 4)
    assert got > PIECES * len(PIECE)
    assert time.monotonic() - start > 2 * PATIENCE_S
