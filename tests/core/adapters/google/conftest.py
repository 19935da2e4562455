import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_api import DriveApi
from core.adapters.google.retry import Backoff
from core.adapters.google.storage import GoogleObjectStore

# The doubles are imported as `emulators.…`, as they are used by more than one folder of tests.
sys.path.append(str(Path(__file__).parents[3]))

from emulators.drive import DriveServer
from emulators.storage import BUCKET, cloud_storage


class Time:
    """Time that passes when somebody sleeps, so that waiting costs a test nothing."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def backoff(self, **settings: float) -> Backoff:
        """A backoff that always waits for the longest time that it might."""
        return Backoff(
            sleep=self.sleep, clock=lambda: self.now, uniform=lambda low, high: high, **settings
        )


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def api(drive: DriveServer, time: Time) -> Iterator[DriveApi]:
    """Google's client, connected to the double; a file comes in parts of 1,000 bytes."""
    connection = DriveApi(
        AnonymousCredentials(), root_url=drive.url, backoff=time.backoff(), chunk_bytes=1000
    )
    yield connection
    connection.close()


@pytest.fixture
def watch(api: DriveApi) -> Callable[..., DriveSource]:
    """Makes a source of the given folders, which sees pages of two."""

    def make(*folders: str, max_bytes: int = 100_000, page_size: int = 2) -> DriveSource:
        return DriveSource(lambda: api, folders, max_bytes=max_bytes, page_size=page_size)

    return make


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with cloud_storage() as url:
        yield url


@pytest.fixture
def connect() -> Iterator[Callable[[str], storage.Client]]:
    clients = []

    def connect(url: str) -> storage.Client:
        client = storage.Client(
            project="a-project",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def client(server: str, connect) -> Iterator[storage.Client]:
    client = connect(server)
    bucket = client.create_bucket(BUCKET)
    yield client
    for blob in client.list_blobs(BUCKET):
        blob.delete()
    bucket.delete()


@pytest.fixture
def objects(client) -> GoogleObjectStore:
    return GoogleObjectStore(client, BUCKET)
