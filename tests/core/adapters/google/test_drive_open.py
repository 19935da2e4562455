"""A file's bytes from Drive: whole and checked, or refused with a reason to act on."""

import itertools

import pytest
from emulators.drive.server import Answer
from following import files_of, follow

from core.adapters.google.drive import DriveSource
from core.errors import FileError, KhanaError, SetupError, TransientError
from core.ports import SourceFile

CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 20
"""5,129 bytes: six parts of the size that the tests' connection asks for."""


@pytest.fixture
def inbox(drive) -> str:
    return drive.state.folder("Inbox")


@pytest.fixture
def source(watch, inbox) -> DriveSource:
    return watch(inbox)


@pytest.fixture
def file(drive, source, inbox) -> SourceFile:
    drive.state.file("a.pdf", CONTENT, inbox)
    (found,) = files_of(source.batches(None))
    drive.calls.clear()
    return found


def read(source: DriveSource, file: SourceFile) -> bytes:
    with source.open(file) as stream:
        return stream.read()


class TestBytes:
    def test_come_in_parts(self, drive, source, file):
        assert read(source, file) == CONTENT
        assert [call.status for call in drive.calls_of("files.get:media")] == [206] * 6

    def test_of_an_empty_file(self, drive, source, inbox):
        drive.state.file("empty.pdf", b"", inbox)
        (empty,) = files_of(source.batches(None))
        assert read(source, empty) == b""

    def test_are_those_of_the_newest_revision(self, drive, source, file):
        drive.state.write(file.ref.file_id, b"%PDF newer")
        assert read(source, file) == b"%PDF newer"

    def test_that_break_off_are_asked_for_again_from_where_they_began(self, drive, source, file):
        drive.fail("files.get:media", cut_after=500, skip=2, times=2)
        assert read(source, file) == CONTENT
        asked = [call.headers["range"] for call in drive.calls_of("files.get:media")]
        assert asked[1:6] == [
            "bytes=1000-1999",
            "bytes=2000-2999",
            "bytes=2000-2999",
            "bytes=2000-2999",
            "bytes=3000-3999",
        ]

    def test_that_were_damaged_on_the_way_are_read_again(self, drive, source, file):
        drive.fail("files.get:media", corrupt=True, times=2)
        assert read(source, file) == CONTENT

    def test_that_never_match_their_checksum_are_not_given(self, drive, source, file):
        drive.state.items[file.ref.file_id].stated_md5 = "0" * 32
        with pytest.raises(TransientError, match=r"a\.pdf: .* MD5"):
            source.open(file)
        assert len(drive.calls_of("files.get")) == 3

    def test_written_anew_while_they_are_read_are_read_again(
        self, drive, source, file, monkeypatch
    ):
        parts = itertools.count()
        serve = drive.faults.take

        def write_at_the_third_part(method: str, of: str | None):
            if method == "files.get:media" and next(parts) == 2:
                drive.state.write(file.ref.file_id, CONTENT[::-1])
            return serve(method, of)

        monkeypatch.setattr(drive.faults, "take", write_at_the_third_part)
        assert read(source, file) == CONTENT[::-1]

    @pytest.mark.parametrize("newer", [b"%PDF", CONTENT * 15], ids=["shorter", "longer"])
    def test_of_another_length_than_told_are_read_again(
        self, drive, source, file, monkeypatch, newer
    ):
        parts = itertools.count()
        serve = drive.faults.take

        def write_after_the_metadata(method: str, of: str | None):
            if method == "files.get:media" and next(parts) == 0:
                drive.state.write(file.ref.file_id, newer)
            return serve(method, of)

        monkeypatch.setattr(drive.faults, "take", write_after_the_metadata)
        assert read(source, file) == newer
        methods = [call.method for call in drive.calls]
        # What is too long is not read to its end: 6 parts hold what was told, and one too much.
        assert methods.index("files.get", 1) <= 1 + 6


