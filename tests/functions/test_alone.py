"""Each function alone under functions-framework, asked over a socket as the cloud asks it."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.adapters import connect
from core.invoice import Invoice, ObjectRef, SourceRef
from core.pipeline import receive
from core.ports import Adapters, Query
from core.settings import Settings

ROOT = Path(__file__).parents[2]
FRAMEWORK = str(Path(sys.executable).with_name("functions-framework"))
FINALIZED = "google.cloud.storage.object.v1.finalized"


@contextmanager
def running(name: str, signature: str, data: Path) -> Iterator[str]:
    """The function on a free port of this machine; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(FRAMEWORK, "--source", f"functions/{name}/main.py", "--target", name),
            *("--signature-type", signature, "--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=ROOT,
        env=os.environ | {"KHANA_DATA": str(data), "KHANA_SETTLE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("functions-framework did not listen within 30 s")


def ask(
    url: str, *, data: bytes | None = None, headers: dict[str, str] | None = None, method: str = ""
) -> tuple[int, Any]:
    request = urllib.request.Request(
        url, data=data, headers=headers or {}, method=method or ("POST" if data else "GET")
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def event(ref: ObjectRef | None, *, kind: str = FINALIZED) -> dict[str, Any]:
    """Body and headers of a CloudEvent in binary mode, as Eventarc sends it."""
    body = (
        {"bucket": ref.bucket, "name": ref.name, "generation": str(ref.generation)} if ref else {}
    )
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": kind,
        "ce-source": "//storage.googleapis.com/projects/_/buckets/b",
        "content-type": "application/json",
    }
    return {"data": json.dumps(body).encode(), "headers": headers}


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    return connect(Settings(data=tmp_path))


def received(adapters: Adapters, data: bytes, name: str) -> Invoice:
    source = SourceRef(kind="upload", file_id=name, name=name)
    return receive(adapters, BytesIO(data), source, Settings())


def blank_page() -> bytes:
    return bytes(cv2.imencode(".png", np.full((100, 80), 255, np.uint8))[1])


def test_extract_reads_what_an_event_announces(tmp_path: Path, adapters: Adapters) -> None:
    good = received(adapters, blank_page(), "page.png")
    bad = received(adapters, b"not a picture", "page.jpg")
    with running("extract", "cloudevent", tmp_path) as url:
        for invoice in (good, bad, good):
            assert ask(url, **event(invoice.object))[0] == 200
        gone = ObjectRef(bucket="local", name="invoices/gone", generation=1)
        assert ask(url, **event(gone))[0] == 200
        assert ask(url, **event(None))[0] == 400
        assert ask(url, **event(None, kind="other"))[0] == 200
    assert adapters.store.get(good.id).status == "needs_review"
    failed = adapters.store.get(bad.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "unsupported_format"


def test_drive_watch_takes_in_what_is_new(tmp_path: Path, adapters: Adapters) -> None:
    (tmp_path / "inbox" / "page.png").write_bytes(blank_page())
    with running("drive_watch", "http", tmp_path) as url:
        first = ask(url, data=b"{}")
        again = ask(url, data=b"{}")
        assert ask(url)[0] == 405
    assert first[0] == again[0] == 200
    assert json.loads(first[1]) == {"received": 1, "failed": []}
    assert json.loads(again[1])["received"] == 0
    assert [i.source.name for i in adapters.store.list(Query()).invoices] == ["page.png"]


def test_api_answers(tmp_path: Path, adapters: Adapters) -> None:
    invoice = received(adapters, blank_page(), "page.png")
    with running("api", "http", tmp_path) as url:
        assert ask(f"{url}/healthz")[0] == 200
        _, page = ask(f"{url}/")
        style = re.search(r'href="([^"]+\.css)"', page.decode())
        assert style is not None
        assert ask(url + style[1])[0] == 200
        code, body = ask(f"{url}/v1/invoices/{invoice.id}")
        assert (code, json.loads(body)["source"]["name"]) == (200, "page.png")
        code, body = ask(f"{url}/v1/invoices/nothing")
        assert (code, json.loads(body)["error"]["status"]) == (404, "NOT_FOUND")
