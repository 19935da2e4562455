"""Whatever page a run ends after, the next goes on from there and nothing is lost."""

import random
from itertools import pairwise

import pytest
from emulators.drive import USER_LOG
from following import files_of, follow

from core.adapters.google.drive_cursor import Feed, dump, load
from core.errors import SetupError


@pytest.fixture
def inbox(drive) -> str:
    return drive.state.folder("Inbox")


def fill(drive, inbox: str) -> set[str]:
    for number in range(7):
        drive.state.file(f"{number}.pdf", b"%PDF", inbox)
        below = drive.state.folder(f"Folder {number}", inbox)
        drive.state.file(f"below-{number}.pdf", b"%PDF", below)
    return {f"{n}.pdf" for n in range(7)} | {f"below-{n}.pdf" for n in range(7)}


def test_a_run_that_ends_after_any_page_loses_nothing(drive, watch, inbox):
    expected = fill(drive, inbox)
    taken: list[str] = []
    cursor = None
    # One page a run. Each starts from what the one before handed out.
    for _ in range(100):
        batch = next(iter(watch(inbox).batches(cursor)), None)
        if batch is None:
            break
        taken += [file.ref.name for file in batch.files]
        cursor = batch.cursor
    assert sorted(taken) == sorted(expected)


def test_a_crash_before_the_cursor_is_saved_repeats_one_page(drive, watch, inbox):
    expected = fill(drive, inbox)
    crash = random.Random(3)
    taken: list[str] = []
    cursor = None
    for _ in range(500):
        batch = next(iter(watch(inbox).batches(cursor)), None)
        if batch is None:
            break
        taken += [file.ref.name for file in batch.files]
        if crash.random() < 0.5:
            cursor = batch.cursor
    assert set(taken) == expected
    assert len(taken) > len(expected)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_refused_token_lists_all_folders_anew(drive, watch, inbox, status):
    expected = fill(drive, inbox)
    _, cursor = follow(watch(inbox))
    drive.state.file("new.pdf", b"%PDF", inbox)
    drive.fail("changes.list", status=status, reason="invalid")
    found, cursor = follow(watch(inbox), cursor)
    assert set(found) == expected | {"new.pdf"}
    drive.state.file("newer.pdf", b"%PDF", inbox)
    assert follow(watch(inbox), cursor)[0] == ["newer.pdf"]


def test_an_expired_token_of_one_log_leaves_the_others(drive, watch, inbox):
    office = drive.state.add_drive("Office")
    drive.state.file("mine.pdf", b"%PDF", inbox)
    drive.state.file("ours.pdf", b"%PDF", office)
    _, cursor = follow(watch(inbox, office))
    drive.state.expire_tokens(USER_LOG)
    assert follow(watch(inbox, office), cursor)[0] == ["mine.pdf"]


def test_a_refused_token_of_a_listing_lists_that_folder_anew(drive, watch, inbox):
    expected = fill(drive, inbox)
    first = next(iter(watch(inbox).batches(None)))
    drive.fail("files.list", status=400, reason="invalid")
    found, _ = follow(watch(inbox), first.cursor)
    assert set(found) == expected


def test_tokens_that_are_always_refused_end_the_run(drive, watch, inbox):
    drive.fail("changes.list", status=410, reason="invalid", times=None)
    with pytest.raises(SetupError):
        follow(watch(inbox))


def test_a_cursor_of_something_else_lists_all_folders(drive, watch, inbox):
    drive.state.file("a.pdf", b"%PDF", inbox)
    assert follow(watch(inbox), "seen")[0] == ["a.pdf"]


def test_a_cursor_has_room_for_thousands_of_folders_and_says_when_it_is_full():
    feed = Feed(token="1")
    for number in range(11_000):
        feed.add(f"{number:033}", f"{number // 10:033}")
        feed.todo.clear()
    assert load(dump({"": feed})) == {"": feed}
    for number in range(11_000, 13_000):
        feed.add(f"{number:033}", f"{number // 10:033}")
    with pytest.raises(SetupError, match="13,000 folders"):
        dump({"": feed})


