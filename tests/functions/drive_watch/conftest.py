from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from emulators.cloud import Cloud
from emulators.drive import DriveServer
from emulators.serving import running

from core.ports import Adapters

Start = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def adapters(cloud: Cloud) -> Iterator[Adapters]:
    """What the function under test keeps things in."""
    with cloud.adapters() as adapters:
        yield adapters


@pytest.fixture
def start(cloud: Cloud, drive: DriveServer) -> Start:
    """Starts an instance of drive_watch on these folders."""

    def start(*folders: str, **variables: str) -> AbstractContextManager[str]:
        given = {"KHANA_DRIVE_FOLDERS": ",".join(folders), "DRIVE_EMULATOR_HOST": drive.url}
        return running("drive_watch", **(cloud.variables | given | variables))

    return start
