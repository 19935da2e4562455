"""A function of Khana as a process of its own under functions-framework, as the cloud runs it."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
FRAMEWORK = Path(sys.executable).with_name("functions-framework")
SIGNATURES = {
    "api": "http",
    "drive_watch": "http",
    "webhooks": "http",
    "extract": "cloudevent",
    "read_now": "http",
}
FOLDERS = {"read_now": "extract"}
"""Where a function's code is, if that isn't called as it is."""

START_S = 30.0
"""Longest time until a function listens."""

_PORTS = range(10_000, 32_768)  # where Linux begins, unless told otherwise
_GRACE_S = 40
"""gunicorn gives what is under way 30 seconds."""


@contextmanager
def running(
    name: str, *, port: int = 0, log: IO[str] | int = subprocess.DEVNULL, **variables: str
) -> Iterator[str]:
    """The function on a port of this machine, 0 for a free one; gives its address.

    `variables` are added to the environment. `log` is where its standard output goes; its standard
    error goes where this process's does.
    """
    port = port or free_port()
    process = subprocess.Popen(
        [
            *(FRAMEWORK, "--source", f"functions/{FOLDERS.get(name, name)}/main.py"),
            *("--target", name),
            *("--signature-type", SIGNATURES[name], "--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=log,
    )
    try:
        wait_until_it_listens(port, lambda: process.poll() is None)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(_GRACE_S)


def free_port() -> int:
    """A port below those that the system gives to whoever asks for any: until somebody listens on
    it, seconds from now, no other connection of this machine gets it."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until_it_listens(port: int, alive: Callable[[], bool]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and alive():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"functions-framework does not listen on port {port}")
