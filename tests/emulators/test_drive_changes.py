"""The double of Drive, asked by Google's own client: changes, push channels, faults on order."""

import threading
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import pytest
from drive_client import pages, refused

ALL = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}


def token_of(client, **params) -> str:
    return client.changes().getStartPageToken(**params).execute()["startPageToken"]


class TestChanges:
    def test_each_item_is_in_the_log_once_as_it_is_now(self, drive, client):
        token = token_of(client)
        first = drive.state.file("a.pdf", b"%PDF")
        second = drive.state.file("b.pdf", b"%PDF")
        drive.state.rename(first, "c.pdf")
        page = client.changes().list(pageToken=token).execute()
        assert [(c["fileId"], c["file"]["name"]) for c in page["changes"]] == [
            (second, "b.pdf"),
            (first, "c.pdf"),
        ]
        assert client.changes().list(pageToken=page["newStartPageToken"]).execute()["changes"] == []

    def test_pages_end_with_a_new_start_token(self, drive, client):
        token = token_of(client)
        for number in range(5):
            drive.state.file(f"{number}.pdf", b"%PDF")
        found = list(pages(client.changes(), pageToken=token, pageSize=2))
        assert [len(page["changes"]) for page in found] == [2, 2, 1]
        assert ["newStartPageToken" in page for page in found] == [False, False, True]
        assert ["nextPageToken" in page for page in found] == [True, True, False]

    def test_what_is_gone_leaves_a_tombstone(self, drive, client):
        folder = drive.state.folder("Invoices")
        deleted = drive.state.file("a.pdf", b"%PDF", folder)
        hidden = drive.state.file("b.pdf", b"%PDF", folder)
        token = token_of(client)
        drive.state.delete(deleted)
        drive.state.share(hidden, False)
        page = client.changes().list(pageToken=token).execute()
        assert [(c["fileId"], c["removed"], "file" in c) for c in page["changes"]] == [
            (deleted, True, False),
            (hidden, True, False),
        ]
        page = client.changes().list(pageToken=token, includeRemoved=False).execute()
        assert page["changes"] == []

    @pytest.mark.parametrize("token", ["0", "99999999", "abc", "-1"])
    def test_an_unknown_token_is_refused(self, client, token):
        with refused(400, "invalidParameter"):
            client.changes().list(pageToken=token).execute()

    def test_a_token_can_expire(self, drive, client):
        token = token_of(client)
        drive.state.expire_tokens()
        with refused(400, "invalidParameter"):
            client.changes().list(pageToken=token).execute()

    def test_a_shared_drive_has_a_log_of_its_own(self, drive, client):
        office = drive.state.add_drive("Office")
        own, of_drive = (
            token_of(client),
            token_of(client, driveId=office, supportsAllDrives=True),
        )
        file = drive.state.file("a.pdf", b"%PDF", office)
        assert client.changes().list(pageToken=own, **ALL).execute()["changes"] == []
        page = client.changes().list(pageToken=of_drive, driveId=office, **ALL).execute()
        assert [c["fileId"] for c in page["changes"]] == [file]
        with refused(400, "invalidParameter"):
            client.changes().list(
                pageToken=of_drive, driveId=office, supportsAllDrives=True
            ).execute()
        with refused(404, "notFound"):
            token_of(client, driveId=office)

    def test_a_move_into_a_shared_drive_is_in_both_logs(self, drive, client):
        office = drive.state.add_drive("Office")
        file = drive.state.file("a.pdf", b"%PDF")
        own, of_drive = (
            token_of(client),
            token_of(client, driveId=office, supportsAllDrives=True),
        )
        drive.state.move(file, office)
        (left,) = client.changes().list(pageToken=own, **ALL).execute()["changes"]
        assert (left["fileId"], left["removed"]) == (file, True)
        page = client.changes().list(pageToken=of_drive, driveId=office, **ALL).execute()
        assert [(c["fileId"], c["removed"]) for c in page["changes"]] == [(file, False)]


class TestFaults:
    def test_a_refusal_comes_as_often_as_told(self, drive, client):
        file = drive.state.file("a.pdf", b"%PDF")
        drive.fail("files.get", status=403, reason="userRateLimitExceeded", skip=1, times=2)
        get = client.files().get(fileId=file)
        get.execute()
        for _ in range(2):
            with refused(403, "userRateLimitExceeded"):
                get.execute()
        get.execute()
        assert [c.status for c in drive.calls_of("files.get")] == [200, 403, 403, 200]

    def test_a_body_can_be_cut_off_or_damaged(self, drive, client):
        file = drive.state.file("a.pdf", b"%PDF-1.7")
        media = client.files().get_media(fileId=file)
        drive.fail("*:media", cut_after=3)
        with pytest.raises(IncompleteRead):
            media.execute()
        drive.fail("*:media", corrupt=True)
        assert media.execute() == b"\xdaPDF-1.7"
        assert media.execute() == b"%PDF-1.7"

    def test_an_answer_can_fail_to_come(self, drive):
        drive.fail("files.list", drop=True)
        with pytest.raises(ConnectionError):
            urllib.request.urlopen(f"{drive.url}drive/v3/files")
        assert [call.status for call in drive.calls] == [0]

    def test_every_call_is_recorded(self, drive, client):
        client.files().list(q="trashed = false", supportsAllDrives=True).execute()
        (call,) = drive.calls
        assert call.method == "files.list"
        assert call.params["q"] == "trashed = false"
        assert call.params["supportsAllDrives"] == "true"


class TestPush:
    @pytest.fixture
    def hook(self) -> Iterator[tuple[str, Queue]]:
        """An address that keeps the headers of what is posted to it."""
        received: Queue = Queue()

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                received.put(self.headers)

            def log_message(self, *args):
                pass

        with HTTPServer(("127.0.0.1", 0), Hook) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}/hook", received
            server.shutdown()
            thread.join()

    def test_a_channel_tells_of_changes_until_it_is_stopped(self, drive, client, hook):
        address, received = hook
        token = client.changes().getStartPageToken().execute()["startPageToken"]
        body = {"id": "channel-1", "type": "web_hook", "address": address, "token": "secret"}
        channel = client.changes().watch(pageToken=token, body=body).execute()
        drive.state.file("a.pdf", b"%PDF")
        messages = [received.get(timeout=60) for _ in range(2)]
        assert [m["X-Goog-Resource-State"] for m in messages] == ["sync", "change"]
        assert [m["X-Goog-Message-Number"] for m in messages] == ["1", "2"]
        assert {m["X-Goog-Channel-Token"] for m in messages} == {"secret"}
        assert {m["X-Goog-Resource-ID"] for m in messages} == {channel["resourceId"]}
        stop = {"id": "channel-1", "resourceId": channel["resourceId"]}
        client.channels().stop(body=stop).execute()
        drive.state.file("b.pdf", b"%PDF")
        assert drive.channels.open_channels == {}
        with refused(404, "notFound"):
            client.channels().stop(body=stop).execute()

    def test_a_channel_that_google_would_refuse_is_refused(self, drive, client):
        token = client.changes().getStartPageToken().execute()["startPageToken"]
        body = {"id": "channel-1", "type": "web_hook", "address": "http://example.com/hook"}
        with refused(400, "push.webhookUrlNotHttps"):
            client.changes().watch(pageToken=token, body=body).execute()
        body["address"] = "https://example.com/hook"
        with refused(400, "invalidParameter"):
            client.changes().watch(pageToken=token, body=body | {"expiration": "1"}).execute()
