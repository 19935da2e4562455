"""khana doctor on sound and on broken installations."""

import fcntl
import json
import os
import sqlite3
from pathlib import Path

import pytest
from emulators.cloud import Cloud
from emulators.drive import DriveServer
from running_khana import khana

from core.adapters.local import health
from core.adapters.local.backend import open_backend
from core.errors import SetupError
from core.settings import Settings
from functions.local.doctor import examine


def findings(*args: object, env: dict[str, str] | None = None) -> tuple[int, dict[str, dict]]:  # type: ignore[type-arg]
    run = khana("doctor", "--json", *args, env=env)
    assert not run.stderr, run.stderr
    return run.returncode, {
        (line := json.loads(row))["check"]: line for row in run.stdout.split("\n")[:-1]
    }


def wrong(found: dict[str, dict]) -> dict[str, str]:  # type: ignore[type-arg]
    return {name: line["code"] for name, line in found.items() if not line["ok"]}


def test_a_sound_installation_is_fine_and_nothing_in_it_is_changed(tmp_path: Path) -> None:
    data = tmp_path / "data"

    run = khana("doctor", "--data", data)

    assert run.returncode == 0, run.stdout
    assert "all fine" in run.stdout
    assert "with ara and eng" in run.stdout
    assert f"{data} will be made" in run.stdout
    assert not data.exists()


def test_a_store_in_use_is_told_of(tmp_path: Path) -> None:
    open_backend(Settings(data=tmp_path))
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = health.check_database(tmp_path)
    assert "sound, 0 invoices, schema" in told
    assert "a Khana works on it" in told
    assert "a Khana works on it" not in health.check_database(tmp_path)


def test_each_fault_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "khana.db").write_bytes(b"no database" * 1000)
    (tmp_path / "khana.db").chmod(0o644)
    (tmp_path / "inbox").write_text("a file in the folder's place")
    silent = tmp_path / "tesseract"
    silent.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "tesseract 4.1.1"\n')
    silent.chmod(0o755)

    code, found = findings("--data", tmp_path, "--tesseract", silent)

    assert code == 1
    assert wrong(found) == {
        "Tesseract": "tesseract_too_old",
        "inbox": "folder_unusable",
        "store": "setup",
        "privacy": "store_readable",
    }
    assert "install version 5" in found["Tesseract"]["message"]
    assert "restore it from a copy" in found["store"]["message"]


def test_a_font_without_which_there_are_no_pdfs_is_missed(tmp_path: Path) -> None:
    found = {each.check: each for each in examine(Settings(data=tmp_path), set())}
    assert found["font"].ok
    assert "DejaVuSans.ttf" in found["font"].message
    (none := tmp_path / "none.ttf").write_text("words")
    for font, code in ((none, "font_unusable"), (tmp_path / "nowhere.ttf", "font_missing")):
        found = {each.check: each for each in examine(Settings(data=tmp_path, font=font), set())}
        assert (found["font"].ok, found["font"].code) == (False, code)
        assert "install fonts-dejavu-core" in found["font"].message


def test_a_missing_program_or_language_is_found(tmp_path: Path) -> None:
    _, found = findings("--data", tmp_path, "--tesseract", tmp_path / "none")
    assert wrong(found) == {"Tesseract": "tesseract_missing"}
    (tmp_path / "tessdata").mkdir()
    variables = {"TESSDATA_PREFIX": str(tmp_path / "tessdata")}
    _, found = findings("--data", tmp_path, env=variables)
    assert wrong(found) == {"Tesseract": "tesseract_language_missing"}
    assert "tesseract-ocr-ara" in found["Tesseract"]["message"]


def test_a_variable_that_nothing_looks_at_is_named(tmp_path: Path) -> None:
    meant = {"KHANA_WATCH_INTERVAL": "1", "KHANA_READ_JSON": "1", "KHANA_EXPORT_LANGUAGE": "ar"}
    _, found = findings("--data", tmp_path, env=meant)
    assert not wrong(found)

    _, found = findings("--data", tmp_path, env={"KHANA_REVIEW_TRESHOLD": "0.5"})

    assert wrong(found) == {"settings": "unknown_variable"}
    assert "KHANA_REVIEW_TRESHOLD (is KHANA_REVIEW_THRESHOLD meant?)" in str(found["settings"])


