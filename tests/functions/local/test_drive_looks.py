"""`khana drive sync` and `khana drive status`, against doubles of Google Cloud and Drive."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulators.cloud import Cloud
from emulators.drive import DriveServer
from running_khana import khana

from core.ports import Query


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


def test_a_look_now_and_how_it_stands(cloud: Cloud, drive: DriveServer) -> None:
    inbox = drive.state.folder("Inbox")
    drive.state.file("a.pdf", b"%PDF-a", drive.state.folder("March", inbox))
    drive.state.google_file("notes", inbox)
    env = cloud.variables | {"KHANA_DRIVE_FOLDERS": inbox, "DRIVE_EMULATOR_HOST": drive.url}

    before = khana("drive", "status", env=env)
    first, second = khana("drive", "sync", env=env), khana("drive", "sync", env=env)
    after = khana("drive", "status", env=env | {"KHANA_DRIVE_PUSH": "https://a.example/"})

    assert before.stdout.splitlines() == [
        "✓ a service account signs in",
        f"✓ Inbox ({inbox}): is seen",
        "✓ nobody has looked yet: khana drive sync, or wait for the schedule",
        "✓ 0 folders are followed, 0 of them yet to be listed",
        "✓ Drive does not call: the schedule alone looks",
    ]
    assert (first.returncode, first.stdout) == (1, "1 taken in, 1 refused\n")
    assert "notes: is a Google document" in first.stderr
    assert (second.returncode, second.stdout) == (0, "0 taken in, 0 refused\n")
    assert after.stdout.splitlines()[2].endswith(" UTC: 0 taken in, 0 refused")
    assert after.stdout.splitlines()[3:] == [
        "✓ 2 folders are followed, 0 of them yet to be listed",
        "✗ Drive is to call when something is new, but no channel is open",
    ]
    assert after.returncode == 1
    with cloud.adapters() as adapters:
        assert len(adapters.store.list(Query()).invoices) == 2


def test_what_hinders_it_is_said(cloud: Cloud, drive: DriveServer, tmp_path) -> None:
    hidden = drive.state.folder("Hidden", visible=False)
    env = cloud.variables | {"KHANA_DRIVE_FOLDERS": hidden, "DRIVE_EMULATOR_HOST": drive.url}
    unseen = khana("drive", "status", env=env)
    assert (unseen.returncode, "share it with that account" in unseen.stdout) == (1, True)

    kept = tmp_path / "sign-in.json"
    kept.write_text(json.dumps({"client_id": "c", "client_secret": "s", "refresh_token": "old"}))
    kept.chmod(0o600)
    drive.sign_in.required = True
    revoked = khana("drive", "status", env=env | {"KHANA_DRIVE_SIGN_IN": str(kept)})
    assert (revoked.returncode, "sign in again" in revoked.stderr) == (2, True)

    nothing = khana("drive", "status", env=cloud.variables)
    assert (nothing.returncode, "setting drive_folders" in nothing.stdout) == (1, True)


def test_where_drive_is_not_looked_at_that_is_said(drive: DriveServer, tmp_path: Path) -> None:
    inbox = drive.state.folder("Inbox")
    drive.state.file("a.pdf", b"%PDF-a", inbox)
    data = tmp_path / "data"
    env = {
        "KHANA_DRIVE_FOLDERS": inbox,
        "DRIVE_EMULATOR_HOST": drive.url,
        "KHANA_DATA": str(data),
    }
    for command in ("status", "sync"):
        refused = khana("drive", command, env=env)
        assert (refused.returncode, refused.stdout, data.exists()) == (2, "", False)
        assert f"files come from {data / 'inbox'} alone" in refused.stderr
        assert "[drive_unwatched]" in refused.stderr
