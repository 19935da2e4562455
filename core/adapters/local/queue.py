"""The durable queue that stands for Eventarc: it announces created objects until it is heard.

An event is delivered at least once: it waits, is taken, and is acknowledged, or waits again after a
growing pause. Once its tries are used up, or nobody has mended the installation for too long, it is
set aside. What was taken when the process died is delivered again.
"""

import random
import sqlite3
import time
import uuid
from dataclasses import dataclass
from datetime import datetime

from core.adapters.local.database import Database
from core.invoice import ErrorInfo, ObjectRef, now

LONGEST_DELAY_S = 600.0
"""The longest pause between two tries: Pub/Sub's own limit."""

PATIENCE_S = 24 * 3600.0
"""How long a fault of the installation is waited out. It says nothing of the file, so it costs no
tries; but what nobody mends within a day ends as a failed invoice, where it is seen."""

MAX_INTERRUPTIONS = 25
"""Deaths of the whole process that one event may see. They say little of the file, so they don't
count as tries; but a file that takes the machine down each time must come to an end as well."""


@dataclass(frozen=True)
class Delivery:
    """One try at delivering one event. `attempt` counts from 1; `created_at` is ISO 8601."""

    id: str
    ref: ObjectRef
    created_at: str
    attempt: int
    interruptions: int


class EventQueue:
    """`retry_delay` is the pause before the second try, in seconds; it doubles from then on."""

    def __init__(self, database: Database, *, max_attempts: int, retry_delay: float) -> None:
        self._database = database
        self._max_attempts = max_attempts
        self._retry_delay = retry_delay

    @staticmethod
    def put(connection: sqlite3.Connection, ref: ObjectRef) -> None:
        """Adds an event inside the caller's transaction: with what it announces, or not at all."""
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, 'waiting', ?, 0, 0, NULL)",
            (
                uuid.uuid4().hex,
                ref.bucket,
                ref.name,
                ref.generation,
                now().isoformat(),
                time.time(),
            ),
        )

    def take(self) -> Delivery | None:
        """The event that has waited longest, for the caller to deliver; None if none is due."""
        at = time.time()
        # Whatever is due later than the longest pause was written before the clock was set back.
        due = "state = 'waiting' AND (due <= :at OR due > :beyond)"
        times = {"at": at, "beyond": at + LONGEST_DELAY_S}
        with self._database.read() as connection:
            # Looking first keeps an idle queue from taking the write lock at every look.
            waits = f"SELECT 1 FROM events WHERE {due}"  # nosec B608  # of constants alone
            if connection.execute(waits, times).fetchone() is None:
                return None
        with self._database.write() as connection:
            row = connection.execute(
                "UPDATE events SET state = 'taken', attempts = attempts + 1 WHERE id = "  # nosec B608
                f"(SELECT id FROM events WHERE {due} ORDER BY due LIMIT 1) RETURNING *",
                times,
            ).fetchone()
        if row is None:
            return None
        return Delivery(
            id=row["id"],
            ref=ObjectRef(bucket=row["bucket"], name=row["name"], generation=row["generation"]),
            created_at=row["created_at"],
            attempt=row["attempts"],
            interruptions=row["interruptions"],
        )

    def is_last(self, delivery: Delivery) -> bool:
        """Whether no further try follows this one."""
        return delivery.attempt >= self._max_attempts

    def is_used_up(self, delivery: Delivery) -> bool:
        """Whether even this try is one too many: all of them were cut short."""
        return delivery.attempt > self._max_attempts or delivery.interruptions > MAX_INTERRUPTIONS

    def acknowledge(self, delivery: Delivery) -> None:
        """The event has been heard."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM events WHERE id = ?", (delivery.id,))

    def retry(self, delivery: Delivery, error: ErrorInfo) -> None:
        """The try failed: the event waits, twice as long as after the try before."""
        doubled = self._retry_delay * 2.0 ** (delivery.attempt - 1)
        # Jitter, so that events which failed together don't come back together.
        delay = min(doubled, LONGEST_DELAY_S) * random.uniform(0.5, 1.0)
        self._wait(delivery, delay, delivery.attempt, error)

    def postpone(self, delivery: Delivery, error: ErrorInfo) -> None:
        """Somebody else is at the same object: the event waits, and the try doesn't count."""
        self._wait(delivery, self._retry_delay, delivery.attempt - 1, error)

    def is_overdue(self, delivery: Delivery) -> bool:
        """Whether the event has waited for the installation for too long."""
        return _age(delivery) >= PATIENCE_S

    def wait_out(self, delivery: Delivery, error: ErrorInfo) -> None:
        """The installation is at fault: the event waits about as long again as it has waited
        already, and the try doesn't count."""
        doubled = max(self._retry_delay, min(_age(delivery), LONGEST_DELAY_S))
        self._wait(delivery, doubled * random.uniform(0.5, 1.0), delivery.attempt - 1, error)

    def set_aside(self, delivery: Delivery, error: ErrorInfo) -> None:
        """Keeps the event for people to look at; it is not delivered any more."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE events SET state = 'set_aside', error = ? WHERE id = ?",
                (error.model_dump_json(), delivery.id),
            )

    def recover(self) -> int:
        """Gives back what a process that died had taken, and says how many events that were.

        Only for whoever knows that nobody delivers at the moment.
        """
        with self._database.write() as connection:
            return connection.execute(
                "UPDATE events SET state = 'waiting', due = ?, attempts = attempts - 1, "
                "interruptions = interruptions + 1 WHERE state = 'taken'",
                (time.time(),),
            ).rowcount

    def _wait(self, delivery: Delivery, delay: float, attempts: int, error: ErrorInfo) -> None:
        with self._database.write() as connection:
            connection.execute(
                "UPDATE events SET state = 'waiting', due = ?, attempts = ?, error = ? "
                "WHERE id = ?",
                (time.time() + delay, attempts, error.model_dump_json(), delivery.id),
            )


def _age(delivery: Delivery) -> float:
    """Seconds since the event was made; less than none where the clock was set back."""
    return (now() - datetime.fromisoformat(delivery.created_at)).total_seconds()
