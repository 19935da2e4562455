"""Each function alone under functions-framework, asked over a socket as the cloud asks it."""

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from asking import ask
from emulators.eventarc import finalized, send
from emulators.serving import running

from core.adapters import connect
from core.intake.arrival import receive
from core.invoice import Invoice, ObjectRef, SourceRef
from core.ports import Adapters, Query
from core.settings import Settings


def local(data: Path) -> dict[str, str]:
    return {"KHANA_DATA": str(data), "KHANA_SETTLE": "0"}


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
    with running("extract", **local(tmp_path)) as url:
        for invoice in (good, bad, good):
            assert invoice.object is not None
            assert send(url, finalized(invoice.object)) == 200
        gone = ObjectRef(bucket="local", name="invoices/gone", generation=1)
        assert send(url, finalized(gone)) == 200
        assert send(url, replace(finalized(gone), body=b"{}")) == 400
        assert send(url, finalized(gone, kind="other")) == 200
    assert adapters.store.get(good.id).status == "needs_review"
    failed = adapters.store.get(bad.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "unsupported_format"


def test_drive_watch_takes_in_what_is_new(tmp_path: Path, adapters: Adapters) -> None:
    (tmp_path / "inbox" / "page.png").write_bytes(blank_page())
    with running("drive_watch", **local(tmp_path)) as url:
        first = ask(url, data=b"{}")
        again = ask(url, data=b"{}")
        assert ask(url)[0] == 405
    assert first[0] == again[0] == 200
    assert json.loads(first[1]) == {"received": 1, "failed": [], "busy": [], "finished": True}
    assert json.loads(again[1])["received"] == 0
    assert [i.source.name for i in adapters.store.list(Query()).invoices] == ["page.png"]


def test_api_answers(tmp_path: Path, adapters: Adapters) -> None:
    invoice = received(adapters, blank_page(), "page.png")
    with running("api", **local(tmp_path)) as url:
        assert ask(f"{url}/healthz")[0] == 200
        _, page = ask(f"{url}/")
        style = re.search(r'href="([^"]+\.css)"', page.decode())
        assert style is not None
        assert ask(url + style[1])[0] == 200
        code, body = ask(f"{url}/v1/invoices/{invoice.id}")
        assert (code, json.loads(body)["source"]["name"]) == (200, "page.png")
        code, body = ask(f"{url}/v1/invoices/nothing")
        assert (code, json.loads(body)["error"]["status"]) == (404, "NOT_FOUND")
