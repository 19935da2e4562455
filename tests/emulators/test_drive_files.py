"""The double of Drive, asked by Google's own client: files, their bytes, parameters, drives."""

import hashlib
import io
import json
import urllib.request

import pytest
from drive_client import pages, refused
from emulators.drive import FOLDER, SHORTCUT
from emulators.drive.discovery import check
from emulators.drive.errors import ApiError
from emulators.drive.query import parse
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseDownload


def names(client, q: str, **params) -> list[str]:
    return [f["name"] for p in pages(client.files(), q=q, **params) for f in p["files"]]


class TestFiles:
    def test_a_listing_is_given_in_pages(self, drive, client):
        folder = drive.state.folder("Invoices")
        for number in range(5):
            drive.state.file(f"{number}.pdf", b"%PDF", folder)
        found = list(pages(client.files(), q=f"'{folder}' in parents", pageSize=2))
        assert [len(page["files"]) for page in found] == [2, 2, 1]
        assert [f["name"] for page in found for f in page["files"]] == [
            f"{number}.pdf" for number in range(5)
        ]

    def test_a_page_token_is_of_one_listing(self, drive, client):
        for number in range(2):
            drive.state.file(f"{number}.pdf", b"%PDF")
        first = client.files().list(pageSize=1, q="trashed = false").execute()
        with refused(400, "invalidParameter"):
            client.files().list(pageToken=first["nextPageToken"], q="trashed = true").execute()
        with refused(400, "invalidParameter"):
            client.files().list(pageToken="none of yours").execute()

    def test_only_the_fields_asked_for_are_given(self, drive, client):
        file = drive.state.file("a.pdf", b"%PDF-1.7")
        assert client.files().get(fileId=file).execute().keys() == {
            "kind",
            "id",
            "name",
            "mimeType",
        }
        whole = client.files().get(fileId=file, fields="*").execute()
        assert (whole["size"], whole["mimeType"], whole["parents"]) == (
            "8",
            "application/pdf",
            [drive.state.root],
        )
        assert whole["md5Checksum"] == hashlib.md5(b"%PDF-1.7").hexdigest()
        assert whole["sha256Checksum"] == hashlib.sha256(b"%PDF-1.7").hexdigest()
        shortcut = drive.state.shortcut("to a", file)
        assert client.files().get(
            fileId=shortcut, fields="name,shortcutDetails/targetId"
        ).execute() == {"name": "to a", "shortcutDetails": {"targetId": file}}

    @pytest.mark.parametrize("fields", ["nam", "name(", "name,,id", "shortcutDetails(name)", "a/"])
    def test_an_unknown_field_is_refused(self, drive, client, fields):
        file = drive.state.file("a.pdf", b"%PDF")
        with refused(400, "invalidParameter"):
            client.files().get(fileId=file, fields=fields).execute()

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("name = 'a.pdf'", ["a.pdf"]),
            ("name contains 'inv'", ["my invoice.png"]),
            ("name = 'it\\'s'", ["it's"]),
            (
                "mimeType = 'application/pdf' or mimeType contains 'image/'",
                ["a.pdf", "my invoice.png"],
            ),
            ("not mimeType contains 'application/'", ["my invoice.png"]),
            ("trashed = true", ["it's"]),
            ("trashed != true and (name = 'a.pdf' or name = 'it\\'s')", ["a.pdf"]),
            ("modifiedTime > '2099-01-01T00:00:00'", []),
        ],
    )
    def test_a_query_finds(self, drive, client, q, found):
        drive.state.file("a.pdf", b"%PDF")
        drive.state.file("my invoice.png", b"\x89PNG")
        drive.state.trash(drive.state.folder("it's"))
        assert names(client, q) == found

    @pytest.mark.parametrize(
        "q",
        [
            "name",
            "name = ",
            "name = a",
            'name = "a"',
            "name like 'a'",
            "nom = 'a'",
            "trashed = 'false'",
            "trashed = false and",
            "(trashed = false",
            "trashed = false)",
            "'a' in owners",
            "'a' in 'parents'",
            "modifiedTime > 'yesterday'",
            "name = 'a' trashed = false",
            "name = 'it's'",
        ],
    )
    def test_a_query_that_the_reference_lacks_is_refused(self, q):
        with pytest.raises(ApiError) as caught:
            parse(q)
        assert (caught.value.status, caught.value.reason) == (400, "invalid")

    def test_a_listing_of_an_unknown_folder_is_refused(self, client):
        with refused(404, "notFound"):
            client.files().list(q="'nowhere' in parents").execute()

    def test_what_is_below_a_trashed_folder_is_trashed(self, drive, client):
        folder = drive.state.folder("Old")
        file = drive.state.file("a.pdf", b"%PDF", folder)
        drive.state.trash(folder)
        answer = client.files().get(fileId=file, fields="trashed,explicitlyTrashed").execute()
        assert answer == {"trashed": True, "explicitlyTrashed": False}

    def test_create_rename_move_write_trash_and_delete(self, drive, client):
        folder = client.files().create(body={"name": "Invoices", "mimeType": FOLDER}).execute()
        file = client.files().create(
            body={"name": "a.png", "parents": [folder["id"]]},
            media_body=MediaInMemoryUpload(b"\x89PNG\r\n\x00", mimetype="image/png"),
            fields="id,md5Checksum,headRevisionId,mimeType",
        )
        created = file.execute()
        assert created["md5Checksum"] == hashlib.md5(b"\x89PNG\r\n\x00").hexdigest()
        assert created["mimeType"] == "image/png"
        written = (
            client.files()
            .update(
                fileId=created["id"],
                body={"name": "b.png"},
                addParents="root",
                removeParents=folder["id"],
                media_body=MediaInMemoryUpload(b"\x89PNG\n\n2", mimetype="image/png"),
                fields="name,headRevisionId,parents",
            )
            .execute()
        )
        assert written["headRevisionId"] != created["headRevisionId"]
        assert (written["name"], written["parents"]) == ("b.png", [drive.state.root])
        client.files().update(fileId=created["id"], body={"trashed": True}).execute()
        assert names(client, "trashed = true") == ["b.png"]
        shortcut = {"mimeType": SHORTCUT, "shortcutDetails": {"targetId": created["id"]}}
        client.files().create(body=shortcut).execute()
        client.files().delete(fileId=created["id"]).execute()
        with refused(404, "notFound"):
            client.files().get(fileId=created["id"]).execute()

    def test_what_may_not_be_written_is_refused(self, drive, client):
        file = drive.state.file("a.pdf", b"%PDF")
        with refused(403, "fieldNotWritable"):
            client.files().update(fileId=file, body={"parents": ["root"]}).execute()
        with refused(403, "fieldNotWritable"):
            client.files().create(body={"md5Checksum": "0"}).execute()
        with refused(400, "badRequest"):
            client.files().create(body={"name": 7}).execute()
        with refused(403, "cannotAddParent"):
            client.files().update(fileId=file, addParents=drive.state.folder("b")).execute()


