"""Following Drive's logs of changes: what is new in the watched folders, and what has gone.

What goes (a move out of the folders, the trash, a deletion) is told of and changes nothing that was
taken. Of a folder that is moved out or put into the trash, the files in it are told of as well;
Drive's log need not name them. A shortcut to a file is taken for that file when it comes in or is
changed; a later revision of a file that is elsewhere is not noticed. A shortcut to a folder isn't
followed.
"""

import logging
import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.adapters.google.drive_api import FOLDER, SHORTCUT, Change, DriveApi, DriveFile
from core.adapters.google.drive_cursor import Feed, Feeds, Way
from core.errors import NotFoundError, RequestError, SetupError
from core.invoice import SourceRef
from core.ports import Gone, SourceFile

log = logging.getLogger(__name__)

_GOOGLE_FILE = "application/vnd.google-apps."


@dataclass(frozen=True)
class Page:
    """What one call of Drive came to: the files to take in, and those that are gone."""

    files: Sequence[SourceFile] = ()
    gone: Sequence[Gone] = ()


class Follower:
    """Follows `feeds`, the logs of one account, in pages of `page_size` files or changes.

    `names` are those of folders that are known, by id; others are asked for when a file is in one.
    Every method raises what `DriveApi` does.
    """

    def __init__(
        self, api: DriveApi, feeds: Feeds, names: dict[str, str], *, page_size: int
    ) -> None:
        self._api = api
        self._feeds = feeds
        self._names = names
        self._page_size = page_size

    def pages(self, drive_id: str | None, feed: Feed) -> Iterator[Page]:
        """One page after the other; `feed` is moved on before each is given."""
        refused = False
        done = False
        while not done:
            try:
                page, done = self._next_page(drive_id, feed)
            except RequestError as error:
                # Drive may refuse a token that is as old as the cursor. If it refuses another in
                # the same run, starting over again might never end.
                if refused or not feed.goes_on or error.code == "access_denied":
                    raise
                refused = True
                log.warning("listed anew: %s", error.message)
                self._start_over(drive_id, feed)
            else:
                yield page

    def _start_over(self, drive_id: str | None, feed: Feed) -> None:
        if feed.todo:
            feed.page = None
        elif feed.left:
            feed.left_page = None
        else:
            feed.restart(self._api.start_token(drive_id))

    def _next_page(self, drive_id: str | None, feed: Feed) -> tuple[Page, bool]:
        """One page, and whether it was the last: folders first, then changes."""
        if feed.todo:
            return Page(self._list(drive_id, feed)), False
        if feed.left:
            return Page(gone=self._tell(feed)), False
        changes = self._api.changes(feed.token, drive_id, page_size=self._page_size)
        page = self._take(feed, changes.changes)
        feed.token = changes.next
        return page, changes.last and not feed.todo and not feed.left

    def _list(self, drive_id: str | None, feed: Feed) -> Sequence[SourceFile]:
        """One page of the first folder to be listed."""
        folder = feed.todo[0]
        try:
            page = self._api.children(
                folder, drive_id, page_token=feed.page, page_size=self._page_size
            )
        except NotFoundError:
            if folder in feed.watched:
                raise
            # Deleted, or hidden from this account, since it was seen. The log will tell more.
            feed.drop(folder)
            return []
        feed.page = page.next
        if page.next is None:
            feed.todo.pop(0)
        for file in page.files:
            if file.mime_type == FOLDER:
                feed.add(file.id, folder)
                self._names[file.id] = file.name
        return self._source_files(page.files)

    def _tell(self, feed: Feed) -> Sequence[Gone]:
        """The files in one page of the first folder that went, which went with it."""
        folder, way = next(iter(feed.left.items()))
        try:
            page = self._api.remains(folder, page_token=feed.left_page, page_size=self._page_size)
        except RequestError as error:
            if error.code not in ("not_found", "access_denied"):
                raise
            # Nobody lets this account see what is in it any more.
            feed.told_of(folder)
            return []
        gone = []
        for file in page.files:
            if file.mime_type == FOLDER:
                feed.left[file.id] = way
            else:
                gone.append(Gone(_ref(file.id, file.name, file.link), way))
        feed.left_page = page.next
        if page.next is None:
            feed.told_of(folder)
        return gone

    def _take(self, feed: Feed, changes: Sequence[Change]) -> Page:
        """The files of one page of changes: those to take in, and those that are gone."""
        files, gone = [], []
        for change in changes:
            file = change.file
            if file is None:
                gone.append(Gone(_ref(change.file_id), "removed"))
                feed.drop(change.file_id)
            elif file.trashed or not self._is_watched(file.parent):
                way: Way = "trashed" if file.trashed else "moved_out"
                gone.append(Gone(_ref(file.id, file.name, file.link), way))
                feed.leave(file.id, way)
            elif file.parent not in feed.folders:
                feed.drop(file.id)  # another log tells of it
            elif file.mime_type == FOLDER:
                feed.add(file.id, file.parent)
                self._names[file.id] = file.name
            else:
                files.append(file)
        return Page(self._source_files(files), gone)

    def _is_watched(self, folder: str | None) -> bool:
        """Whether any log is followed for this folder: the account's log may tell of what is in a
        shared drive, and a file that leaves one log may have come into another."""
        return any(folder in feed.folders for feed in self._feeds.values())

    def _source_files(self, files: Iterable[DriveFile]) -> Sequence[SourceFile]:
        """Those of `files` that may be invoices, each revision once."""
        found = {}
        for file in files:
            source_file = self._source_file(file)
            if source_file:
                found[source_file.ref.file_id, source_file.revision] = source_file
        return list(found.values())

    def _source_file(self, file: DriveFile) -> SourceFile | None:
        if file.mime_type == SHORTCUT:
            return self._followed(file)
        if not _may_be_invoice(file.mime_type, file.name):
            return None
        return SourceFile(
            ref=_ref(file.id, file.name, file.link),
            # A Google document has none, so that it is refused once and not after each edit.
            revision=file.revision or "",
            size=file.size or 0,
            folder=self._path(file.parent),
        )

    def _followed(self, shortcut: DriveFile) -> SourceFile | None:
        """What a shortcut leads to. What can't be seen is refused when it is opened."""
        kind = shortcut.target_mime_type or ""
        if shortcut.target is None or not _may_be_invoice(kind, shortcut.name):
            return None
        try:
            target = self._api.file(shortcut.target, what=shortcut.name)
        except (RequestError, SetupError) as error:
            if isinstance(error, SetupError) and error.code != "access_denied":
                raise
            ref = _ref(shortcut.target, shortcut.name, shortcut.link)
            return SourceFile(ref=ref, revision="", size=0)
        # It counts as being where the shortcut is.
        return self._source_file(replace(target, parent=shortcut.parent))

    def _path(self, folder: str | None) -> str:
        """The names of a folder and those that it is in, up to the watched one."""
        names: list[str] = []
        seen: set[str] = set()
        while folder and folder not in seen:
            seen.add(folder)
            names.insert(0, self._name(folder))
            feed = next((each for each in self._feeds.values() if folder in each.folders), None)
            folder = feed.folders[folder] if feed else None
        return "/".join(filter(None, names))

    def _name(self, folder: str) -> str:
        if folder not in self._names:
            try:
                self._names[folder] = self._api.file(folder, what=f"Drive folder {folder}").name
            except RequestError:  # gone or hidden by now
                self._names[folder] = ""
        return self._names[folder]


def _ref(file_id: str, name: str = "", link: str | None = None) -> SourceRef:
    return SourceRef(kind="drive", file_id=file_id, name=name, link=link)


def _may_be_invoice(mime_type: str, name: str) -> bool:
    """Whether it is an image or a PDF, or a Google document, which is refused with a reason."""
    if mime_type.startswith(_GOOGLE_FILE):
        return mime_type not in (FOLDER, SHORTCUT)
    if mime_type == "application/octet-stream":
        # What a program uploads without saying what it is.
        mime_type = mimetypes.guess_type(name)[0] or mime_type
    return mime_type.startswith("image/") or mime_type == "application/pdf"
