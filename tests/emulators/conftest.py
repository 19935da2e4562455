import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from httplib2 import Http

# The doubles are imported as `emulators.…`, here and by the tests of what talks to them.
sys.path.append(str(Path(__file__).parents[1]))

from emulators.drive import DriveServer


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