class TestMedia:
    def test_a_range_of_the_bytes(self, drive, client):
        file = drive.state.file("a.pdf", bytes(range(100)))
        into = io.BytesIO()
        parts = MediaIoBaseDownload(into, client.files().get_media(fileId=file), chunksize=30)
        done = False
        while not done:
            _, done = parts.next_chunk()
        assert into.getvalue() == bytes(range(100))
        assert [c.headers["range"] for c in drive.calls_of("files.get:media")] == [
            "bytes=0-29",
            "bytes=30-59",
            "bytes=60-89",
            "bytes=90-119",
        ]

    def test_a_range_past_the_end_is_refused(self, drive, client):
        file = drive.state.file("a.pdf", b"abc")
        request = client.files().get_media(fileId=file)
        request.headers["range"] = "bytes=3-5"
        with refused(416, "requestedRangeNotSatisfiable"):
            request.execute()

    def test_a_google_document_has_no_bytes(self, drive, client):
        document = drive.state.google_file("Notes")
        with refused(403, "fileNotDownloadable"):
            client.files().get_media(fileId=document).execute()
        whole = client.files().get(fileId=document, fields="*").execute()
        assert not whole.keys() & {"md5Checksum", "headRevisionId", "size"}


class TestParameters:
    @pytest.mark.parametrize(
        "query",
        [
            "pageSise=2",
            "pageSize=two",
            "pageSize=0",
            "pageSize=2&pageSize=3",
            "supportsAllDrives=1",
            "supportsTeamDrives=true",
            "alt=xml",
            "corpora=domain",
        ],
    )
    def test_what_the_description_lacks_is_refused(self, drive, query):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{drive.url}drive/v3/files?{query}")
        assert caught.value.code == 400
        assert json.load(caught.value)["error"]["errors"][0]["reason"] == "invalidParameter"

    def test_a_required_parameter_is_required(self, drive):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{drive.url}drive/v3/changes")
        assert json.load(caught.value)["error"]["errors"][0]["reason"] == "required"

    def test_an_answer_that_the_description_lacks_is_a_fault_of_the_double(self):
        check("File", {"id": "1", "size": "7", "parents": ["2"]})
        for wrong in ({"ident": "1"}, {"size": 7}, {"parents": "2"}, {"modifiedTime": "today"}):
            with pytest.raises(AssertionError):
                check("File", wrong)


class TestSharedDrives:
    def test_without_supports_all_drives_there_is_nothing(self, drive, client):
        file = drive.state.file("a.pdf", b"%PDF", drive.state.add_drive("Office"))
        with refused(404, "notFound"):
            client.files().get(fileId=file).execute()
        with refused(404, "notFound"):
            client.files().get_media(fileId=file).execute()
        assert client.files().get(fileId=file, supportsAllDrives=True).execute()["id"] == file
        assert names(client, "name = 'a.pdf'", supportsAllDrives=True) == []

    def test_corpora_drive_id_and_the_flags_go_together(self, drive, client):
        office = drive.state.add_drive("Office")
        drive.state.file("a.pdf", b"%PDF", office)
        drive.state.file("mine.pdf", b"%PDF")
        flags = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
        assert names(client, "trashed = false", corpora="drive", driveId=office, **flags) == [
            "a.pdf"
        ]
        assert names(client, "trashed = false", corpora="allDrives", **flags) == [
            "a.pdf",
            "mine.pdf",
        ]
        for wrong in (
            {"corpora": "drive", **flags},
            {"driveId": office, **flags},
            {"corpora": "drive", "driveId": office, "supportsAllDrives": True},
            {"includeItemsFromAllDrives": True},
        ):
            with refused(400, "invalidParameter"):
                client.files().list(**wrong).execute()
        with refused(404, "notFound"):
            client.files().list(corpora="drive", driveId="0Anowhere", **flags).execute()

    def test_the_drives_of_a_member(self, drive, client):
        for number in range(3):
            drive.state.add_drive(f"Drive {number}")
        hidden = drive.state.add_drive("Not mine", member=False)
        found = [d["name"] for p in pages(client.drives(), pageSize=2) for d in p["drives"]]
        assert found == ["Drive 0", "Drive 1", "Drive 2"]
        with refused(404, "notFound"):
            client.drives().get(driveId=hidden).execute()
