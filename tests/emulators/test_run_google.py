"""`make run-google` from outside."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from emulators.serving import ROOT, free_port

NAME = "meridian-004518.jpg"
PATIENCE_S = 30.0
"""Less than the schedule's pause: Drive has called."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The samples, but one invoice of them."""
    truth = json.loads((ROOT / "samples" / "truth.json").read_text(encoding="utf-8"))
    (tmp_path / "truth.json").write_text(json.dumps({NAME: truth[NAME]}), encoding="utf-8")
    for name in ("templates", "invoices"):
        (tmp_path / name).symlink_to(ROOT / "samples" / name)
    return tmp_path


@contextmanager
def started(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators.run_google", str(folder)],
        cwd=ROOT,
        env=os.environ | {"KHANA_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def invoices(port: int) -> dict[str, dict]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/invoices") as answer:
        return {one["source"]["name"]: one for one in json.load(answer)["invoices"]}


def put_into_drive(printed: str, name: str, data: bytes) -> None:
    """Sends what the printed command would: curl itself need not be here."""
    _, about, _, _, url = shlex.split(printed.partition("curl ")[2])
    about = about.removeprefix("metadata=").removesuffix(";type=application/json")
    parts = {
        "metadata": (None, about.replace("FILE", name), "application/json"),
        "file": (name, data, "application/pdf"),
    }
    requests.post(url, files=parts, timeout=10).raise_for_status()


def test_the_samples_go_from_drive_to_the_page_until_it_is_told_to_stop(folder: Path) -> None:
    port = free_port()
    with started(folder, port) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("More into its folder"):
                break
        invoice = invoices(port)[NAME]
        put_into_drive(line, "broken.pdf", b"%PDF-1.7 broken off")
        until = time.monotonic() + PATIENCE_S
        while (found := invoices(port)).get("broken.pdf", {}).get("status") != "failed":
            assert time.monotonic() < until, found
            time.sleep(0.1)

        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the doubles, too
        rest, errors = process.communicate(timeout=120)

    assert "8 of 8 fields exact" in printed, printed + errors
    assert f"Khana is at http://127.0.0.1:{port}, " in printed
    assert (invoice["source"]["kind"], invoice["status"]) == ("drive", "done")
    assert found["broken.pdf"]["error"]["code"] == "truncated_file"
    assert invoice["object"]["bucket"].startswith("khana-"), "it is not of a bucket"
    assert rest.startswith("stopped"), (process.returncode, rest, errors)
    assert process.returncode == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the API still runs"


def test_a_port_that_is_taken_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with started(folder, port) as process:
            printed, errors = process.communicate(timeout=60)
    assert (process.returncode, printed) == (1, "")
    assert errors == (
        f"khana: can't listen on port {port}: Address already in use; "
        "name another with KHANA_PORT [address_in_use]\n"
    )
