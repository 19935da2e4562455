"""From a change in Drive to an invoice without waiting for the schedule, over sockets."""

import time

from asking import ask
from emulators.serving import free_port, running

from core.ports import Query

CALL = {"X-Goog-Channel-ID": "guessed", "X-Goog-Channel-Token": "guessed"}
PATIENCE_S = 60.0
"""There is no schedule here: without the call nobody ever looks."""


def test_drive_calls_and_the_file_is_there_in_seconds(start, drive, cloud, adapters) -> None:
    inbox, port = drive.state.folder("Inbox"), free_port()
    notify = f"http://127.0.0.1:{port}/v1/drive:notify"
    with (
        start(inbox, KHANA_DRIVE_PUSH=notify) as look,
        running("api", port=port, **cloud.variables, KHANA_DRIVE_WATCH_URL=look),
    ):
        assert ask(look, method="POST")[0] == 200
        drive.state.file("a.pdf", b"%PDF-a", inbox)
        until = time.monotonic() + PATIENCE_S
        while not (found := adapters.store.list(Query()).invoices):
            assert time.monotonic() < until, "nobody looked"
            time.sleep(0.05)
        calls = len(drive.calls_of("changes.list"))
        assert ask(notify, headers=CALL, method="POST")[0] == 403
        assert ask(notify, method="POST")[0] == 403
        assert len(drive.calls_of("changes.list")) == calls
    assert [invoice.source.name for invoice in found] == ["a.pdf"]


def test_a_drive_that_refuses_channels_is_watched_all_the_same(start, drive, adapters) -> None:
    inbox = drive.state.folder("Inbox")
    drive.state.file("a.pdf", b"%PDF-a", inbox)
    drive.fail("changes.watch", status=403, reason="forbidden", times=None)
    with start(inbox, KHANA_DRIVE_PUSH="https://khana.example/v1/drive:notify") as look:
        assert ask(look, method="POST")[0] == 200
    assert len(adapters.store.list(Query()).invoices) == 1


def test_the_api_has_drive_watch_look(start, drive, cloud) -> None:
    inbox, port = drive.state.folder("Inbox"), free_port()
    drive.state.file("a.pdf", b"%PDF-a", inbox)
    with (
        start(inbox) as look,
        running("api", port=port, **cloud.variables, KHANA_DRIVE_WATCH_URL=look),
    ):
        status, body = ask(f"http://127.0.0.1:{port}/v1/drive:sync", method="POST")
        assert (status, b'"received":1' in body.replace(b" ", b"")) == (200, True)
        drive.state.share(inbox, False)
        status, body = ask(f"http://127.0.0.1:{port}/v1/drive:sync", method="POST")
        assert (status, b"share it with that account" in body) == (500, True)
