"""Khana on Google Cloud: doubles of Drive, Firestore and Pub/Sub, and fake-gcs-server."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from cloudevents.http import from_http
from emulators.cloud import DECLARED
from emulators.drive import DriveServer
from emulators.eventarc import notification, published
from emulators.firestore import FirestoreDouble
from emulators.storage import cloud_storage

from core.adapters.google.drive import DriveSource
from core.adapters.google.firestore import FirestoreInvoiceStore
from core.adapters.google.firestore_outbox import FirestoreOutbox
from core.adapters.google.retry import Backoff
from core.adapters.google.storage import GoogleObjectStore
from core.ports import Adapters
from core.settings import Settings

from .bus import Bus
from .turns import Turns
from .weather import Weather
from .wires import drive_api, firestore_client, storage_client

TIMES = (
    "google.api_core.retry.retry_base",
    "google.api_core.retry.retry_unary",
    "google.api_core.retry.retry_streaming",
    "emulators.firestore.database",
    "emulators.firestore.transactions",
)
"""Modules that wait or look at the clock, beside Khana's own."""

IDLE_S = 5.0


class GoogleWorld:
    """The services, and what a process of Khana's needs to work with them."""

    settings = Settings(backend="google", bucket="chaos", access="none", rate_limit=0)

    def __init__(
        self, turns: Turns, weather: Weather, drive: DriveServer, folder: str, storage: str
    ) -> None:
        self.turns = turns
        self.weather = weather
        self.drive = drive
        self.folder = folder
        self._storage = storage
        self._project = f"chaos-{uuid.uuid4().hex[:12]}"
        self.bus = Bus(weather, self._project)
        with self.adapters() as adapters:
            adapters.objects._client.create_bucket(self._project)

    @contextmanager
    def adapters(self) -> Iterator[Adapters]:
        """Those of a process that has just started."""
        files = storage_client(self._storage, self._project, self.weather, self.bus.created)
        documents = firestore_client(self._project, self.weather)
        source = DriveSource(
            lambda: drive_api(self.drive, self.weather, self.turns),
            [self.folder],
            max_bytes=self.settings.max_file_bytes,
        )
        patience = Backoff(
            first=0.1,
            longest=5.0,
            budget=30.0,
            sleep=self.turns.pause,
            clock=self.turns.monotonic,
            uniform=self.turns.random.uniform,
        )
        try:
            yield Adapters(
                sources=[source],
                objects=GoogleObjectStore(files, self._project),
                store=FirestoreInvoiceStore(documents, backoff=patience),
                outbox=FirestoreOutbox(documents),
            )
        finally:
            source._disconnect()
            files.close()
            documents.close()

    def deliver(self, post: Callable[[Any], tuple[int, bytes]]) -> None:
        """Life of a reader: has `post` deal with one event after the other."""
        while True:
            event = self.bus.take()
            if event is None:
                due = self.bus.next_due()
                self.turns.pause(min(IDLE_S, (due or self.turns.now + IDLE_S) - self.turns.now))
                continue
            tries = event.tries if event.dead else None
            request = published(notification(event.ref, tries=tries))
            try:
                status, _ = post(from_http(request.headers, request.body))
            except BaseException:
                self.bus.refuse(event)
                raise
            if status >= 300:
                self.bus.refuse(event)
            elif not self.weather.happens("acknowledgements lost", 0.01):
                self.bus.acknowledge(event)

    def left_over(self) -> list[str]:
        """What should not be there once all is done; on a day without faults."""
        return [] if self.bus.empty else ["events wait"]

    def stored(self) -> dict[str, bytes]:
        """The bytes of every object by its name."""
        with self.adapters() as adapters:
            blobs = adapters.objects._client.list_blobs(self._project)
            return {blob.name: blob.download_as_bytes() for blob in blobs}


@contextmanager
def google_world(turns: Turns, weather: Weather) -> Iterator[GoogleWorld]:
    indexes = json.loads(DECLARED.read_text(encoding="utf-8"))["indexes"]
    with ExitStack() as stack:
        drive = stack.enter_context(DriveServer())
        files = stack.enter_context(cloud_storage())
        stack.enter_context(turns.as_time(*TIMES))
        # Nobody waits for another's transaction in real time: who finds it open has to give way.
        documents = stack.enter_context(FirestoreDouble(indexes=indexes, lock_timeout=0.0))
        stack.enter_context(patch.dict(os.environ, {"FIRESTORE_EMULATOR_HOST": documents.host}))
        yield GoogleWorld(turns, weather, drive, drive.state.folder("Inbox"), files)
