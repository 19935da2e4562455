"""What tests of the double need of Google's client."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from googleapiclient.errors import HttpError


@contextmanager
def refused(status: int, reason: str) -> Iterator[None]:
    with pytest.raises(HttpError) as caught:
        yield
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (status, reason)


def pages(method, **params) -> Iterator[dict]:
    """All pages, by the client's own way of turning them."""
    request = method.list(**params)
    while request is not None:
        page = request.execute()
        yield page
        request = method.list_next(request, page)