class TestRefused:
    def test_a_google_document(self, drive, source, inbox):
        drive.state.google_file("Notes", inbox)
        (notes,) = files_of(source.batches(None))
        with pytest.raises(FileError, match="Notes: is a Google document") as caught:
            source.open(notes)
        assert caught.value.code == "unsupported_format"

    def test_a_google_document_once_however_often_it_is_edited(self, drive, source, inbox):
        document = drive.state.google_file("Notes", inbox)
        run = list(source.batches(None))
        drive.state.rename(document, "Notes 2")
        revisions = {f.revision for f in files_of(run) + files_of(source.batches(run[-1].cursor))}
        assert len(revisions) == 1

    def test_a_file_over_the_limit_before_a_byte_is_read(self, drive, watch, inbox):
        drive.state.file("a.pdf", CONTENT, inbox)
        source = watch(inbox, max_bytes=5000)
        (large,) = files_of(source.batches(None))
        with pytest.raises(FileError, match=r"a\.pdf: larger than the limit of 5,000") as caught:
            source.open(large)
        assert caught.value.code == "file_too_large"
        assert drive.calls_of("files.get:media") == []

    def test_a_file_that_is_gone(self, drive, source, file, time):
        drive.state.delete(file.ref.file_id)
        with pytest.raises(FileError, match=r"a\.pdf: is not in Drive, or not shared") as caught:
            source.open(file)
        assert caught.value.code == "not_found"
        assert [(call.method, call.status) for call in drive.calls] == [("files.get", 404)]
        assert time.waits == []

    def test_a_shortcut_to_what_is_hidden(self, drive, source, inbox):
        hidden = drive.state.file("hidden.pdf", b"%PDF", visible=False)
        drive.state.shortcut("to hidden", hidden, inbox)
        (file,) = files_of(source.batches(None))
        with pytest.raises(FileError, match="to hidden: is not in Drive, or not shared"):
            source.open(file)

    def test_a_shortcut_to_what_is_refused_stands_beside_what_is_not(self, drive, source, inbox):
        refused = drive.state.file("refused.pdf", b"%PDF")
        drive.state.shortcut("to refused", refused, inbox)
        drive.state.file("b.pdf", b"%PDF", inbox)
        drive.fail("files.get", file=refused, status=403, reason="domainPolicy", times=None)
        found = {file.ref.name: file for file in files_of(source.batches(None))}
        assert found.keys() == {"to refused", "b.pdf"}
        with pytest.raises(SetupError, match="to refused: Drive refuses"):
            source.open(found["to refused"])
        drive.faults.clear()
        with source.open(found["to refused"]) as stream:
            assert stream.read() == b"%PDF"

    @pytest.mark.parametrize(
        ("reason", "remedy"),
        [
            ("insufficientFilePermissions", "share it with that account as a viewer"),
            ("cannotDownloadFile", "lift that in its sharing"),
            ("cannotDownloadAbusiveFile", "malware"),
            ("downloadQuotaExceeded", "tomorrow"),
        ],
    )
    def test_a_file_that_may_not_be_read(self, drive, source, file, time, reason, remedy):
        drive.fail("files.get:media", status=403, reason=reason)
        with pytest.raises(FileError, match=remedy) as caught:
            source.open(file)
        assert caught.value.code == "access_denied"
        assert len(drive.calls_of("files.get:media")) == 1
        assert time.waits == []


class TestRefusedAccount:
    """What no other file would survive either ends the run, at once, and says what to do."""

    @pytest.mark.parametrize(
        ("status", "reason", "remedy"),
        [
            (403, "insufficientPermissions", "sign in again and let Khana see files"),
            (403, "accessNotConfigured", "enable the Google Drive API"),
            (403, "dailyLimitExceeded", "raise the project's quota"),
            (403, "domainPolicy", "administrator"),
            (403, "somethingNew", "somethingNew"),
        ],
    )
    def test_while_opening(self, drive, source, file, time, status, reason, remedy):
        drive.fail("files.get", status=status, reason=reason)
        with pytest.raises(SetupError, match=remedy):
            source.open(file)
        assert time.waits == []

    def test_a_folder_that_can_not_be_seen(self, drive, watch):
        hidden = drive.state.folder("Hidden", visible=False)
        with pytest.raises(SetupError, match=f"Drive folder {hidden}: .* share it with that"):
            follow(watch(hidden))

    def test_a_folder_in_the_trash(self, drive, watch, inbox):
        drive.state.trash(inbox)
        with pytest.raises(SetupError, match="trash"):
            follow(watch(inbox))

    def test_what_is_no_folder(self, drive, watch):
        with pytest.raises(SetupError, match="no folder"):
            follow(watch(drive.state.file("a.pdf", b"%PDF")))

    @pytest.mark.parametrize(
        ("status", "reason"), [(403, "insufficientFilePermissions"), (404, "notFound")]
    )
    def test_a_folder_that_may_not_be_listed(self, drive, watch, inbox, time, status, reason):
        drive.fail("files.list", status=status, reason=reason)
        with pytest.raises(SetupError, match="share it with that account"):
            follow(watch(inbox))
        assert [call.status for call in drive.calls_of("files.list")] == [status]
        assert time.waits == []


