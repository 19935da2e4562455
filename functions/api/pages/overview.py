"""/overview: what the last months came to."""

from itertools import islice

import flask

from core.export.rows import every
from core.invoice import now
from core.overview import overview as seen_from_above
from core.ports import Query
from functions.api.context import context
from functions.api.pages.answers import page

MOST = 5_000
"""Invoices that one look at the page goes through, the newest first: half a second."""


def overview() -> flask.Response:
    adapters = context().adapters
    store = adapters.store
    counts = store.count_by_status()
    seen = seen_from_above(islice(every(store, Query()), MOST), at=now())
    return page(
        "overview.html",
        seen=seen,
        beyond=max(0, sum(counts.values()) - MOST),
        most=MOST,
        suppliers=adapters.shelf.names(),
    )