def test_a_folder_goes_with_all_below_it_however_many_they_are():
    feed = Feed(token="1", page="2")
    feed.watch(["top", "deep"])
    feed.add("0", "top")
    for number in range(1, 10_000):
        feed.add(f"{number}", f"{number - 1}")
    feed.add("deep", "9999")
    feed.add("kept", "deep")
    feed.add("other", "top")
    feed.drop("0")
    assert feed.folders == {"top": "", "deep": "", "kept": "deep", "other": "top"}
    assert (feed.todo, feed.page) == (["top", "deep", "kept", "other"], "2")
    feed.watch(["deep"])
    assert feed.folders == {"deep": "", "kept": "deep"}
    assert (feed.todo, feed.page) == (["deep", "kept"], None)


def test_watched_folders_that_are_within_each_other_may_all_be_watched_no_longer():
    nested = [str(number) for number in range(50)]
    feed = Feed(token="1")
    feed.watch(nested)
    for outer, inner in pairwise(nested):
        feed.add(inner, outer)
    feed.watch(["other"])
    assert (feed.folders, feed.todo) == ({"other": ""}, ["other"])


class Commotion:
    """People at work in a Drive, by a seed: every step does one of the things that people do."""

    def __init__(self, drive, watched: list[str], seed: int) -> None:
        self.state = drive.state
        self.watched = watched
        self.draw = random.Random(seed)
        self.places = [*watched, drive.state.root]
        for number in range(6):
            self.places.append(drive.state.folder(f"Folder {number}", self.place()))
        for number in range(10):
            drive.state.file(f"{number}.pdf", b"%PDF", self.place())

    def place(self) -> str:
        return self.draw.choice([p for p in self.places if p in self.state.items])

    def item(self, *, folder: bool) -> str | None:
        fixed = {*self.watched, self.state.root}
        found = [
            item.id
            for item in self.state.items.values()
            if (item.data is None) == folder and item.id not in fixed
        ]
        return self.draw.choice(found) if found else None

    def step(self) -> None:
        what = self.draw.choice(["add", "add", "folder", "write", "move", "trash", "delete"])
        if what == "add":
            self.state.file("new.pdf", b"%PDF", self.place())
        elif what == "folder":
            self.places.append(self.state.folder("New", self.place()))
        elif item := self.item(folder=what != "write" and self.draw.random() < 0.5):
            if what == "write":
                self.state.write(item, b"%PDF")
            elif what == "move" and item not in self._above(place := self.place()):
                self.state.move(item, place)
            elif what == "trash":
                self.state.trash(item, not self.state.items[item].trashed)
            elif what == "delete":
                self.state.delete(item)

    def waiting(self) -> set[tuple[str, str]]:
        """The files, with their revisions, that are in the watched folders now."""
        return {
            (item.id, f"{item.id}-{item.revision}")
            for item in self.state.items.values()
            if item.data is not None
            and not self.state.is_trashed(item)
            and set(self.watched) & set(self._above(item.id))
        }

    def _above(self, item: str | None) -> list[str]:
        above = []
        while item is not None:
            above.append(item)
            item = self.state.items[item].parent
        return above


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_missed_while_people_work_and_runs_end_anywhere(drive, watch, inbox, seed):
    people = Commotion(drive, [inbox, drive.state.add_drive("Office")], seed)
    taken: set[tuple[str, str]] = set()
    cursor = None
    for _ in range(12):
        pages = people.draw.randrange(1, 8)
        for batch in watch(*people.watched).batches(cursor):
            taken |= {(f.ref.file_id, f.revision) for f in batch.files}
            people.step()
            pages -= 1
            if people.draw.random() < 0.8:
                cursor = batch.cursor
            if not pages:
                break
        for _ in range(5):
            people.step()
    taken |= {(f.ref.file_id, f.revision) for f in files_of(watch(*people.watched).batches(cursor))}
    assert people.waiting()
    assert people.waiting() <= taken