PASSING = [
    {"status": 403, "reason": "userRateLimitExceeded"},
    {"status": 403, "reason": "rateLimitExceeded"},
    {"status": 429, "reason": "rateLimitExceeded"},
    {"status": 500},
    {"status": 502},
    {"status": 503},
    {"drop": True},
    {"cut_after": 10},
]


class TestPassingFaults:
    @pytest.mark.parametrize("fault", PASSING, ids=str)
    @pytest.mark.parametrize("method", ["files.get", "files.get:media"])
    def test_are_waited_for_while_opening(self, drive, source, file, time, method, fault):
        drive.fail(method, **fault, times=4)
        assert read(source, file) == CONTENT
        # httplib2 itself tries a dropped connection a second time without a pause.
        assert time.waits == ([1, 2] if "drop" in fault else [1, 2, 4, 8])

    @pytest.mark.parametrize("fault", PASSING, ids=str)
    def test_are_waited_for_while_following(self, drive, watch, inbox, time, fault):
        office = drive.state.add_drive("Office")
        drive.state.file("a.pdf", b"%PDF", inbox)
        drive.fail("*", **fault)
        drive.fail("drives.get", **fault)
        drive.fail("files.list", **fault, skip=1)
        drive.fail("changes.*", **fault, skip=1)
        assert follow(watch(inbox, office))[0] == ["a.pdf"]

    def test_end_the_run_once_the_budget_is_spent(self, drive, source, inbox, time):
        drive.state.file("a.pdf", b"%PDF", inbox)
        _, cursor = follow(source)
        drive.state.file("b.pdf", b"%PDF", inbox)
        drive.fail("changes.list", status=503, times=None)
        with pytest.raises(TransientError, match="changes in Drive"):
            follow(source, cursor)
        assert 60 < time.now <= 120
        drive.faults.clear()
        assert follow(source, cursor)[0] == ["b.pdf"]

    def test_a_drive_that_can_not_be_reached(self, drive, source, inbox, time):
        drive.close()
        with pytest.raises(TransientError, match="out of reach"):
            follow(source)


def test_nothing_but_khanas_errors_leaves(drive, watch, inbox, time):
    """Every status on every call, with answers that Google's description doesn't foresee."""
    office = drive.state.add_drive("Office")
    drive.state.file("a.pdf", CONTENT, inbox)
    source = watch(inbox, office)
    (file,) = files_of(source.batches(None))
    for status in (400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 416, 423, 451, 500, 504):
        for method in ("files.get", "files.get:media", "files.list", "changes.*", "drives.get"):
            fault = drive.fail(method, status=status, reason="unheardOf", times=None)
            for attempt in (lambda: follow(source), lambda: source.open(file).close()):
                try:
                    attempt()
                except KhanaError as error:
                    assert error.message
            assert fault.hits
            drive.faults.clear()


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b"{}", b'{"changes": [{}]}', b"\xff"])
def test_an_answer_that_makes_no_sense_is_a_passing_fault(
    drive, source, inbox, time, monkeypatch, answer
):
    _, cursor = follow(source)
    monkeypatch.setattr("emulators.drive.server._json", lambda status, content: Answer(200, answer))
    with pytest.raises(TransientError):
        follow(source, cursor)
    assert time.now > 60
