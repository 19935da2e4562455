"""`make run-google` from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from emulators.serving import ROOT, free_port

NAME = "meridian-004518.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The samples, but one invoice of them."""
    truth = json.loads((ROOT / "samples" / "truth.json").read_text(encoding="utf-8"))
    (tmp_path / "truth.json").write_text(json.dumps({NAME: truth[NAME]}), encoding="utf-8")
    for name in ("templates", "invoices"):
        (tmp_path / name).symlink_to(ROOT / "samples" / name)
    return tmp_path


def started(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.emulators.run_google", str(folder)],
        cwd=ROOT,
        env=os.environ | {"KHANA_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_samples_are_read_and_the_page_is_there_until_it_is_told_to_stop(folder: Path) -> None:
    port = free_port()
    with started(folder, port) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("Khana is at "):
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/invoices") as answer:
            (invoice,) = json.load(answer)["invoices"]

        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)

    assert "8 of 8 fields exact" in printed, printed + errors
    assert f"Khana is at http://127.0.0.1:{port}, " in printed
    assert (invoice["source"]["name"], invoice["status"]) == (NAME, "done")
    assert invoice["object"]["bucket"].startswith("khana-"), "it is not of a bucket"
    assert rest.startswith("stopped")
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
