"""The web page of a Khana that has just read the samples, as screenshots."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize

from samples import FOLDER, load_samples

KHANA = Path(sys.executable).with_name("khana")
PATIENCE_S = 180.0
SIZE = ViewportSize(width=1280, height=800)
REVIEWED = "waha-000325.jpg"
"""The invoice that is shown alone: the one with a stamp."""


def draw(browser: Browser, pixels_per_css: float) -> dict[str, bytes]:
    """File name → PNG."""
    with _khana() as url:
        invoice = next(i for i in _invoices(url) if i["source"]["name"] == REVIEWED)
        view = browser.new_page(viewport=SIZE, device_scale_factor=pixels_per_css)
        pictures = {}
        for name, path in {"inbox.png": "/", "review.png": f"/invoices/{invoice['id']}"}.items():
            view.goto(url + path, wait_until="networkidle")
            pictures[name] = view.screenshot()
        view.close()
    return pictures


@contextmanager
def _khana() -> Iterator[str]:
    """A server on a free port with a data folder of its own; gives its address once all is read."""
    data = Path(tempfile.mkdtemp(prefix="khana-pictures-"))
    port = _free_port()
    command: list[str | Path] = [
        KHANA,
        "serve",
        "--samples",
        FOLDER,
        "--data",
        data,
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_read(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(data)


def _wait_until_read(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit(f"khana serve ended with {server.returncode}")
        try:
            states = [invoice["status"] for invoice in _invoices(url)]
        except OSError:  # it doesn't listen yet
            states = []
        if len(states) == len(load_samples()) and not {"received", "reading"} & set(states):
            return
        time.sleep(0.3)
    raise SystemExit(f"khana serve had not read the samples within {PATIENCE_S:.0f} s")


def _invoices(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/v1/invoices?page_size=100", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["invoices"]
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
