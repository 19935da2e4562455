"""khana backup and khana restore, beside a running Khana and with one in the way."""

import fcntl
from io import BytesIO
from pathlib import Path

import pytest
from running_khana import khana

from core.adapters.local.backend import open_backend
from core.intake.arrival import receive
from core.invoice import SourceRef
from core.settings import Settings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    backend = open_backend(Settings(data=tmp_path / "data"))
    source = SourceRef(kind="upload", file_id="a", name="a.png")
    receive(backend.adapters, BytesIO(b"page"), source, Settings())
    return tmp_path / "data"


def test_a_store_in_use_is_copied_and_only_a_free_folder_is_filled(
    data: Path, tmp_path: Path
) -> None:
    copy, other = tmp_path / "copy.zip", tmp_path / "other"
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = khana("backup", copy, "--data", data)
        refused = khana("restore", copy, "--data", data)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(f"{copy}: the store with 1 files")
    assert refused.returncode == 2
    assert "another Khana works on this folder" in refused.stderr

    restored = khana("restore", copy, "--data", other)
    assert restored.returncode == 0, restored.stderr
    assert khana("export", "--data", other).stdout == khana("export", "--data", data).stdout != ""
    assert "[conflict]" in khana("restore", copy, "--data", other).stderr


def test_other_backends_and_missing_files_are_told_of(tmp_path: Path) -> None:
    elsewhere = khana("backup", tmp_path / "copy.zip", env={"KHANA_BACKEND": "google"})
    assert (elsewhere.returncode, "[invalid_setting]" in elsewhere.stderr) == (2, True)
    missing = khana("restore", tmp_path / "copy.zip", "--data", tmp_path / "other")
    assert (missing.returncode, "[not_found]" in missing.stderr) == (1, True)
