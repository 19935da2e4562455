"""A project of Google Cloud that holds a bucket and a database: doubles, or other emulators.

Other emulators are those that STORAGE_EMULATOR_HOST and FIRESTORE_EMULATOR_HOST name.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from google.cloud import firestore_v1 as firestore
from google.cloud import storage

import core.adapters.google
from core.adapters.google.firestore import FirestoreInvoiceStore
from core.adapters.google.firestore_outbox import FirestoreOutbox
from core.adapters.google.storage import GoogleObjectStore
from core.ports import Adapters

from .firestore import emulator
from .storage import cloud_storage

DECLARED = Path(core.adapters.google.__file__).with_name("firestore.indexes.json")


@dataclass(frozen=True)
class Cloud:
    """Where it is. `firestore` is host and port, `storage` a URL."""

    firestore: str
    storage: str
    project: str
    bucket: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a function that works in it."""
        return {
            "KHANA_BACKEND": "google",
            "KHANA_PROJECT": self.project,
            "KHANA_BUCKET": self.bucket,
            "KHANA_ACCESS": "none",  # nobody else reaches this machine
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "STORAGE_EMULATOR_HOST": self.storage,
        }

    def empty(self) -> "Cloud":
        """Another project on the same services, with an empty bucket and database."""
        name = f"khana-{uuid.uuid4().hex[:12]}"
        other = replace(self, project=name, bucket=name)
        with other.storage_client() as client:
            client.create_bucket(name)
        return other

    @contextmanager
    def storage_client(self) -> Iterator[storage.Client]:
        with patch.dict(os.environ, self.variables):
            client = storage.Client(project=self.project)
        yield client
        client.close()

    @contextmanager
    def adapters(self) -> Iterator[Adapters]:
        """What `core.adapters.connect` gives for these variables, but closed at the end."""
        with self.storage_client() as files:
            with patch.dict(os.environ, self.variables):
                documents = firestore.Client(project=self.project)
            yield Adapters(
                sources=[],
                objects=GoogleObjectStore(files, self.bucket),
                store=FirestoreInvoiceStore(documents),
                outbox=FirestoreOutbox(documents),
            )
            documents.close()


@contextmanager
def google_cloud() -> Iterator[Cloud]:
    """Runs the doubles that are needed. Queries are held to the declared indexes."""
    indexes = json.loads(DECLARED.read_text(encoding="utf-8"))["indexes"]
    with emulator(indexes=indexes) as documents, cloud_storage() as files:
        yield Cloud(documents, files, "", "").empty()
