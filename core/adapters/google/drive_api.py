"""The few calls of Drive v3 that Khana makes: typed, tried again, and with Khana's errors.

Every call can see shared drives (`supportsAllDrives`, `includeItemsFromAllDrives`): without that
Drive answers 404 for what is in one.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

import httplib2  # type: ignore[import-untyped]
from google.auth.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp  # type: ignore[import-untyped]
from googleapiclient.discovery import build_from_document  # type: ignore[import-untyped]
from googleapiclient.discovery_cache import get_static_doc  # type: ignore[import-untyped]
from googleapiclient.http import MediaIoBaseDownload  # type: ignore[import-untyped]

from core.adapters.google.drive_errors import drive_errors
from core.adapters.google.retry import Backoff
from core.errors import ConflictError, NotFoundError

T = TypeVar("T")

ROOT_URL = "https://www.googleapis.com/"
TIMEOUT_S = 60.0
CHUNK_BYTES = 4 * 1024 * 1024
"""Bytes of a file that are asked for at once: what a broken connection costs, and the memory."""

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"

_FILE = (
    "id,name,mimeType,parents,driveId,trashed,size,md5Checksum,headRevisionId,webViewLink,"
    "shortcutDetails(targetId,targetMimeType)"
)


@dataclass(frozen=True)
class DriveFile:
    """What Drive tells of a file, a folder or a shortcut.

    `size` (bytes), `md5` and `revision` are None where Drive holds no bytes; `parent` where it is
    at the top or its folder isn't visible; `target` and `target_mime_type` but for a shortcut.
    """

    id: str
    name: str
    mime_type: str
    parent: str | None
    drive_id: str | None
    trashed: bool
    size: int | None
    md5: str | None
    revision: str | None
    link: str | None
    target: str | None
    target_mime_type: str | None


@dataclass(frozen=True)
class Children:
    """One page of a folder; `next` is the token of the one after it, None at the end."""

    files: Sequence[DriveFile]
    next: str | None


@dataclass(frozen=True)
class Change:
    """`file` as it is now, None if it was deleted or is no longer visible."""

    file_id: str
    file: DriveFile | None


@dataclass(frozen=True)
class Changes:
    """One page of changes; `next` is the token to go on from, later if this is the `last` page."""

    changes: Sequence[Change]
    next: str
    last: bool


class DriveApi:
    """A connection to Drive, for one thread.

    Every method raises:
        RequestError: Drive refuses this file, folder or token (400, 410, a 403 about the file);
            NotFoundError if it is not there, or not for this account.
        SetupError: Drive refuses this account or project altogether; the message says the remedy.
        TransientError: Drive was out of reach, or asked to slow down, until `backoff` gave up.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        root_url: str = ROOT_URL,
        backoff: Backoff | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        # The client builds every address from the document's root.
        document = json.loads(get_static_doc("drive", "v3")) | {"rootUrl": root_url}
        wire = AuthorizedHttp(credentials, http=httplib2.Http(timeout=TIMEOUT_S))
        self._service = build_from_document(document, http=wire)
        self._backoff = backoff or Backoff()
        self._chunk_bytes = chunk_bytes

    def close(self) -> None:
        self._service.close()

    def is_member(self, drive_id: str) -> bool:
        """Whether the account is a member of a shared drive, and so can follow all of it."""
        request = self._service.drives().get(driveId=drive_id, fields="id")
        try:
            return self._ask(request, f"shared drive {drive_id}", lambda drive: "id" in drive)
        except NotFoundError:
            return False

    def start_token(self, drive_id: str | None) -> str:
        """The token to follow the changes from now on, of the account or of one shared drive."""
        request = self._service.changes().getStartPageToken(
            supportsAllDrives=True, fields="startPageToken", **_given(driveId=drive_id)
        )
        return self._ask(request, _place(drive_id), lambda answer: str(answer["startPageToken"]))

    def changes(self, token: str, drive_id: str | None, *, page_size: int) -> Changes:
        """One page of changes from `token` on."""
        request = self._service.changes().list(
            pageToken=token,
            pageSize=page_size,
            spaces="drive",
            includeRemoved=True,
            # Of what left this log for another one, the file as it is now.
            includeCorpusRemovals=True,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            fields="nextPageToken,newStartPageToken,"
            f"changes(changeType,fileId,removed,file({_FILE}))",
            **_given(driveId=drive_id),
        )
        return self._ask(request, _place(drive_id), _changes)

    def children(
        self, folder_id: str, drive_id: str | None, *, page_token: str | None, page_size: int
    ) -> Children:
        """One page of what is in a folder and not in the trash, oldest first."""
        place = {"corpora": "drive" if drive_id else "user", "driveId": drive_id}
        paging = {"pageToken": page_token, "pageSize": page_size}
        return self._list(folder_id, "and trashed = false", **place, **paging)

    def remains(self, folder_id: str, *, page_token: str | None, page_size: int) -> Children:
        """One page of all that is in a folder, wherever that went, be it the trash."""
        paging = {"pageToken": page_token, "pageSize": page_size}
        return self._list(folder_id, "", corpora="allDrives", **paging)

    def _list(self, folder_id: str, condition: str, **parameters: Any) -> Children:
        quoted = folder_id.replace("\\", "\\\\").replace("'", "\\'")
        request = self._service.files().list(
            q=f"'{quoted}' in parents {condition}".rstrip(),
            # What is changed while the pages are turned moves to the end: nothing is passed over.
            orderBy="modifiedTime",
            spaces="drive",
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            fields=f"nextPageToken,files({_FILE})",
            **_given(**parameters),
        )
        return self._ask(request, f"Drive folder {folder_id}", _children)

    def file(self, file_id: str, *, what: str) -> DriveFile:
        """A file's metadata; `what` is what an error calls it."""
        request = self._service.files().get(fileId=file_id, supportsAllDrives=True, fields=_FILE)
        return self._ask(request, what, _file)

    def download(self, file: DriveFile, into: BinaryIO) -> None:
        """Writes the file's bytes, and makes sure that they are those that `file` tells of.

        Each broken-off part is asked for again from where it began.

        Raises:
            ConflictError: they are not: it was changed meanwhile, or damaged on the way.
        """
        if file.size:
            request = self._service.files().get_media(fileId=file.id, supportsAllDrives=True)
            parts = MediaIoBaseDownload(into, request, chunksize=self._chunk_bytes)
            done = False
            while not done and into.tell() <= file.size:
                _, done = self._run(parts.next_chunk, file.name)
        if into.tell() != file.size:
            raise ConflictError(f"{file.name}: {into.tell():,} bytes came instead of {file.size:,}")
        if _md5(into) != file.md5:
            raise ConflictError(f"{file.name}: its bytes don't match its MD5 checksum")

    def watch_changes(
        self,
        start: str,
        drive_id: str | None,
        *,
        channel_id: str,
        address: str,
        token: str,
        until: datetime,
    ) -> tuple[str, datetime]:
        """Has Drive call `address` after each change from the token `start` on; gives the id of
        what is watched, and the end that Drive has set."""
        request = self._service.changes().watch(
            pageToken=start,
            spaces="drive",
            includeRemoved=True,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            body={
                "id": channel_id,
                "type": "web_hook",
                "address": address,
                "token": token,
                "expiration": str(int(until.timestamp() * 1000)),
            },
            **_given(driveId=drive_id),
        )
        return self._ask(request, _place(drive_id), _channel)

    def stop_channel(self, channel_id: str, resource_id: str) -> None:
        """Has a channel call no more."""
        body = {"id": channel_id, "resourceId": resource_id}
        request = self._service.channels().stop(body=body)
        self._ask(request, f"push channel {channel_id}", lambda _: None)

    def _ask(self, request: Any, what: str, parse: Callable[[Mapping[str, Any]], T]) -> T:
        return self._run(lambda: parse(request.execute()), what)

    def _run(self, call: Callable[[], T], what: str) -> T:
        def once() -> T:
            with drive_errors(what):
                return call()

        return self._backoff.run(once)


