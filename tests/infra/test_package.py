"""What Google builds a function from starts and answers by itself."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import requests
from emulators.serving import ROOT, free_port, wait_until_it_listens

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module", autouse=True)
def packed() -> None:
    script = ROOT / "infra" / "package.py"
    subprocess.run([sys.executable, script, "drive_watch", "api", "webhooks"], check=True)


@pytest.mark.parametrize(
    ("name", "path", "method"),
    [
        ("api", "/v1/invoices", "GET"),
        ("api", "/v1/invoices:export?format=pdf", "GET"),
        ("drive_watch", "/", "POST"),
        ("webhooks", "/", "POST"),
    ],
)
def test_it_answers_without_anything_of_the_repository(
    tmp_path: Path, name: str, path: str, method: str
) -> None:
    with zipfile.ZipFile(ROOT / "build" / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    port = free_port()
    # Without `site`, which would find the repository as an installed package.
    framework = [sys.executable, "-S", "-c", "from functions_framework._cli import _cli; _cli()"]
    process = subprocess.Popen(
        [*framework, "--target", name, "--host", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "KHANA_DATA": str(tmp_path / "data"),
            "KHANA_FONT": "DejaVuSans.ttf",
        },
    )
    try:
        wait_until_it_listens(port, lambda: process.poll() is None)
        answer = requests.request(method, f"http://127.0.0.1:{port}{path}", timeout=30)
        assert answer.status_code == 200, answer.text
    finally:
        process.terminate()
        process.wait(20)


def test_the_same_source_gives_the_same_bytes() -> None:
    path = ROOT / "build" / "api.zip"
    before = path.read_bytes()
    subprocess.run([sys.executable, ROOT / "infra" / "package.py", "api"], check=True)
    assert path.read_bytes() == before
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert {"main.py", "requirements.txt", "functions/api/main.py", "core/pipeline.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", "functions/local/"))]
