from collections.abc import Iterator

import pytest
from emulators.cloud import Cloud, google_cloud


@pytest.fixture(scope="session")
def services() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(services: Cloud) -> Cloud:
    """A bucket and a database of the test's own, both empty."""
    return services.empty()
