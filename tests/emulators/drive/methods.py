"""The methods of Drive v3 that the double serves, each as the reference describes it."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .channels import Channels
from .errors import ApiError, file_not_found, invalid
from .query import parse
from .state import (
    FOLDER,
    SHORTCUT,
    USER_LOG,
    Change,
    DriveState,
    Item,
    Log,
    SharedDrive,
    timestamp,
)

Resource = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call, its parameters typed. `media` is an upload's content with its type."""

    drive: DriveState
    channels: Channels
    path: Mapping[str, str]
    params: Mapping[str, Any]
    body: Resource
    media: tuple[bytes, str] | None

    @property
    def item(self) -> Item:
        return self.drive.get(self.path["fileId"], all_drives=self.params["supportsAllDrives"])


def list_files(call: Call) -> Resource:
    params = call.params
    all_drives = _sees_all_drives(params)
    corpora = params.get("corpora", "user")
    drive_id = params.get("driveId")
    if corpora not in ("user", "drive", "allDrives"):
        raise invalid("corpora", f"Invalid Value: corpora {corpora!r} is not served")
    if (corpora == "drive") != (drive_id is not None):
        raise invalid(
            "driveId",
            "The driveId parameter must be specified if and only if corpora is set to drive.",
        )
    if corpora != "user" and not all_drives:
        raise invalid(
            "includeItemsFromAllDrives",
            "The includeItemsFromAllDrives parameter must be set to true for these corpora.",
        )
    if drive_id:
        call.drive.drive(drive_id)
    predicate, folders = parse(params["q"]) if "q" in params else (lambda file: True, set())
    for folder in folders:
        call.drive.get(folder, all_drives=all_drives)
    found = [
        resource
        for item in call.drive.items.values()
        if item.visible
        and item.parent is not None
        and (all_drives or item.drive_id is None)
        and (drive_id is None or item.drive_id == drive_id)
        and predicate(resource := call.drive.resource(item))
    ]
    found = _ordered(found, params.get("orderBy"))
    page, token = _page(found, params, of=(params.get("q"), corpora, drive_id))
    return {"kind": "drive#fileList", "incompleteSearch": False, "files": page} | token


def get_file(call: Call) -> Resource:
    return call.drive.resource(call.item)


def create_file(call: Call) -> Resource:
    parents = call.body.get("parents", ["root"])
    if len(parents) != 1:
        raise invalid("parents", "A file must have exactly one parent.")
    parent = call.drive.get(parents[0], all_drives=call.params["supportsAllDrives"])
    name = call.body.get("name", "Untitled")
    mime_type = call.body.get("mimeType")
    if mime_type == SHORTCUT:
        target = call.body.get("shortcutDetails", {}).get("targetId")
        if target not in call.drive.items:
            raise file_not_found(str(target))
        item_id = call.drive.shortcut(name, target, parent.id)
    elif mime_type == FOLDER:
        item_id = call.drive.folder(name, parent.id)
    else:
        data, media_type = call.media or (b"", "application/octet-stream")
        item_id = call.drive.file(name, data, parent.id, mime_type=mime_type or media_type)
    return call.drive.resource(call.drive.items[item_id])


def update_file(call: Call) -> Resource:
    item, drive = call.item, call.drive
    if "parents" in call.body:
        raise ApiError(
            403,
            "fieldNotWritable",
            "The parents field is not directly writable in update requests. "
            "Use the addParents and removeParents parameters instead.",
        )
    if not call.body.keys() <= {"name", "trashed"}:
        raise ApiError(501, "notImplemented", f"the double can't change {sorted(call.body)}")
    if "addParents" in call.params:
        above = drive.get(call.params["addParents"], all_drives=call.params["supportsAllDrives"])
        if call.params.get("removeParents") != item.parent:
            raise ApiError(
                403, "cannotAddParent", "A file can't have a second parent: remove the first."
            )
        drive.move(item.id, above.id)
    if "name" in call.body:
        drive.rename(item.id, call.body["name"])
    if "trashed" in call.body:
        drive.trash(item.id, call.body["trashed"])
    if call.media:
        drive.write(item.id, call.media[0])
    return drive.resource(item)


def delete_file(call: Call) -> None:
    call.drive.delete(call.item.id)


def start_page_token(call: Call) -> Resource:
    log = _log(call)
    return {"kind": "drive#startPageToken", "startPageToken": str(log.next)}


def list_changes(call: Call) -> Resource:
    all_drives = _sees_all_drives(call.params)
    if "driveId" in call.params and not all_drives:
        raise invalid(
            "includeItemsFromAllDrives",
            "The includeItemsFromAllDrives parameter must be set to true with a driveId.",
        )
    log = _log(call)
    token = call.params["pageToken"]
    if not token.isdigit() or not log.first <= int(token) <= log.next:
        raise invalid("pageToken", "Invalid Value")
    changes = []
    for number, entry in sorted(log.entries.items()):
        if number < int(token):
            continue
        if len(changes) == call.params["pageSize"]:
            return {
                "kind": "drive#changeList",
                "changes": changes,
                "nextPageToken": str(number),
            }
        change = _change(
            call.drive,
            entry,
            all_drives=all_drives,
            corpus_removals=call.params["includeCorpusRemovals"],
        )
        if call.params["includeRemoved"] or not change["removed"]:
            changes.append(change)
    return {"kind": "drive#changeList", "changes": changes, "newStartPageToken": str(log.next)}


