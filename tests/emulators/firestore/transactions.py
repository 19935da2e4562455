"""Transactions, and who waits for whom.

Firestore's server libraries work pessimistically: what a transaction has read stays as it is until
the transaction ends, and whoever wants to write it waits. Where two wait for each other, the
younger is aborted; a transaction that is tried again keeps its age, so its turn comes.
https://firebase.google.com/docs/firestore/transaction-data-contention
"""

import time
import uuid
from collections.abc import Callable, Iterable

from .messages import Document
from .paths import Path

Predicate = Callable[[Path, Document], bool]
Change = tuple[Document | None, Document | None]
"""A document before and after; None where there is none."""


class Transaction:
    """One transaction's age, locks and fate. Equal only to itself."""

    def __init__(self, age: int, *, writes: bool = True, snapshot: int | None = None) -> None:
        self.id = uuid.uuid4().bytes
        self.age = age
        self.writes = writes
        self.snapshot = snapshot
        self.aborted = False
        self.used_at = time.monotonic()
        self.waits_for: set[Transaction] = set()
        self._documents: set[Path] = set()
        self._queries: list[Predicate] = []

    def lock_document(self, path: Path) -> None:
        self._documents.add(path)

    def lock_query(self, matches: Predicate) -> None:
        """Locks what the query found, and what would have changed its answer."""
        self._queries.append(matches)

    def guards(self, path: Path, change: Change) -> bool:
        """Whether the change would make untrue what this transaction has read."""
        return path in self._documents or any(
            matches(path, document)
            for document in change
            if document is not None
            for matches in self._queries
        )


def youngest_in_deadlock(waiting: Transaction) -> Transaction | None:
    """The youngest of those who wait for each other, if `waiting` is among such."""
    cycle = _path_to(waiting, waiting.waits_for, [])
    return max(cycle, key=lambda transaction: transaction.age) if cycle else None


def _path_to(
    goal: Transaction, steps: Iterable[Transaction], seen: list[Transaction]
) -> list[Transaction] | None:
    for step in steps:
        if step is goal:
            return [*seen, goal]
        if step not in seen and (found := _path_to(goal, step.waits_for, [*seen, step])):
            return found
    return None