def _changes(page: Mapping[str, Any]) -> Changes:
    return Changes(
        changes=[
            Change(change["fileId"], _file(change["file"]) if "file" in change else None)
            for change in page["changes"]
            # The others say that a shared drive was renamed, joined or left.
            if change["changeType"] == "file"
        ],
        next=page.get("nextPageToken") or page["newStartPageToken"],
        last="nextPageToken" not in page,
    )


def _channel(resource: Mapping[str, Any]) -> tuple[str, datetime]:
    until = datetime.fromtimestamp(int(resource["expiration"]) / 1000, UTC)
    return str(resource["resourceId"]), until


def _children(page: Mapping[str, Any]) -> Children:
    return Children([_file(file) for file in page["files"]], page.get("nextPageToken"))


def _file(resource: Mapping[str, Any]) -> DriveFile:
    target = resource.get("shortcutDetails", {})
    return DriveFile(
        id=resource["id"],
        name=resource["name"],
        mime_type=resource["mimeType"],
        parent=next(iter(resource.get("parents", [])), None),
        drive_id=resource.get("driveId"),
        trashed=resource.get("trashed", False),
        size=int(resource["size"]) if "md5Checksum" in resource else None,
        md5=resource.get("md5Checksum"),
        revision=resource.get("headRevisionId") or resource.get("md5Checksum"),
        link=resource.get("webViewLink"),
        target=target.get("targetId"),
        target_mime_type=target.get("targetMimeType"),
    )


def _md5(stream: BinaryIO) -> str:
    # Against damage on the way, which it is good for; Drive gives no stronger one for all files.
    stream.seek(0)
    digest = hashlib.file_digest(
        stream,  # type: ignore[arg-type]  # typeshed's BinaryIO has no readinto, real ones do
        lambda: hashlib.md5(usedforsecurity=False),
    )
    return digest.hexdigest()


def _place(drive_id: str | None) -> str:
    return f"changes of shared drive {drive_id}" if drive_id else "changes in Drive"


def _given(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
