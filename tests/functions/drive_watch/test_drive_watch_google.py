"""drive_watch as the cloud runs it, over a socket, with Google's clients on every side."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asking import ask
from emulators.drive import USER_LOG, DriveServer
from emulators.firestore import LONG_LOCKS, VARIABLE

from core.invoice import Invoice, Status
from core.ports import Adapters, Query


def look(url: str) -> dict[str, Any]:
    status, body = ask(url, method="POST")
    assert status == 200, body
    report: dict[str, Any] = json.loads(body)
    return report


def invoices(adapters: Adapters) -> dict[str, Invoice]:
    return {i.source.name: i for i in adapters.store.list(Query(page_size=500)).invoices}


@pytest.fixture
def inbox(drive: DriveServer) -> str:
    return drive.state.folder("Inbox")


def test_the_folder_as_it_is_then_what_changes(start, drive, adapters, inbox) -> None:
    office = drive.state.add_drive("Office")
    drive.state.file("a.pdf", b"%PDF-a", drive.state.folder("March", inbox))
    drive.state.file("b.jpg", b"\xff\xd8b", office)
    drive.state.google_file("notes", inbox)
    folders = [f"https://drive.google.com/drive/folders/{inbox}?usp=sharing", office]
    with start(*folders) as url:
        first = look(url)
        drive.calls.clear()
        drive.state.file("c.pdf", b"%PDF-c", inbox)
        second = look(url)
        third = look(url)
    assert (first["received"], len(first["failed"]), first["finished"]) == (2, 1, True)
    assert (second["received"], third["received"]) == (1, 0)
    assert not drive.calls_of("files.list")
    found = invoices(adapters)
    assert {name: i.status for name, i in found.items()} == {
        "a.pdf": Status.RECEIVED,
        "b.jpg": Status.RECEIVED,
        "c.pdf": Status.RECEIVED,
        "notes": Status.FAILED,
    }
    assert adapters.objects.read(found["c.pdf"].object).data == b"%PDF-c"


def test_an_expired_token_has_all_listed_and_nothing_read_twice(
    start, drive, adapters, inbox
) -> None:
    for number in range(5):
        drive.state.file(f"{number}.pdf", b"%PDF" + bytes([number]), inbox)
    with start(inbox) as url:
        assert look(url)["received"] == 5
        drive.state.file("new.pdf", b"%PDF-new", inbox)
        drive.state.expire_tokens(USER_LOG)
        drive.calls.clear()
        assert look(url)["received"] == 1
    assert drive.calls_of("files.list")
    assert len(drive.calls_of("files.get:media")) == 1
    assert len(invoices(adapters)) == 6


@pytest.mark.skipif(VARIABLE in os.environ, reason=LONG_LOCKS)
def test_of_two_at_once_one_works(start, drive, adapters, inbox) -> None:
    for number in range(4):
        drive.state.file(f"{number}.pdf", b"%PDF" + bytes([number]), inbox)
    drive.fail("files.get:media", delay=0.3, times=None)
    with start(inbox) as one, start(inbox) as other, ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(look, [one, other]))
    assert sum(report["received"] for report in reports) == 4
    assert sorted(report["busy"] for report in reports) == [[], ["drive"]]
    assert len(drive.calls_of("files.get:media")) == 4


def test_it_stops_in_time_and_the_next_goes_on(start, drive, adapters, inbox) -> None:
    for number in range(6):
        drive.state.file(f"{number}.pdf", b"%PDF" + bytes([number]), inbox)
    drive.fail("files.get:media", delay=0.3, times=None)
    reports = []
    with start(inbox, KHANA_WATCH_TIMEOUT="0.5") as url:
        while not reports or not reports[-1]["finished"]:
            reports.append(look(url))
    assert len(reports) > 1
    assert sum(report["received"] for report in reports) == 6
    # However little of a page a look comes to, nothing of it is done twice.
    assert len(drive.calls_of("files.get:media")) == 6
    assert len(invoices(adapters)) == 6


def test_what_hinders_it_is_said(start, drive, inbox) -> None:
    drive.state.share(inbox, False)
    with start(inbox) as url:
        status, body = ask(url, method="POST")
        assert status == 500
        assert "share it with that account" in json.loads(body)["error"]["message"]
        drive.state.share(inbox)
        assert look(url)["finished"]


def test_a_folder_that_is_none_is_said(start) -> None:
    with start("https://example.com/inbox/") as url:
        status, body = ask(url, method="POST")
    assert status == 500
    assert "is no link to a folder of Drive" in json.loads(body)["error"]["message"]