def watch_changes(call: Call) -> Resource:
    _log(call)
    return call.channels.open(call.params.get("driveId", USER_LOG), call.body)


def stop_channel(call: Call) -> None:
    call.channels.stop(call.body)


def list_drives(call: Call) -> Resource:
    if "q" in call.params or call.params["useDomainAdminAccess"]:
        raise ApiError(501, "notImplemented", "the double lists the caller's drives alone")
    drives = [_drive_resource(drive) for drive in call.drive.drives.values() if drive.member]
    page, token = _page(_ordered(drives, None), call.params, of="drives")
    return {"kind": "drive#driveList", "drives": page} | token


def get_drive(call: Call) -> Resource:
    return _drive_resource(call.drive.drive(call.path["driveId"]))


SERVED: Mapping[str, Callable[[Call], Resource | None]] = {
    "files.list": list_files,
    "files.get": get_file,
    "files.create": create_file,
    "files.update": update_file,
    "files.delete": delete_file,
    "changes.getStartPageToken": start_page_token,
    "changes.list": list_changes,
    "changes.watch": watch_changes,
    "channels.stop": stop_channel,
    "drives.list": list_drives,
    "drives.get": get_drive,
}

_FILE_DEFAULT = "kind,id,name,mimeType,driveId"
DEFAULT_FIELDS = {
    "files.list": f"kind,incompleteSearch,nextPageToken,files({_FILE_DEFAULT})",
    "files.get": _FILE_DEFAULT,
    "files.create": _FILE_DEFAULT,
    "files.update": _FILE_DEFAULT,
    "changes.list": "kind,nextPageToken,newStartPageToken,"
    f"changes(kind,type,changeType,time,removed,fileId,driveId,file({_FILE_DEFAULT}),"
    "drive(kind,id,name))",
    "drives.list": "kind,nextPageToken,drives(kind,id,name)",
    "drives.get": "kind,id,name",
}
"""What is answered where `fields` is not given; of the other methods, everything."""


def _sees_all_drives(params: Mapping[str, Any]) -> bool:
    if params["includeItemsFromAllDrives"] and not params["supportsAllDrives"]:
        raise invalid(
            "supportsAllDrives",
            "The supportsAllDrives parameter must be set to true for "
            "includeItemsFromAllDrives to be true.",
        )
    return bool(params["includeItemsFromAllDrives"])


def _log(call: Call) -> Log:
    return call.drive.log(call.params.get("driveId"), all_drives=call.params["supportsAllDrives"])


def _change(
    drive: DriveState, entry: Change, *, all_drives: bool, corpus_removals: bool
) -> Resource:
    item_id = entry.item_id
    change: Resource = {"kind": "drive#change", "time": timestamp(entry.at)}
    shared = drive.drives.get(item_id)
    if shared:
        return (
            change
            | {
                "type": "drive",
                "changeType": "drive",
                "driveId": item_id,
                "removed": not shared.member,
            }
            | ({"drive": _drive_resource(shared)} if shared.member else {})
        )
    item = drive.items.get(item_id)
    hidden = item is None or not item.visible or (item.drive_id and not all_drives)
    removed = bool(entry.removed or hidden)
    change |= {"type": "file", "changeType": "file", "fileId": item_id, "removed": removed}
    if item is None or hidden or (entry.removed and not corpus_removals):
        return change
    return change | {"file": drive.resource(item)}


def _drive_resource(drive: SharedDrive) -> Resource:
    return {
        "kind": "drive#drive",
        "id": drive.id,
        "name": drive.name,
        "createdTime": timestamp(drive.created),
        "hidden": False,
    }


def _ordered(files: list[Resource], order: str | None) -> list[Resource]:
    """By one of the times or by name, then by id, so that a page can be told by where it begins."""
    if order not in (None, "name", "createdTime", "modifiedTime"):
        raise invalid("orderBy", f"Invalid Value: {order!r} is not served")
    return sorted(files, key=lambda file: _place(file, order))


def _place(resource: Resource, order: str | None) -> list[str]:
    return [str(resource[order or "createdTime"]), resource["id"]]


def _page(
    found: list[Resource], params: Mapping[str, Any], *, of: Any
) -> tuple[list[Resource], Resource]:
    """The page that the token asks for, and the token of the next; a token is of one listing.

    A page begins after the place of the last item before it, whether that is still there or not.
    """
    order = params.get("orderBy")
    digest = hashlib.sha256(json.dumps([of, order]).encode()).hexdigest()[:16]
    if "pageToken" in params:
        try:
            of_token, after = json.loads(base64.b64decode(params["pageToken"], validate=True))
        except ValueError:
            raise invalid("pageToken", "Invalid Value") from None
        if of_token != digest:
            raise invalid("pageToken", "Invalid Value: the token is of another listing")
        found = [resource for resource in found if _place(resource, order) > after]
    page = found[: params["pageSize"]]
    if len(page) == len(found):
        return page, {}
    token = json.dumps([digest, _place(page[-1], order)]).encode()
    return page, {"nextPageToken": base64.b64encode(token).decode()}
