"""`khana serve` from outside: what comes in is read once, whatever is killed meanwhile."""

import http.server
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from batches import batch, form
from emulators.serving import free_port

from core.adapters import connect
from core.ports import StoredTemplate
from core.settings import Settings
from core.webhooks.sending import LEASE
from functions.local import server
from functions.rounds import complaints

KHANA = str(Path(sys.executable).with_name("khana"))
FINAL = {"done", "needs_review", "failed"}


class Server:
    """One data folder, and a `khana serve` on it that may be killed and started again."""

    def __init__(self, data: Path, interval: float = 0.1) -> None:
        self.data = data
        self.interval = interval
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def inbox(self) -> Path:
        return self.data / "inbox"

    def start(self) -> None:
        env = os.environ | {
            "KHANA_WORKERS": "1",
            "KHANA_SETTLE": "0.2",
            "KHANA_WATCH_INTERVAL": str(self.interval),
            "KHANA_RETRY_DELAY": "0.1",
            "KHANA_LOG_LEVEL": "error",
        }
        self.process = subprocess.Popen(
            [KHANA, "serve", "--data", str(self.data), "--port", str(self.port)],
            env=env,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def get(self, path: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def invoices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/v1/invoices?page_size=200")["invoices"]
        return found

    def wait_until_up(self) -> None:
        wait_for(self.answers, 60, "the server to answer")

    def answers(self) -> bool:
        try:
            return bool(self.get("/healthz"))
        except OSError:
            return False


@contextmanager
def serving(data: Path, interval: float = 0.1) -> Iterator[Server]:
    server = Server(data, interval)
    server.start()
    try:
        server.wait_until_up()
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


def wait_for(condition: Any, patience: float, what: str) -> float:
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > patience:
            pytest.fail(f"waited {patience} s for {what}")
        time.sleep(0.05)
    return time.monotonic() - start


def page(number: int) -> bytes:
    """A small page that no other number has."""
    picture = np.full((60, 200), 255, np.uint8)
    cv2.putText(picture, str(number), (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (0,), 2)
    return bytes(cv2.imencode(".png", picture)[1])


def settled(server: Server, count: int) -> bool:
    statuses = [invoice["status"] for invoice in server.invoices()]
    return len(statuses) == count and set(statuses) <= FINAL


def test_a_file_in_the_inbox_is_read_within_three_seconds(tmp_path: Path) -> None:
    with serving(tmp_path, interval=3600) as server:  # each is noticed when it comes, or never
        assert settled(server, 0)
        took = []
        for number in range(6):  # the machine may be busy with other things; the first loads all
            (server.inbox / f"{number}.png").write_bytes(page(number))
            took.append(wait_for(partial(settled, server, number + 1), 60, f"{number}.png"))
        assert min(took) < 3, took
        # The same bytes under another name are the same invoice, noted as a duplicate.
        (server.inbox / "again.png").write_bytes(page(1))
        wait_for(
            lambda: any(i["duplicates"] for i in server.invoices()), 60, "the second name of 1.png"
        )
        assert len(server.invoices()) == len(took)
        assert server.stop() == 0


def test_each_page_of_a_file_is_an_invoice_once_though_all_is_killed(tmp_path: Path) -> None:
    numbers = ["004217", "100230", "000891", "770045"]
    data = batch(numbers)
    connect(Settings(data=tmp_path)).store.put_template(StoredTemplate(form()))
    with serving(tmp_path) as server:
        (server.inbox / "scan.tif").write_bytes(data)
        wait_for(lambda: len(server.invoices()) > 1, 60, "the first page to be read")
        server.kill()
        server.start()
        server.wait_until_up()
        wait_for(lambda: settled(server, 4), 60, "all pages")
        (server.inbox / "again.tif").write_bytes(data)
        wait_for(lambda: any(i["duplicates"] for i in server.invoices()), 60, "the second name")
        read = sorted(server.invoices(), key=lambda invoice: invoice["part"]["page"])
        assert [i["fields"]["invoice_number"]["value"] for i in read] == numbers
        assert [i["part"]["page"] for i in read] == [1, 2, 3, 4]
        assert {i["source"]["name"] for i in read} == {"scan.tif"}


def test_a_half_copied_file_waits_for_its_other_half(tmp_path: Path) -> None:
    data = page(7)
    with serving(tmp_path) as server:
        with (server.inbox / "slow.png").open("wb", buffering=0) as copy:
            copy.write(data[: len(data) // 2])
            time.sleep(1)
            assert server.invoices() == []
            copy.write(data[len(data) // 2 :])
            time.sleep(1)
            assert server.invoices() == []  # whole, but still open for writing
        wait_for(lambda: settled(server, 1), 60, "slow.png")
        assert server.invoices()[0]["error"] is None


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        second = subprocess.run(
            [KHANA, "serve", "--data", str(tmp_path), "--port", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 2
        assert "[data_in_use]" in second.stderr


def test_whatever_is_killed_every_file_ends_once(tmp_path: Path) -> None:
    """SIGKILL to the server and its readers at 25 moments, from its start to the last reading."""
    chance = random.Random(5)
    files = 12
    server = Server(tmp_path)
    for kill in range(25):
        server.start()
        if kill < files:
            server.inbox.mkdir(parents=True, exist_ok=True)
            (server.inbox / f"{kill}.png").write_bytes(page(kill))
        # Starting takes about a second, the first reading another half: all of it is hit.
        time.sleep(chance.uniform(0.05, 2.2))
        server.kill()
    with serving(tmp_path) as last:
        wait_for(lambda: settled(last, files), 60, "every file to end")
        names = sorted(invoice["source"]["name"] for invoice in last.invoices())
        assert names == sorted(f"{number}.png" for number in range(files))
        assert {invoice["status"] for invoice in last.invoices()} == {"needs_review"}


class _Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_webhook_is_told_also_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KHANA_WEBHOOK_PRIVATE", "true")
    port = Server(tmp_path).port
    url = f"http://127.0.0.1:{port}/"
    command = [KHANA, "webhook", "add", url, "--data", str(tmp_path)]
    added = subprocess.run(command, capture_output=True, text=True, check=True)
    assert added.stdout.startswith("whsec_")
    with serving(tmp_path) as server:
        # Nobody is at the address yet, and the server dies with its message untold.
        (server.inbox / "blank.png").write_bytes(page(0))
        wait_for(lambda: settled(server, 1), 60, "reading")
        server.kill()
        receiver = http.server.HTTPServer(("127.0.0.1", port), _Receiver)
        receiver.got = []  # type: ignore[attr-defined]
        answering = threading.Thread(target=receiver.serve_forever, args=(0.02,))
        answering.start()
        server.start()
        try:
            # If it died while it was telling, the next one waits for the lease to end first.
            patience = LEASE.total_seconds() + 60
            wait_for(lambda: receiver.got, patience, "the message")  # type: ignore[attr-defined]
        finally:
            receiver.shutdown()
            receiver.server_close()
            answering.join()
    (message,) = receiver.got  # type: ignore[attr-defined]
    assert message["type"] == f"invoice.{message['data']['status']}"


def test_what_is_called_from_inside_has_no_address(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for path in ("/functions/drive_watch", "/functions/webhooks"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                server.get(path)
            assert refused.value.code == 404
            refused.value.close()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("200 OK", b"{}", []),
        (
            "500 FAULT",
            b'{"error": {"message": "inbox a: no", "details": [{"reason": "setup"}]}}',
            [],  # which says so itself
        ),
        ("502 FAULT", b"<html>", ["drive_watch: answers 502"]),
        (None, b"", ["drive_watch: OSError: [Errno 24] Too many open files"]),
    ],
)
def test_whatever_a_call_from_inside_comes_to_is_said_once(
    status: str | None,
    body: bytes,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def function(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if status is None:
            raise OSError(24, "Too many open files")
        start_response(status, [("Content-Type", "application/json")])
        return [body]

    monkeypatch.setattr(server, "_function", lambda _name: function)
    complaints.over("drive_watch")
    caplog.clear()
    call = server._calling("drive_watch")
    call()
    call()
    assert [record.getMessage() for record in caplog.records] == said
