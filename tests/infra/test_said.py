"""What an alert looks for in the log is what the functions say when it happens."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import terraform
from emulators.cloud import Cloud, google_cloud
from emulators.drive import DriveServer
from emulators.eventarc import notification, pushed, send
from emulators.serving import running
from terraform import plain

from core.intake.arrival import receive
from core.invoice import ObjectRef, SourceRef
from core.settings import Settings

pytestmark = pytest.mark.infra


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


def found(log: str, alert: str) -> list[str]:
    """The lines of a log that the filter of this alert finds; text, or JSON with a message."""
    words = re.compile(plain(terraform.local("said")[alert]["words"]))
    messages = [
        str(json.loads(line).get("message", "")) if line.startswith("{") else line
        for line in log.splitlines()
    ]
    return [message for message in messages if words.search(message)]


def test_an_invoice_that_was_given_up(cloud: Cloud, capfd) -> None:
    source = SourceRef(kind="upload", file_id="a", name="a.pdf")
    with cloud.adapters() as adapters:
        invoice = receive(adapters, io.BytesIO(b"%PDF"), source, Settings())
    assert invoice.object is not None
    gone = ObjectRef(bucket="nowhere", name="invoices/gone", generation=1)
    with running("extract", **cloud.variables) as url:
        assert send(url, pushed(notification(gone, tries=10))) == 200
        assert not found(capfd.readouterr().err, "given-up")
        assert send(url, pushed(notification(invoice.object, tries=10))) == 200
    (line,) = found(capfd.readouterr().err, "given-up")
    assert "a.pdf: reading it failed 10 times" in line


@pytest.mark.parametrize("how", ["revoked", "withdrawn", "nobody"])
def test_a_sign_in_that_is_refused(cloud: Cloud, tmp_path: Path, capfd, how: str) -> None:
    with DriveServer() as drive:
        drive.sign_in.required = True
        inbox = drive.state.folder("Inbox")
        kept = tmp_path / "sign-in.json"
        given = {"KHANA_DRIVE_SIGN_IN": str(kept)}
        if how == "revoked":
            held = {"client_id": "c", "client_secret": "s", "refresh_token": "revoked"}
            kept.write_text(json.dumps(held))
            kept.chmod(0o600)
        elif how == "withdrawn":
            drive.fail("*", status=401, reason="authError", times=None)
            given = {}
        variables = cloud.variables | given | {"DRIVE_EMULATOR_HOST": drive.url}
        with running("drive_watch", KHANA_DRIVE_FOLDERS=inbox, **variables) as look:
            assert requests.post(look, timeout=60).status_code == 500
    assert found(capfd.readouterr().err, "sign-in")


def test_a_drive_that_is_busy_is_no_refused_sign_in(cloud: Cloud, capfd) -> None:
    with DriveServer() as drive:
        hidden = drive.state.folder("Hidden", visible=False)
        variables = cloud.variables | {"DRIVE_EMULATOR_HOST": drive.url}
        with running("drive_watch", KHANA_DRIVE_FOLDERS=hidden, **variables) as look:
            assert requests.post(look, timeout=60).status_code == 500
    assert not found(capfd.readouterr().err, "sign-in")
