"""What the functions do to the bucket is what their accounts may do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import terraform
from batches import batch, form
from emulators.drive import DriveServer
from google.auth.credentials import AnonymousCredentials
from terraform import plain

from core.adapters import connect
from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_api import DriveApi
from core.extract import Extractor
from core.intake.watch import watch
from core.invoice import Status
from core.pipeline import give_up, process, read_again
from core.ports import Adapters, Query, StoredTemplate
from core.settings import Settings

pytestmark = pytest.mark.infra

ALLOWED = {
    "roles/storage.objectCreator": {"create"},
    "roles/storage.objectViewer": {"get", "list"},
    "roles/storage.objectUser": {"create", "get", "list", "update", "delete"},
}
"""Of each role, on `storage.objects` (https://cloud.google.com/storage/docs/access-control/iam-roles)."""

TAKES = {
    "create": {"get", "create"},  # it looks first whether the object is there
    "read": {"get"},
    "announce": {"get", "create", "delete"},  # to write over an object is to delete it
}
"""What each call of `GoogleObjectStore` takes."""


class Noted:
    """An object store, and the calls that were made to it."""

    def __init__(self, objects: object) -> None:
        self.calls: set[str] = set()
        self._objects = objects

    def __getattr__(self, name: str) -> object:
        self.calls.add(name)
        return getattr(self._objects, name)


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


def allowed(account: str) -> set[str]:
    grants = [
        each
        for name, each in terraform.local("bucket_roles").items()
        if not name.startswith("__") and plain(each["account"]) == account
    ]
    return set[str]().union(*(ALLOWED[plain(each["role"])] for each in grants))


def test_each_account_may_do_to_the_bucket_what_its_function_does(
    drive: DriveServer, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path)
    inbox = drive.state.folder("Inbox")
    drive.state.file("scan.tif", batch(["004217", "100230"]), inbox)
    api = DriveApi(AnonymousCredentials(), root_url=drive.url)
    source = DriveSource(lambda: api, [inbox], max_bytes=settings.max_file_bytes)
    kept = connect(settings)

    def seen_by() -> tuple[Adapters, Noted]:
        noted = Noted(kept.objects)
        return replace(kept, sources=[source], objects=noted), noted

    watching, by_drive_watch = seen_by()
    assert watch(watching, settings).received == 1
    api.close()

    # A file that holds an invoice a page, an event that comes again, and a dead letter.
    reading, by_extract = seen_by()
    kept.store.put_template(StoredTemplate(form()))
    (first,) = kept.store.list(Query()).invoices
    for _ in range(2):
        process(reading, Extractor(settings), first.object, settings)
    give_up(reading, first.object, tries=10)
    found = kept.store.list(Query()).invoices
    assert sorted(each.status for each in found) == [Status.DONE, Status.RECEIVED]

    asking, by_api = seen_by()
    read_again(asking, first.id)

    for account, noted in {
        "drive-watch": by_drive_watch,
        "extract": by_extract,
        "api": by_api,
    }.items():
        assert noted.calls
        taken = set[str]().union(*(TAKES[call] for call in noted.calls))
        assert taken <= allowed(account), account
