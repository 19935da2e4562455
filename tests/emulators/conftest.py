import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.firestore_v1 import Client
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from httplib2 import Http

# The doubles are imported as `emulators.…`, here and by the tests of what talks to them.
sys.path.append(str(Path(__file__).parents[1]))

from emulators.drive import DriveServer
from emulators.firestore import connected, emulator


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def client(drive: DriveServer):
    """Google's own client of Drive, connected to the double."""
    document = json.loads(get_static_doc("drive", "v3")) | {"rootUrl": drive.url}
    with build_from_document(document, http=Http()) as service:
        yield service


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    with emulator() as host:
        yield host


@pytest.fixture
def firestore(firestore_host: str) -> Iterator[Client]:
    """Google's own client of Firestore, connected to an empty database."""
    with connected(firestore_host) as client:
        yield client
