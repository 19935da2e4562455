"""Google's client, connected to the double or to another emulator."""

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from google.cloud.firestore_v1 import Client

from .server import FirestoreDouble

VARIABLE = "FIRESTORE_EMULATOR_HOST"

LONG_LOCKS = (
    "Google's emulator may hold a lock for 30 s where the service doesn't: "
    "https://firebase.google.com/docs/emulator-suite/connect_firestore#transactions"
)
"""Why it isn't asked what becomes of what several write at once; the double is."""


@contextmanager
def emulator(*, indexes: Sequence[Mapping[str, Any]] | None = None) -> Iterator[str]:
    """The address of the emulator that the environment names, else of a double of its own.

    Another emulator serves queries without indexes; the double may be held to those given.
    """
    if VARIABLE in os.environ:
        yield os.environ[VARIABLE]
    else:
        with FirestoreDouble(indexes=indexes) as double:
            yield double.host


@contextmanager
def connected(host: str) -> Iterator[Client]:
    """A client with an empty database at that address: each has a project of its own."""
    with patch.dict(os.environ, {VARIABLE: host}):
        client = Client(project=f"khana-{uuid.uuid4().hex[:12]}")
    yield client
    client.close()
