"""What is taken from Drive, and when: through Google's client, from a double of Drive."""

import pytest
from following import files_of, follow, gone_of, names


def folders(batches) -> dict[str, str]:
    return {file.ref.name: file.folder for file in files_of(batches)}


@pytest.fixture
def inbox(drive) -> str:
    return drive.state.folder("Inbox")


class TestFirstRun:
    def test_takes_images_and_pdfs_as_they_are_now(self, drive, watch, inbox):
        drive.state.file("a.pdf", b"%PDF-1", inbox)
        drive.state.file("b.jpg", b"\xff\xd8\xff", inbox)
        drive.state.file("c.docx", b"PK", inbox)
        drive.state.file("d.txt", b"text", inbox)
        drive.state.file("e.png", b"\x89PNG", inbox, mime_type="application/octet-stream")
        drive.state.file("elsewhere.pdf", b"%PDF-2")
        drive.state.trash(drive.state.file("trashed.pdf", b"%PDF-3", inbox))
        assert names(watch(inbox).batches(None)) == ["a.pdf", "b.jpg", "e.png"]

    def test_tells_what_a_person_needs_to_find_the_file(self, drive, watch, inbox):
        file_id = drive.state.file("فاتورة.pdf", b"%PDF-1", inbox)
        (file,) = files_of(watch(inbox).batches(None))
        assert file.ref.model_dump() == {
            "kind": "drive",
            "file_id": file_id,
            "name": "فاتورة.pdf",
            "link": f"https://drive.google.com/file/d/{file_id}/view",
        }
        assert (file.size, file.revision) == (6, f"{file_id}-1")

    def test_goes_down_into_subfolders(self, drive, watch, inbox):
        below = inbox
        for depth in range(4):
            below = drive.state.folder(f"Level {depth}", below)
            drive.state.file(f"{depth}.pdf", b"%PDF", below)
        assert names(watch(inbox).batches(None)) == ["0.pdf", "1.pdf", "2.pdf", "3.pdf"]

    def test_takes_the_oldest_first(self, drive, watch, inbox):
        for name in "bca":
            drive.state.file(f"{name}.pdf", b"%PDF", inbox)
        assert names(watch(inbox).batches(None)) == ["b.pdf", "c.pdf", "a.pdf"]

    def test_takes_the_token_before_it_lists(self, drive, watch, inbox):
        for number in range(3):
            drive.state.file(f"{number}.pdf", b"%PDF", inbox)
        run = iter(watch(inbox).batches(None))
        first = next(run)
        # Into a page that has been turned already.
        drive.state.file("meanwhile.pdf", b"%PDF", inbox)
        assert "meanwhile.pdf" in names([first, *run])

    def test_the_alias_of_my_drive_can_be_watched(self, drive, watch):
        drive.state.file("a.pdf", b"%PDF")
        found, cursor = follow(watch("root"))
        drive.state.file("b.pdf", b"%PDF")
        assert found == ["a.pdf"]
        assert follow(watch("root"), cursor)[0] == ["b.pdf"]


class TestFollowing:
    def test_only_what_is_new_is_taken_next_time(self, drive, watch, inbox):
        drive.state.file("old.pdf", b"%PDF", inbox)
        _, cursor = follow(watch(inbox))
        for number in range(5):
            drive.state.file(f"{number}.pdf", b"%PDF", inbox)
            drive.state.file(f"elsewhere-{number}.pdf", b"%PDF")
        found, cursor = follow(watch(inbox), cursor)
        assert found == ["0.pdf", "1.pdf", "2.pdf", "3.pdf", "4.pdf"]
        assert list(watch(inbox).batches(cursor)) == []

    def test_a_new_revision_is_taken_anew(self, drive, watch, inbox):
        file = drive.state.file("a.pdf", b"%PDF-1", inbox)
        run = list(watch(inbox).batches(None))
        drive.state.write(file, b"%PDF-2")
        changed = files_of(watch(inbox).batches(run[-1].cursor))
        assert [f.revision for f in files_of(run) + changed] == [f"{file}-1", f"{file}-2"]

    def test_a_rename_gives_the_same_revision(self, drive, watch, inbox):
        file = drive.state.file("a.pdf", b"%PDF-1", inbox)
        run = list(watch(inbox).batches(None))
        drive.state.rename(file, "b.pdf")
        renamed = files_of(watch(inbox).batches(run[-1].cursor))
        assert [(f.ref.file_id, f.revision) for f in renamed] == [
            (f.ref.file_id, f.revision) for f in files_of(run)
        ]

    def test_the_trash_a_move_out_and_a_deletion_give_nothing(self, drive, watch, inbox):
        files = [drive.state.file(f"{number}.pdf", b"%PDF", inbox) for number in range(4)]
        _, cursor = follow(watch(inbox))
        drive.state.trash(files[0])
        drive.state.move(files[1], drive.state.root)
        drive.state.delete(files[2])
        drive.state.share(files[3], False)
        assert follow(watch(inbox), cursor)[0] == []

    def test_what_comes_back_is_taken(self, drive, watch, inbox):
        file = drive.state.file("a.pdf", b"%PDF")
        _, cursor = follow(watch(inbox))
        drive.state.move(file, inbox)
        found, cursor = follow(watch(inbox), cursor)
        assert found == ["a.pdf"]
        drive.state.trash(file)
        _, cursor = follow(watch(inbox), cursor)
        drive.state.trash(file, False)
        assert follow(watch(inbox), cursor)[0] == ["a.pdf"]