def test_a_damaged_page_of_the_store_is_found(tmp_path: Path) -> None:
    open_backend(Settings(data=tmp_path))
    path = tmp_path / "khana.db"
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO state VALUES (?, ?)", [(f"key {n}", "x" * 500) for n in range(500)]
    )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 3 * 4096)
        file.write(os.urandom(2 * 4096))
    with pytest.raises(SetupError, match=r"damaged|malformed"):
        health.check_database(tmp_path)


def test_a_store_of_a_newer_release_is_named(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "khana.db")
    connection.execute("CREATE TABLE invoices (id)")
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    with pytest.raises(SetupError, match="newer Khana"):
        health.check_database(tmp_path)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "free" in health.check_space(tmp_path / "new")
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(SetupError, match="make room"):
        health.check_space(tmp_path / "new")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't be made"):
        health.check_folder(tmp_path / "file" / "data")


def test_the_bucket_and_the_database_are_asked(cloud: Cloud) -> None:
    code, found = findings(env=cloud.variables)
    assert (code, wrong(found)) == (0, {})
    assert found["bucket"]["message"] == f"bucket {cloud.bucket} answers"

    code, found = findings("--bucket", "another", env=cloud.variables)
    assert (code, wrong(found)) == (1, {"bucket": "no_bucket"})


def test_a_store_that_others_may_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    open_backend(Settings(data=tmp_path))
    assert health.check_privacy(tmp_path) == "others on this machine may not read it"
    (tmp_path / "khana.db").chmod(0o644)
    _, found = findings("--data", tmp_path)
    assert wrong(found) == {"privacy": "store_readable"}
    assert f"chmod go= {tmp_path / 'khana.db'}" in found["privacy"]["message"]


def test_drive_is_asked_where_it_is_watched(cloud: Cloud) -> None:
    with DriveServer() as drive:
        inbox, hidden = drive.state.folder("Inbox"), drive.state.folder("Hidden", visible=False)
        env = cloud.variables | {"DRIVE_EMULATOR_HOST": drive.url}
        code, found = findings(env=env | {"KHANA_DRIVE_FOLDERS": inbox})
        assert (code, wrong(found)) == (0, {})
        assert f"Inbox ({inbox}): is seen" in found["Drive"]["message"]

        code, found = findings(env=env | {"KHANA_DRIVE_FOLDERS": f"{inbox},{hidden}"})
        assert (code, wrong(found)) == (1, {"Drive": "drive_unusable"})
        assert "share it with that account" in found["Drive"]["message"]
        assert "Inbox" not in found["Drive"]["message"]


def test_folders_of_drive_that_nobody_looks_at_are_named(tmp_path: Path) -> None:
    code, found = findings("--data", tmp_path, env={"KHANA_DRIVE_FOLDERS": "1" * 33})
    assert (code, wrong(found)) == (1, {"Drive": "drive_unwatched"})
    assert "KHANA_BACKEND=google" in found["Drive"]["message"]


def test_an_inbox_that_may_only_be_read_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who runs tests as root may write anywhere.
    monkeypatch.setattr("os.access", lambda _path, mode: not mode & os.W_OK)
    assert health.check_folder(tmp_path, write=False) == f"{tmp_path} can be used"
    with pytest.raises(SetupError, match="may read and write"):
        health.check_folder(tmp_path)


@pytest.mark.parametrize("inbox", ["data", ".", "data/bucket", "data/bucket/invoices", "link"])
def test_an_inbox_that_holds_the_store_is_refused(inbox: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "link").symlink_to(data)
    settings = Settings(data=data, inbox=tmp_path / inbox)
    with pytest.raises(SetupError, match=r"^setting inbox: .* name another folder"):
        open_backend(settings)
    assert not data.exists()
    found = {each.check: each.code for each in examine(settings, set()) if not each.ok}
    assert found == {"inbox": "invalid_setting"}


@pytest.mark.parametrize("inbox", ["data/inbox", "data/bucket2", "inbox"])
def test_an_inbox_beside_the_store_is_fine(inbox: str, tmp_path: Path) -> None:
    open_backend(Settings(data=tmp_path / "data", inbox=tmp_path / inbox))


def test_credentials_that_are_not_there_are_named(tmp_path: Path) -> None:
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")}
    arguments = ("--backend", "google", "--bucket", "b", "--project", "p")
    _, found = findings(*arguments, env=variables)
    assert wrong(found) == {"bucket": "no_credentials", "database": "no_credentials"}
