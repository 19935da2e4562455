import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The doubles are imported as `emulators.…`, as they are used by more than one folder of tests.
sys.path.append(str(Path(__file__).parents[1]))

from emulators.cloud import Cloud, google_cloud


@pytest.fixture(scope="session")
def services() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(services: Cloud) -> Cloud:
    """A bucket and a database of the test's own, both empty."""
    return services.empty()
