"""What webhooks are to be told, in SQLite."""

import sqlite3
from datetime import timedelta

from core.adapters.local.database import Database
from core.adapters.query import time_key
from core.invoice import Invoice, now
from core.webhooks.notices import STATE, Delivery, came_to_an_end, deliveries


class LocalOutbox:
    """A delivery is one JSON document, found by the time at which it is due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, lease: timedelta) -> Delivery | None:
        at = now()
        first = "SELECT document FROM deliveries WHERE due <= ? ORDER BY due LIMIT 1"
        with self._database.read() as connection:
            # Looking first keeps an idle outbox from taking the write lock at every look.
            if connection.execute(first, (time_key(at),)).fetchone() is None:
                return None
        with self._database.write() as connection:
            row = connection.execute(first, (time_key(at),)).fetchone()
            if row is None:
                return None
            delivery = Delivery.model_validate_json(row["document"])
            taken = delivery.model_copy(
                update={"due": at + lease, "attempts": delivery.attempts + 1}
            )
            _put(connection, taken)
        return taken

    def put(self, delivery: Delivery) -> None:
        with self._database.write() as connection:
            _put(connection, delivery)

    def drop(self, delivery: Delivery) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM deliveries WHERE id = ?", (delivery.id,))


def announce(connection: sqlite3.Connection, before: Invoice | None, after: Invoice) -> None:
    """Puts what webhooks are to be told of the change into the outbox, with the change itself."""
    if not came_to_an_end(before, after):
        return
    row = connection.execute("SELECT value FROM state WHERE key = ?", (STATE,)).fetchone()
    for delivery in deliveries(row and row["value"], after):
        _put(connection, delivery)


def _put(connection: sqlite3.Connection, delivery: Delivery) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)",
        (delivery.id, time_key(delivery.due), delivery.model_dump_json()),
    )
