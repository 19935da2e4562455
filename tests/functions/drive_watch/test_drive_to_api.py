"""The whole way on Google Cloud, over sockets: a file in a folder of Drive, its invoices in the
API."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from asking import ask
from emulators.cloud import Cloud
from emulators.drive import DriveServer
from emulators.eventarc import Eventarc
from emulators.serving import running
from PIL import Image

from core.ports import Adapters, StoredTemplate
from core.template import parse_template

SPLIT = parse_template(
    {
        "id": "batch",
        "page_size": [400, 200],
        "split": "pages",
        "fields": [{"name": "number", "kind": "number", "box": [20, 30, 380, 100]}],
    }
)
NUMBERS = ["1001", "2002", "3003"]


def pdf(*numbers: str) -> bytes:
    """A scan: a page for each number."""
    pages = []
    for number in numbers:
        picture = np.full((200, 400), 255, np.uint8)
        cv2.putText(picture, number, (60, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 2, cv2.LINE_AA)
        pages.append(Image.fromarray(picture))
    file = BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    return file.getvalue()


@pytest.fixture
def api(cloud: Cloud) -> Iterator[str]:
    """The address of the API, with extract behind the bucket."""
    with ExitStack() as stack:
        extract = stack.enter_context(running("extract", **cloud.variables))
        client = stack.enter_context(cloud.storage_client())
        stack.enter_context(Eventarc(client, cloud.bucket, extract))
        yield stack.enter_context(running("api", **cloud.variables))


def look(url: str) -> int:
    """How many files a look took in."""
    status, body = ask(url, method="POST")
    assert status == 200, body
    received: int = json.loads(body)["received"]
    return received


def invoices(api: str, count: int) -> list[dict[str, Any]]:
    """All there are, in the order in which they came, once `count` of them are read."""
    until = time.monotonic() + 60
    while True:
        status, body = ask(f"{api}/v1/invoices?order_by=received_at")
        assert status == 200, body
        found: list[dict[str, Any]] = json.loads(body)["invoices"]
        if sum(one["status"] == "done" for one in found) >= count:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.1)


def test_each_page_of_a_file_in_drive_is_an_invoice_once(
    start, drive: DriveServer, adapters: Adapters, api: str
) -> None:
    adapters.store.put_template(StoredTemplate(SPLIT))
    inbox, data = drive.state.folder("Inbox"), pdf(*NUMBERS)
    file = drive.state.file("batch.pdf", data, inbox)
    with start(inbox) as url:
        assert look(url) == 1
        read = invoices(api, 3)
        assert look(url) == 0
        drive.state.rename(file, "march.pdf")
        # Drive tells of more than there is to take: nothing of it comes in again.
        assert look(url) == 0
        copy = drive.state.file("copy.pdf", data, inbox)
        assert look(url) == 1
        again = invoices(api, 3)

    assert [one["fields"]["number"]["value"] for one in read] == NUMBERS
    assert [one["part"]["page"] for one in read] == [1, 2, 3]
    for one in read:
        assert one["source"]["kind"] == "drive"
        assert one["source"]["file_id"] == file
        assert one["source"]["name"] == "batch.pdf"
        assert one["source"]["link"].endswith(f"{file}/view")
        assert one["part"]["ids"] == [each["id"] for each in read]

    assert [one["id"] for one in again] == [one["id"] for one in read]
    assert [[note["code"] for note in one["notes"]] for one in again] == [["renamed"]] * 3
    assert [each["file_id"] for each in again[0]["duplicates"]] == [copy]