class TestFolders:
    def test_a_new_folder_is_followed(self, drive, watch, inbox):
        _, cursor = follow(watch(inbox))
        march = drive.state.folder("March", inbox)
        drive.state.file("a.pdf", b"%PDF", march)
        found, cursor = follow(watch(inbox), cursor)
        assert set(found) == {"a.pdf"}
        drive.state.file("b.pdf", b"%PDF", drive.state.folder("Week 1", march))
        assert set(follow(watch(inbox), cursor)[0]) == {"b.pdf"}

    def test_a_folder_moved_in_brings_what_it_holds(self, drive, watch, inbox):
        march = drive.state.folder("March")
        drive.state.file("a.pdf", b"%PDF", march)
        drive.state.file("b.pdf", b"%PDF", drive.state.folder("Week 1", march))
        _, cursor = follow(watch(inbox))
        drive.state.move(march, inbox)
        assert follow(watch(inbox), cursor)[0] == ["a.pdf", "b.pdf"]

    @pytest.mark.parametrize("how", ["moved", "trashed", "deleted"])
    def test_a_folder_that_left_is_followed_no_longer(self, drive, watch, inbox, how):
        march = drive.state.folder("March", inbox)
        week = drive.state.folder("Week 1", march)
        _, cursor = follow(watch(inbox))
        if how == "moved":
            drive.state.move(march, drive.state.root)
        elif how == "trashed":
            drive.state.trash(march)
        else:
            drive.state.delete(march)
        _, cursor = follow(watch(inbox), cursor)
        if how != "deleted":
            drive.state.file("a.pdf", b"%PDF", week)
        assert follow(watch(inbox), cursor)[0] == []

    @pytest.mark.parametrize("way", ["moved_out", "trashed"])
    def test_what_is_in_a_folder_that_left_is_told_of(self, drive, watch, inbox, way):
        march = drive.state.folder("March", inbox)
        week = drive.state.folder("Week 1", march)
        files = {drive.state.file(f"{n}.pdf", b"%PDF", march) for n in range(5)}
        files |= {drive.state.file(f"below-{n}.pdf", b"%PDF", week) for n in range(3)}
        stays = drive.state.file("stays.pdf", b"%PDF", inbox)
        _, cursor = follow(watch(inbox))
        if way == "trashed":
            drive.state.trash(march)
        else:
            drive.state.move(march, drive.state.root)
        gone = []
        # One page a run, and a token that Drive refuses on the way.
        drive.fail("files.list", status=400, reason="invalid", skip=1)
        while batch := next(iter(watch(inbox).batches(cursor)), None):
            gone += [each for each in gone_of([batch]) if each[0] != march]
            cursor = batch.cursor
        assert set(gone) == {(file, way) for file in files}
        assert len(gone) <= len(files) + 2
        drive.state.rename(stays, "stayed.pdf")
        assert gone_of(watch(inbox).batches(cursor)) == []

    def test_a_folder_that_left_and_is_back_before_it_was_told_of(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        drive.state.file("a.pdf", b"%PDF", march)
        _, cursor = follow(watch(inbox))
        drive.state.move(march, drive.state.root)
        cursor = next(iter(watch(inbox).batches(cursor))).cursor
        drive.state.move(march, inbox)
        found, cursor = follow(watch(inbox), cursor)
        drive.state.file("b.pdf", b"%PDF", march)
        assert (found, follow(watch(inbox), cursor)[0]) == (["a.pdf"], ["b.pdf"])

    def test_a_folder_that_left_and_is_hidden_stops_nothing(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        _, cursor = follow(watch(inbox))
        drive.state.move(march, drive.state.root)
        drive.fail("files.list", status=403, reason="insufficientFilePermissions")
        _, cursor = follow(watch(inbox), cursor)
        drive.state.file("a.pdf", b"%PDF", inbox)
        assert follow(watch(inbox), cursor)[0] == ["a.pdf"]

    def test_a_folder_that_is_renamed_is_not_listed_again(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        drive.state.file("a.pdf", b"%PDF", march)
        _, cursor = follow(watch(inbox))
        drive.state.rename(march, "March 2025")
        assert follow(watch(inbox), cursor)[0] == []

    def test_each_file_tells_its_folders_from_the_watched_one_on(self, drive, watch, inbox):
        drive.state.file("0.pdf", b"%PDF", inbox)
        acme = drive.state.folder("شركة أكمي", inbox)
        march = drive.state.folder("March", acme)
        drive.state.file("1.pdf", b"%PDF", march)
        elsewhere = drive.state.file("2.pdf", b"%PDF", drive.state.folder("Elsewhere"))
        run = list(watch(inbox).batches(None))
        assert folders(run) == {"0.pdf": "Inbox", "1.pdf": "Inbox/شركة أكمي/March"}
        # The next look is of another process, which has never listed these folders.
        drive.state.file("3.pdf", b"%PDF", march)
        drive.state.shortcut("two", elsewhere, acme)
        run = list(watch(inbox).batches(run[-1].cursor))
        assert folders(run) == {"3.pdf": "Inbox/شركة أكمي/March", "2.pdf": "Inbox/شركة أكمي"}
        drive.state.rename(acme, "Acme")
        drive.state.file("4.pdf", b"%PDF", march)
        run = list(watch(inbox).batches(run[-1].cursor))
        assert folders(run) == {"4.pdf": "Inbox/Acme/March"}

    def test_a_folder_whose_name_can_not_be_had_stops_nothing(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        _, cursor = follow(watch(inbox))
        drive.state.file("a.pdf", b"%PDF", march)
        drive.fail("files.get", status=404, reason="notFound", skip=1)
        assert folders(watch(inbox).batches(cursor)) == {"a.pdf": "Inbox"}

    def test_a_folder_deleted_before_it_is_listed_stops_nothing(self, drive, watch, inbox):
        march, april = drive.state.folder("March", inbox), drive.state.folder("April", inbox)
        drive.state.file("March.pdf", b"%PDF", march)
        drive.state.file("April.pdf", b"%PDF", april)
        run = iter(watch(inbox).batches(None))
        assert next(run).files == []
        drive.state.delete(march)
        assert names(run) == ["April.pdf"]

    def test_several_folders_and_those_added_later(self, drive, watch, inbox):
        other = drive.state.folder("Other")
        drive.state.file("a.pdf", b"%PDF", inbox)
        drive.state.file("b.pdf", b"%PDF", other)
        found, cursor = follow(watch(inbox))
        assert found == ["a.pdf"]
        found, cursor = follow(watch(inbox, other), cursor)
        assert found == ["b.pdf"]
        drive.state.file("c.pdf", b"%PDF", other)
        assert follow(watch(inbox), cursor)[0] == []

    def test_a_folder_below_a_watched_one_outlives_its_own_entry(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        _, cursor = follow(watch(inbox, march))
        _, cursor = follow(watch(inbox, march), cursor)
        _, cursor = follow(watch(inbox), cursor)
        drive.state.file("a.pdf", b"%PDF", march)
        assert follow(watch(inbox), cursor)[0] == ["a.pdf"]

    def test_a_watched_folder_is_followed_wherever_it_goes(self, drive, watch, inbox):
        march = drive.state.folder("March", inbox)
        _, cursor = follow(watch(inbox, march))
        drive.state.rename(inbox, "Inbox 2")
        drive.state.move(march, drive.state.root)
        _, cursor = follow(watch(inbox, march), cursor)
        drive.state.file("a.pdf", b"%PDF", inbox)
        drive.state.file("b.pdf", b"%PDF", march)
        assert follow(watch(inbox, march), cursor)[0] == ["a.pdf", "b.pdf"]

    def test_a_folder_deleted_while_its_pages_are_turned(self, drive, watch, inbox):
        march, april = drive.state.folder("March", inbox), drive.state.folder("April", inbox)
        for number in range(3):
            drive.state.file(f"march-{number}.pdf", b"%PDF", march)
            drive.state.file(f"april-{number}.pdf", b"%PDF", april)
        run = iter(watch(inbox).batches(None))
        assert names([next(run), next(run)]) == ["march-0.pdf", "march-1.pdf"]
        drive.state.delete(march)
        assert names(run) == ["april-0.pdf", "april-1.pdf", "april-2.pdf"]
        # No page of one folder was asked for with the token of the other.
        assert {call.status for call in drive.calls_of("files.list")} == {200, 404}


class TestSharedDrives:
    def test_a_shared_drive_is_followed_by_its_own_log(self, drive, watch, inbox):
        office = drive.state.add_drive("Office")
        folder = drive.state.folder("Invoices", office)
        drive.state.file("mine.pdf", b"%PDF", inbox)
        drive.state.file("ours.pdf", b"%PDF", folder)
        found, cursor = follow(watch(inbox, folder))
        assert found == ["mine.pdf", "ours.pdf"]
        drive.state.file("mine-2.pdf", b"%PDF", inbox)
        drive.state.file("ours-2.pdf", b"%PDF", folder)
        drive.state.add_drive("Another")
        assert follow(watch(inbox, folder), cursor)[0] == ["mine-2.pdf", "ours-2.pdf"]
        assert {call.params.get("driveId") for call in drive.calls_of("changes.list")} == {
            None,
            office,
        }

    def test_a_whole_shared_drive_can_be_watched(self, drive, watch):
        office = drive.state.add_drive("Office")
        drive.state.file("a.pdf", b"%PDF", drive.state.folder("March", office))
        assert follow(watch(office))[0] == ["a.pdf"]

    def test_a_folder_shared_with_who_is_no_member_is_followed_by_the_accounts_log(
        self, drive, watch
    ):
        office = drive.state.add_drive("Office", member=False)
        folder = drive.state.folder("Invoices", office)
        drive.state.file("a.pdf", b"%PDF", folder)
        found, cursor = follow(watch(folder))
        assert found == ["a.pdf"]
        drive.state.file("b.pdf", b"%PDF", folder)
        assert follow(watch(folder), cursor)[0] == ["b.pdf"]

    def test_every_call_sees_all_drives(self, drive, watch, inbox):
        office = drive.state.add_drive("Office")
        target = drive.state.file("target.pdf", b"%PDF", drive.state.add_drive("Archive"))
        drive.state.shortcut("shortcut", target, office)
        drive.state.file("a.pdf", b"%PDF", inbox)
        march = drive.state.folder("March", inbox)
        source = watch(inbox, office)
        _, cursor = follow(source)
        for file in files_of(source.batches(None)):
            source.open(file).close()
        drive.state.move(march, drive.state.root)
        follow(source, cursor)
        followed = {call.method: call for call in drive.calls}
        assert followed.keys() == {
            "files.get",
            "files.get:media",
            "files.list",
            "changes.getStartPageToken",
            "changes.list",
            "drives.get",
        }
        for call in drive.calls:
            if call.method != "drives.get":
                assert call.params["supportsAllDrives"] == "true", call
            if call.method in ("files.list", "changes.list"):
                assert call.params["includeItemsFromAllDrives"] == "true", call
        listings = drive.calls_of("files.list")
        for call in listings:
            of_drive = "driveId" in call.params
            assert (call.params["corpora"] == "drive") == of_drive, call
        # A folder that went is listed wherever it is by now.
        assert [march in call.params["q"] for call in listings if _everywhere(call)] == [True]

    def test_what_the_accounts_log_tells_of_a_shared_drive_is_not_taken_for_a_move(
        self, drive, watch, inbox
    ):
        office = drive.state.add_drive("Office")
        file = drive.state.file("ours.pdf", b"%PDF", office)
        _, cursor = follow(watch(inbox, office))
        drive.state.use(file)
        assert gone_of(watch(inbox, office).batches(cursor)) == []

    @pytest.mark.parametrize("office_first", [True, False])
    def test_a_file_that_goes_from_one_log_into_another_is_not_gone(
        self, drive, watch, inbox, office_first
    ):
        office, other = drive.state.add_drive("Office"), drive.state.add_drive("Other")
        folders = (office, inbox) if office_first else (inbox, office)
        file = drive.state.file("a.pdf", b"%PDF", inbox)
        _, cursor = follow(watch(*folders))
        drive.state.move(file, office)
        run = list(watch(*folders).batches(cursor))
        assert (gone_of(run), names(run)) == ([], ["a.pdf"])
        drive.state.move(file, other)
        run = list(watch(*folders).batches(run[-1].cursor))
        assert gone_of(run) == [(file, "moved_out")]


def _everywhere(call) -> bool:
    return call.params["corpora"] == "allDrives"


class TestShortcuts:
    def test_a_shortcut_is_taken_for_its_file(self, drive, watch, inbox):
        target = drive.state.file("a.pdf", b"%PDF", drive.state.folder("Archive"))
        drive.state.shortcut("to a", target, inbox)
        (file,) = files_of(watch(inbox).batches(None))
        assert (file.ref.file_id, file.ref.name, file.size) == (target, "a.pdf", 4)

    def test_a_file_and_its_shortcut_are_one(self, drive, watch, inbox):
        target = drive.state.file("a.pdf", b"%PDF", inbox)
        drive.state.shortcut("to a", target, inbox)
        assert follow(watch(inbox))[0] == ["a.pdf"]

    def test_a_shortcut_to_something_else_is_passed_over(self, drive, watch, inbox):
        drive.state.shortcut("to a folder", drive.state.folder("Archive"), inbox)
        drive.state.shortcut("to text", drive.state.file("a.txt", b"text"), inbox)
        assert follow(watch(inbox))[0] == []
