"""What is in the Drive: files, folders, shared drives, and the log of changes of each.

A log is what the reference says of it (https://developers.google.com/drive/api/guides/about-changes):
each item is in it once, at its latest change, with its state of now. There is one for the user and
one for each shared drive; what happens inside a shared drive that the user is a member of is in the
log of that drive, and may be in the user's as well where the user has worked with it (`use`).
"""

import hashlib
import mimetypes
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from .errors import ApiError, drive_not_found, file_not_found

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
DOCUMENT = "application/vnd.google-apps.document"
USER_LOG = ""


@dataclass
class Item:
    """A file, folder, shortcut or Google document; `data` is None for all but the first."""

    id: str
    name: str
    mime_type: str
    parent: str | None
    drive_id: str | None
    created: datetime
    modified: datetime
    data: bytes | None = None
    target: str | None = None
    revision: int = 1
    version: int = 1
    trashed: bool = False
    visible: bool = True
    stated_md5: str | None = None


@dataclass
class SharedDrive:
    id: str
    name: str
    member: bool
    created: datetime


@dataclass(frozen=True)
class Change:
    """`item_id` may be that of a shared drive; `removed` says that it left the log."""

    item_id: str
    removed: bool
    at: datetime


@dataclass
class Log:
    """Changes by number. Page tokens below `first` have expired."""

    first: int
    next: int
    entries: dict[int, Change] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        self.entries = {n: e for n, e in self.entries.items() if e.item_id != change.item_id}
        self.entries[self.next] = change
        self.next += 1


