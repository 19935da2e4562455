"""Google Drive as a source: the images and PDFs in some folders and all folders below them.

It follows Drive's log of changes; there is one of the account, and one of each shared drive. What
has to be known for that (the token to go on from, the folders that are followed, the folders yet to
be listed) is in the cursor, so a run may end after any page and the next goes on from there.

Only what comes in counts. A rename, a move out of the folders, the trash and a deletion change
nothing that was taken. A shortcut to a file is taken for that file when it comes in or is changed;
a later revision of a file that is elsewhere is not noticed. A shortcut to a folder isn't followed.
"""

import logging
import mimetypes
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO, cast

from core.adapters.google.drive_api import FOLDER, SHORTCUT, Change, DriveApi, DriveFile
from core.adapters.google.drive_cursor import Feed, Feeds, dump, load
from core.errors import (
    ConflictError,
    FileError,
    NotFoundError,
    RequestError,
    SetupError,
    TransientError,
)
from core.invoice import SourceRef
from core.ports import Batch, SourceFile

log = logging.getLogger(__name__)

PAGE_SIZE = 100
"""Files or changes asked for at once: after so many it is noted that they are safe."""

_DOWNLOADS = 3
"""Times that a file is read whose bytes don't match what Drive says of them."""

_SPOOL_BYTES = 8 * 1024 * 1024
_ACCOUNT = ""
_GOOGLE_FILE = "application/vnd.google-apps."


