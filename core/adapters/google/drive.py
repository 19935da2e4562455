"""Google Drive as a source: the images and PDFs in some folders and all folders below them.

It follows Drive's log of changes; there is one of the account, and one of each shared drive. What
has to be known for that (the token to go on from, the folders that are followed, the folders yet to
be listed) is in the cursor, so a run may end after any page and the next goes on from there.

How the logs become files to take in is `drive_follow`; here is where they are, and their bytes.
"""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO, cast

from core.adapters.google import drive_push
from core.adapters.google.drive_api import FOLDER, DriveApi, DriveFile
from core.adapters.google.drive_cursor import Feed, Feeds, dump, load
from core.adapters.google.drive_follow import Follower
from core.errors import ConflictError, FileError, RequestError, SetupError, TransientError
from core.ports import Batch, SourceFile

log = logging.getLogger(__name__)

PAGE_SIZE = 100
"""Files or changes asked for at once: after so many it is noted that they are safe."""

_DOWNLOADS = 3
"""Times that a file is read whose bytes don't match what Drive says of them."""

_SPOOL_BYTES = 8 * 1024 * 1024
_ACCOUNT = ""


class DriveSource:
    """The folders of Drive whose ids are given, in My Drive, shared with the account, or in shared
    drives. `max_bytes` is the size of the largest file to be read.

    `connect` is called when Drive is first needed, and again after a sign-in was refused: by then
    somebody may have signed in anew. `name` keeps the cursors of several accounts apart. `address`
    is what Drive is to call after each change; None for nothing.
    """

    shared = True

    def __init__(
        self,
        connect: Callable[[], DriveApi],
        folders: Sequence[str],
        *,
        max_bytes: int,
        name: str = drive_push.SOURCE,
        page_size: int = PAGE_SIZE,
        address: str | None = None,
    ) -> None:
        self.name = name
        self._connect = connect
        self._connection: DriveApi | None = None
        self._folders = folders
        self._max_bytes = max_bytes
        self._page_size = page_size
        self._address = address
        self._feeds_seen: Feeds = {}
        self._unseen: list[SetupError] = []
        self._names: dict[str, str] = {}

    def batches(self, cursor: str | None) -> Iterable[Batch]:
        """The new files and new revisions since `cursor`; first, all that is there.

        A folder that can't be seen keeps back no other: it is told of in the end, and listed anew
        once it is seen again.

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

    def listen(self, kept: str | None) -> str | None:
        """Has Drive call after each change, from where the last look has come to.

        Raises:
            RequestError, SetupError: it won't; the message says why.
            TransientError: Drive was out of reach for too long.
        """
        if self._address is None:
            return None
        tokens = {name: feed.token for name, feed in self._feeds_seen.items()}
        return drive_push.keep_open(self._api, tokens, self._address, kept)

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
        feeds = self._feeds_seen = self._feeds(cursor)
        follower = Follower(self._api, feeds, self._names, page_size=self._page_size)
        for drive_id, feed in feeds.items():
            for page in follower.pages(drive_id or None, feed):
                now = dump(feeds)
                if page.files or page.gone or now != cursor:
                    yield Batch(page.files, now, page.gone)
                cursor = now
        if self._unseen:
            raise self._unseen[0]

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
        self._names, self._unseen = {}, []
        for folder_id in self._folders:
            try:
                folder = self._folder(folder_id)
            except (RequestError, SetupError) as error:
                if isinstance(error, SetupError) and error.code != "access_denied":
                    raise
                # The account or this folder alone: where it is the account, none is seen.
                self._unseen.append(SetupError(error.message, code=error.code))
                continue
            # A folder of a shared drive may be shared with somebody who isn't a member of the
            # drive. Then the account's log tells of it, and the drive's log is closed to them.
            drive_id = folder.drive_id
            feed = drive_id if drive_id and self._api.is_member(drive_id) else _ACCOUNT
            watched.setdefault(feed, []).append(folder.id)
            self._names[folder.id] = folder.name
        return watched

    def _folder(self, folder_id: str) -> DriveFile:
        """The folder of this id. Raises RequestError if it can't be watched."""
        folder = self._api.file(folder_id, what=f"Drive folder {folder_id}")
        if folder.mime_type != FOLDER:
            raise RequestError(f"{folder.name} ({folder_id}): is no folder of Drive", code="setup")
        if folder.trashed:
            raise RequestError(
                f"{folder.name} ({folder_id}): is in Drive's trash: restore it, or watch another "
                "folder",
                code="setup",
            )
        return folder