class DriveState:
    """The Drive as its people work with it; the calls of the API end here, too."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._latest = datetime.now(UTC)
        self.items: dict[str, Item] = {}
        self.drives: dict[str, SharedDrive] = {}
        self.logs: dict[str, Log] = {USER_LOG: Log(first=1001, next=1001)}
        self.on_change: Callable[[str], None] = lambda log: None
        self._ids = count()
        self.root = self._new("My Drive", FOLDER, parent=None, drive_id=None).id

    # What people do.

    def add_drive(self, name: str, *, member: bool = True) -> str:
        """A new shared drive, whose id is also that of its topmost folder."""
        with self.lock:
            root = self._new(name, FOLDER, parent=None, drive_id=None, visible=member)
            root.drive_id = root.id
            self.drives[root.id] = SharedDrive(root.id, name, member, root.created)
            first = 5001 + 1000 * len(self.drives)
            self.logs[root.id] = Log(first=first, next=first)
            if member:
                self._log(USER_LOG, root.id)
            return root.id

    def folder(self, name: str, parent: str | None = None, *, visible: bool = True) -> str:
        return self._add(name, FOLDER, parent, visible=visible)

    def file(
        self,
        name: str,
        data: bytes,
        parent: str | None = None,
        *,
        mime_type: str | None = None,
        visible: bool = True,
    ) -> str:
        kind = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self._add(name, kind, parent, data=data, visible=visible)

    def google_file(self, name: str, parent: str | None = None, mime_type: str = DOCUMENT) -> str:
        return self._add(name, mime_type, parent)

    def shortcut(self, name: str, target: str, parent: str | None = None) -> str:
        return self._add(name, SHORTCUT, parent, target=target)

    def write(self, item_id: str, data: bytes) -> None:
        """A new revision."""
        with self.lock:
            item = self.items[item_id]
            item.data = data
            item.revision += 1
            self._changed(item)

    def rename(self, item_id: str, name: str) -> None:
        with self.lock:
            self.items[item_id].name = name
            self._changed(self.items[item_id])

    def move(self, item_id: str, parent: str) -> None:
        """Into another folder, which may be in another drive."""
        with self.lock:
            item = self.items[item_id]
            before = self._log_of(item)
            drive_id = self.items[parent].drive_id
            item.parent = parent
            for moved in [item, *self._below(item)]:
                if moved.drive_id != drive_id:
                    self._log(self._log_of(moved), moved.id, removed=True)
                    moved.drive_id = drive_id
                    self._log(self._log_of(moved), moved.id)
            if self._log_of(item) == before:
                self._changed(item)

    def trash(self, item_id: str, trashed: bool = True) -> None:
        with self.lock:
            self.items[item_id].trashed = trashed
            self._changed(self.items[item_id])

    def delete(self, item_id: str) -> None:
        """For good, with all that is below."""
        with self.lock:
            item = self.items[item_id]
            for gone in [*self._below(item), item]:
                self._log(self._log_of(gone), gone.id, removed=True)
                del self.items[gone.id]

    def share(self, item_id: str, visible: bool = True) -> None:
        """Gives the caller access to an item and all that is below it, or takes it away."""
        with self.lock:
            item = self.items[item_id]
            for touched in [item, *self._below(item)]:
                touched.visible = visible
                self._log(self._log_of(touched), touched.id, removed=not visible)

    def use(self, item_id: str) -> None:
        """The user opens an item of a shared drive: the user's own log tells of it, too."""
        with self.lock:
            self._log(USER_LOG, item_id)

    def expire_tokens(self, log: str = USER_LOG) -> None:
        """Has all page tokens of a log refused that were given so far."""
        with self.lock:
            self.logs[log].next += 1
            self.logs[log].first = self.logs[log].next

    # What the caller of the API sees.

    def get(self, item_id: str, *, all_drives: bool) -> Item:
        item = self.items.get(self.root if item_id == "root" else item_id)
        if item is None or not item.visible or (item.drive_id and not all_drives):
            raise file_not_found(item_id)
        return item

    def drive(self, drive_id: str) -> SharedDrive:
        drive = self.drives.get(drive_id)
        if drive is None or not drive.member:
            raise drive_not_found(drive_id)
        return drive

    def log(self, drive_id: str | None, *, all_drives: bool) -> Log:
        if drive_id is None:
            return self.logs[USER_LOG]
        if not all_drives:
            raise drive_not_found(drive_id)
        return self.logs[self.drive(drive_id).id]

    def is_trashed(self, item: Item) -> bool:
        above: Item | None = item
        while above is not None:
            if above.trashed:
                return True
            above = self.items.get(above.parent or "")
        return False

    def resource(self, item: Item) -> dict[str, Any]:
        """The item as a `File` of the API."""
        resource: dict[str, Any] = {
            "kind": "drive#file",
            "id": item.id,
            "name": item.name,
            "mimeType": item.mime_type,
            "createdTime": timestamp(item.created),
            "modifiedTime": timestamp(item.modified),
            "version": str(item.version),
            "trashed": self.is_trashed(item),
            "explicitlyTrashed": item.trashed,
            "spaces": ["drive"],
            "webViewLink": f"https://drive.google.com/file/d/{item.id}/view",
        }
        if item.drive_id:
            resource["driveId"] = item.drive_id
        if item.parent and self.items[item.parent].visible:
            resource["parents"] = [item.parent]
        if item.target is not None:
            target = self.items.get(item.target)
            resource["shortcutDetails"] = {
                "targetId": item.target,
                "targetMimeType": target.mime_type if target else "application/octet-stream",
            }
        if item.data is not None:
            resource |= {
                "size": str(len(item.data)),
                "md5Checksum": item.stated_md5 or hashlib.md5(item.data).hexdigest(),
                "sha1Checksum": hashlib.sha1(item.data).hexdigest(),
                "sha256Checksum": hashlib.sha256(item.data).hexdigest(),
                "headRevisionId": f"{item.id}-{item.revision}",
                "originalFilename": item.name,
                "fileExtension": item.name.rpartition(".")[2],
            }
        return resource

    def _add(self, name: str, mime_type: str, parent: str | None, **rest: Any) -> str:
        with self.lock:
            above = self.items[parent or self.root]
            if above.mime_type != FOLDER:
                raise ApiError(403, "parentNotAFolder", "The specified parent is not a folder.")
            item = self._new(name, mime_type, parent=above.id, drive_id=above.drive_id, **rest)
            if item.visible:
                self._log(self._log_of(item), item.id)
            return item.id

    def _clock(self) -> datetime:
        """The time, later by a millisecond at least than ever before: no two changes tie."""
        self._latest = max(datetime.now(UTC), self._latest + timedelta(milliseconds=1))
        return self._latest

    def _new(
        self, name: str, mime_type: str, *, parent: str | None, drive_id: str | None, **rest: Any
    ) -> Item:
        at = self._clock()
        # As long as Google's, and the same in every run.
        item_id = "1" + hashlib.sha256(str(next(self._ids)).encode()).hexdigest()[:32]
        item = Item(item_id, name, mime_type, parent, drive_id, at, at, **rest)
        self.items[item_id] = item
        return item

    def _changed(self, item: Item) -> None:
        item.version += 1
        item.modified = self._clock()
        self._log(self._log_of(item), item.id, removed=not item.visible)

    def _log_of(self, item: Item) -> str:
        drive = self.drives.get(item.drive_id or "")
        return drive.id if drive and drive.member else USER_LOG

    def _log(self, log: str, item_id: str, *, removed: bool = False) -> None:
        self.logs[log].add(Change(item_id, removed, self._clock()))
        self.on_change(log)

    def _below(self, item: Item) -> Iterator[Item]:
        for child in list(self.items.values()):
            if child.parent == item.id:
                yield child
                yield from self._below(child)


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
