"""Which adapters a process gets, and which libraries it loads for them."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.adapters import connect
from core.errors import SetupError
from core.settings import Settings


def loaded(folder: Path, **variables: str) -> set[str]:
    """The modules of a fresh process that has connected with these variables."""
    program = "import core.adapters as a, core.settings as s, sys; a.connect(s.load_settings()); "
    run = subprocess.run(
        [sys.executable, "-c", program + "print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), **variables},
    )
    return set(run.stdout.split())


def test_the_local_backend_loads_no_cloud_library(tmp_path: Path) -> None:
    # Not google.cloud: that package is there, empty, from the start of every process.
    cloud = {"google.cloud.storage", "google.cloud.firestore_v1", "google.auth", "grpc"}
    assert not cloud & loaded(tmp_path)


def test_the_google_backend_asks_nothing_until_it_is_used(tmp_path: Path) -> None:
    nowhere = "127.0.0.1:9"
    modules = loaded(
        tmp_path,
        KHANA_BACKEND="google",
        KHANA_BUCKET="b",
        FIRESTORE_EMULATOR_HOST=nowhere,
        STORAGE_EMULATOR_HOST=f"http://{nowhere}",
    )
    assert {"google.cloud.storage", "google.cloud.firestore_v1"} <= modules
    assert "core.adapters.local" not in modules
    assert not list(tmp_path.iterdir())


def test_a_bucket_must_be_named() -> None:
    with pytest.raises(SetupError, match="setting bucket"):
        connect(Settings(backend="google"))


def test_without_credentials_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(SetupError) as caught:
        connect(Settings(backend="google", project="p", bucket="b"))
    assert caught.value.code == "no_credentials"


def test_a_project_must_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    # A person's credentials, which are of no project.
    key = tmp_path / "person.json"
    key.write_text(
        '{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}'
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="setting project"):
        connect(Settings(backend="google", bucket="b"))
