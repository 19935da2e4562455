"""What following Drive has to remember, kept as JSON in the cursor of the source."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import SetupError

LIMIT_BYTES = 900_000
"""Largest cursor: Firestore takes documents up to 1 MiB. It is enough for some 12,000 folders."""

Way = Literal["trashed", "moved_out"]
"""How a folder went that is still there."""

_UNKNOWN = ""


class Feed(BaseModel):
    """How far one log of changes has been followed.

    `watched` are the folders that were asked for. `folders` are these and all below them, each with
    the folder that it is in, if that is among them. Those in `todo` are yet to be listed, the first
    of them from `page` on. `left` are folders that went, by how; what is in them is yet to be told
    of, that in the first from `left_page` on.
    """

    model_config = ConfigDict(extra="forbid")

    token: str
    watched: list[str] = []
    folders: dict[str, str] = {}
    todo: list[str] = []
    page: str | None = None
    left: dict[str, Way] = {}
    left_page: str | None = None

    @property
    def goes_on(self) -> bool:
        """Whether what comes next is asked for by a token, which may be refused."""
        if self.todo:
            return self.page is not None
        return self.left_page is not None if self.left else True

    def watch(self, folders: Sequence[str]) -> None:
        """Watches these folders instead of those before."""
        dropped = set(self.watched) - set(folders)
        self.watched = list(folders)
        for folder in dropped:
            # None by now where it lay in another of them.
            if self.folders.get(folder) == _UNKNOWN:
                self.drop(folder)
        for folder in folders:
            if folder not in self.folders:
                self.add(folder, _UNKNOWN)

    def add(self, folder: str, parent: str) -> None:
        """Follows a folder. A new one is to be listed: the log doesn't tell what it holds."""
        if folder not in self.folders:
            self.todo.append(folder)
        self.folders[folder] = parent
        self.told_of(folder)  # should it be back

    def drop(self, folder: str) -> None:
        """Follows a folder, and those below it, no longer. A watched one only changes its place."""
        if folder not in self.folders:
            return
        below: dict[str, list[str]] = {}
        for child, parent in self.folders.items():
            below.setdefault(parent, []).append(child)
        watched, going = set(self.watched), [folder]
        while going:
            each = going.pop()
            if each in watched:
                self.folders[each] = _UNKNOWN
            elif self.folders.pop(each, None) is not None:
                going += below.get(each, [])
        if self.todo and self.todo[0] not in self.folders:
            self.page = None
        self.todo = [each for each in self.todo if each in self.folders]

    def leave(self, folder: str, way: Way) -> None:
        """Follows a folder no longer, as `drop` does; what is in it is to be told of."""
        if folder in self.folders and folder not in self.watched:
            self.left[folder] = way
        self.drop(folder)

    def told_of(self, folder: str) -> None:
        """Nothing more is to be said of what is in a folder that went."""
        if folder == next(iter(self.left), None):
            self.left_page = None
        self.left.pop(folder, None)

    def restart(self, token: str) -> None:
        """Goes on from `token`, once all folders have been listed anew."""
        self.token = token
        self.folders, self.todo, self.page = {}, [], None
        self.watch(self.watched)


Feeds = dict[str, Feed]
"""By shared drive; "" is the account's own log."""

_JSON = TypeAdapter(Feeds)


def load(cursor: str | None) -> Feeds:
    """The feeds in a cursor; none if there is none.

    Raises:
        ValueError: it is none that `dump` made.
    """
    try:
        return _JSON.validate_json(cursor) if cursor else {}
    except ValidationError as error:
        raise ValueError(f"not a cursor of Drive: {error}") from error


def dump(feeds: Feeds) -> str:
    """The feeds as a cursor.

    Raises:
        SetupError: there are more folders than a cursor can hold.
    """
    cursor = _JSON.dump_json(feeds).decode()
    if len(cursor) > LIMIT_BYTES:
        count = sum(len(feed.folders) for feed in feeds.values())
        raise SetupError(
            f"Drive: {count:,} folders are more than can be followed: watch a folder with fewer "
            "below it",
            code="too_many_folders",
        )
    return cursor
