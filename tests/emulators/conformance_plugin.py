"""Fits Google's system tests to an emulator that does more than Google's own.

Loaded by `conformance.py` into the pytest that runs them.
"""

from collections.abc import Sequence
from typing import Any

import pytest

SERVED_HERE = {
    "Internal Issue b/137867104",
    "Internal Issue b/137865992",
    "PartitionQuery not implemented in emulator",
}
"""Reasons to skip a test on Google's emulator that don't hold for the double."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        item.own_markers = [
            mark for mark in item.own_markers if mark.kwargs.get("reason") not in SERVED_HERE
        ]


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Any:
    """Replaces `verify_pipeline`, which skips on emulators when the test itself has passed.

    (It compares a query with its pipeline; pipelines are of another edition of Firestore.)
    """
    if fixturedef.argname != "verify_pipeline":
        return None
    fixturedef.cached_result = (_verify_nothing, fixturedef.cache_key(request), None)
    return _verify_nothing


def _verify_nothing(_query: object) -> None:
    pass
