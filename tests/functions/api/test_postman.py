"""The Postman collection is of this API, and its walk through leads to the end."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asking import ask
from emulators.serving import ROOT, free_port, wait_until_it_listens

MAKE = runpy.run_path(str(ROOT / "docs" / "postman" / "make.py"))
NEWMAN = ROOT / "build" / "newman" / "node_modules" / ".bin" / "newman"
SAMPLES = ROOT / "samples" / "templates"


def test_the_collection_is_made_from_the_description() -> None:
    made = MAKE["collection"](MAKE["described"]())
    assert MAKE["COLLECTION"].read_text("utf-8") == MAKE["text"](made), (
        "make it anew: .venv/bin/python docs/postman/make.py"
    )


def test_every_operation_has_a_request() -> None:
    described: dict[str, Any] = MAKE["described"]()
    operations = {
        (method.upper(), path) for path, item in described["paths"].items() for method in item
    }
    folders = json.loads(MAKE["COLLECTION"].read_text("utf-8"))["item"]
    requests = {
        (
            item["request"]["method"],
            re.sub(r"\{\{(\w+)\}\}", r"{\1}", "/" + "/".join(item["request"]["url"]["path"])),
        )
        for folder in folders[1:]
        for item in folder["item"]
    }
    assert requests == operations


@pytest.mark.slow
@pytest.mark.skipif(not NEWMAN.exists(), reason="make test-postman brings newman")
def test_newman_walks_through(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    khana = Path(sys.executable).with_name("khana")
    server = subprocess.Popen(
        [khana, "serve", "--data", str(tmp_path), "--port", str(port), "--workers", "1"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"KHANA_LOG_LEVEL": "error"},
    )
    try:
        wait_until_it_listens(port, lambda: server.poll() is None)
        _add_template(address)
        newman = subprocess.run(
            [
                *(NEWMAN, "run", MAKE["COLLECTION"], "--folder", MAKE["WALK"]),
                *("--env-var", f"address={address}", "--working-dir", ROOT),
                *("--bail", "--color", "off", "--timeout-request", "120000"),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert newman.returncode == 0, newman.stdout + newman.stderr
    finally:
        server.terminate()
        server.wait(30)


def _add_template(address: str) -> None:
    boundary = "a-boundary"
    parts = b"".join(
        (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{name}"; filename="{path.name}"\r\n\r\n'
        ).encode()
        + path.read_bytes()
        + b"\r\n"
        for name, path in (
            ("template", SAMPLES / "meridian.json"),
            ("reference", SAMPLES / "meridian.png"),
        )
    )
    data = parts + f"--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    status, body = ask(f"{address}/v1/templates", data=data, headers=headers)
    assert status == 201, body