class DriveSource:
    """The folders of Drive whose ids are given, in My Drive, shared with the account, or in shared
    drives. `max_bytes` is the size of the largest file to be read.

    `connect` is called when Drive is first needed, and again after a sign-in was refused: by then
    somebody may have signed in anew. `name` keeps the cursors of several accounts apart.
    """

    shared = True

    def __init__(
        self,
        connect: Callable[[], DriveApi],
        folders: Sequence[str],
        *,
        max_bytes: int,
        name: str = "drive",
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.name = name
        self._connect = connect
        self._connection: DriveApi | None = None
        self._folders = folders
        self._max_bytes = max_bytes
        self._page_size = page_size

    def batches(self, cursor: str | None) -> Iterable[Batch]:
        """The new files and new revisions since `cursor`; first, all that is there.

        A token that Drive no longer takes has its folders listed anew, which gives files again
        that were taken before: taking one in twice changes nothing.

        Raises:
            SetupError: a folder can't be seen, or the account is refused; the message says what to
                do.
            TransientError: Drive was out of reach for too long.
        """
        try:
            yield from self._batches(cursor)
        except RequestError as error:
            raise SetupError(error.message, code=error.code) from error
        except SetupError:
            self._disconnect()
            raise

    @property
    def _api(self) -> DriveApi:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _batches(self, cursor: str | None) -> Iterator[Batch]:
        feeds = self._feeds(cursor)
        for drive_id, feed in feeds.items():
            for files in self._follow(drive_id or None, feed):
                now = dump(feeds)
                if files or now != cursor:
                    yield Batch(files, now)
                cursor = now

    def open(self, file: SourceFile) -> BinaryIO:
        """The bytes of the file's newest revision, checked against Drive's size and MD5.

        Raises:
            FileError: unsupported_format (a Google document has no bytes), file_too_large,
                not_found, access_denied.
            SetupError: the account is refused.
            TransientError: Drive was out of reach for too long, or gave other bytes than it said.
        """
        for _ in range(_DOWNLOADS):
            with ExitStack() as undo:
                spool = undo.enter_context(tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))
                # typeshed's SpooledTemporaryFile is no BinaryIO, but has all of it.
                stream = cast(BinaryIO, spool)
                try:
                    current = self._api.file(file.ref.file_id, what=file.ref.name)
                    self._check(current)
                    self._api.download(current, stream)
                except ConflictError as error:
                    log.warning("reading it again: %s", error.message)
                    conflict = error
                    continue
                except RequestError as error:
                    raise FileError(error.message, code=error.code) from error
                except SetupError:
                    self._disconnect()
                    raise
                undo.pop_all()
                stream.seek(0)
                return stream
        raise TransientError(conflict.message) from conflict

    def _check(self, file: DriveFile) -> None:
        if file.size is None:
            raise FileError(
                f"{file.name}: is a Google document, which has no bytes to read: put an export of "
                "it as PDF into the folder",
                code="unsupported_format",
            )
        if file.size > self._max_bytes:
            raise FileError(
                f"{file.name}: larger than the limit of {self._max_bytes:,} bytes",
                code="file_too_large",
            )

    def _feeds(self, cursor: str | None) -> Feeds:
        """The logs to follow, from where the cursor left them, with the folders of now."""
        try:
            known = load(cursor)
        except ValueError as error:
            log.warning("%s: all folders are listed anew: %s", self.name, error)
            known = {}
        feeds = {}
        for drive_id, folders in self._watched().items():
            # The token first: what changes while the folders are listed must not be missed.
            feed = known.get(drive_id) or Feed(token=self._api.start_token(drive_id or None))
            feed.watch(folders)
            feeds[drive_id] = feed
        return feeds

    def _watched(self) -> dict[str, list[str]]:
        """The ids of the watched folders by the log that tells of them."""
        watched: dict[str, list[str]] = {}
        for folder_id in self._folders:
            folder = self._api.file(folder_id, what=f"Drive folder {folder_id}")
            if folder.mime_type != FOLDER:
                raise SetupError(f"{folder.name} ({folder_id}): is no folder of Drive")
            if folder.trashed:
                raise SetupError(
                    f"{folder.name} ({folder_id}): is in Drive's trash: restore it, or watch "
                    "another folder"
                )
            # A folder of a shared drive may be shared with somebody who isn't a member of the
            # drive. Then the account's log tells of it, and the drive's log is closed to them.
            drive_id = folder.drive_id
            feed = drive_id if drive_id and self._api.is_member(drive_id) else _ACCOUNT
            watched.setdefault(feed, []).append(folder.id)
        return watched

    def _follow(self, drive_id: str | None, feed: Feed) -> Iterator[Sequence[SourceFile]]:
        """The files of one page after the other; `feed` is moved on before each is given."""
        refused = False
        done = False
        while not done:
            try:
                files, done = self._next_page(drive_id, feed)
            except RequestError as error:
                # Drive may refuse a token that is as old as the cursor. If it refuses another in
                # the same run, starting over again might never end.
                by_token = feed.page is not None or not feed.todo
                if refused or not by_token or error.code == "access_denied":
                    raise
                refused = True
                log.warning("%s: listed anew: %s", self.name, error.message)
                self._start_over(drive_id, feed)
            else:
                yield files

    def _start_over(self, drive_id: str | None, feed: Feed) -> None:
        if feed.todo:
            feed.page = None
        else:
            feed.restart(self._api.start_token(drive_id))

    def _next_page(self, drive_id: str | None, feed: Feed) -> tuple[Sequence[SourceFile], bool]:
        """The files of one page, and whether it was the last: folders first, then changes."""
        if feed.todo:
            return self._list(drive_id, feed), False
        page = self._api.changes(feed.token, drive_id, page_size=self._page_size)
        files = self._take(feed, page.changes)
        feed.token = page.next
        return files, page.last and not feed.todo

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
        return self._source_files(page.files)

    def _take(self, feed: Feed, changes: Sequence[Change]) -> Sequence[SourceFile]:
        """The files to take in of one page of changes."""
        files = []
        for change in changes:
            file = change.file
            if file is None or file.trashed or file.parent not in feed.folders:
                feed.drop(change.file_id)
            elif file.mime_type == FOLDER:
                feed.add(file.id, file.parent)
            else:
                files.append(file)
        return self._source_files(files)

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
            ref=SourceRef(kind="drive", file_id=file.id, name=file.name, link=file.link),
            # A Google document has none, so that it is refused once and not after each edit.
            revision=file.revision or "",
            size=file.size or 0,
        )

    def _followed(self, shortcut: DriveFile) -> SourceFile | None:
        """What a shortcut leads to. What can't be seen is refused when it is opened."""
        kind = shortcut.target_mime_type or ""
        if shortcut.target is None or not _may_be_invoice(kind, shortcut.name):
            return None
        try:
            target = self._api.file(shortcut.target, what=shortcut.name)
        except RequestError:
            ref = SourceRef(
                kind="drive", file_id=shortcut.target, name=shortcut.name, link=shortcut.link
            )
            return SourceFile(ref=ref, revision="", size=0)
        return self._source_file(target)


def _may_be_invoice(mime_type: str, name: str) -> bool:
    """Whether it is an image or a PDF, or a Google document, which is refused with a reason."""
    if mime_type.startswith(_GOOGLE_FILE):
        return mime_type not in (FOLDER, SHORTCUT)
    if mime_type == "application/octet-stream":
        # What a program uploads without saying what it is.
        mime_type = mimetypes.guess_type(name)[0] or mime_type
    return mime_type.startswith("image/") or mime_type == "application/pdf"
