"""One database: every version of every document, and the order in which they came to be."""

import itertools
import threading
import time
from bisect import insort
from collections.abc import Iterator, Sequence

from grpc import StatusCode

from .messages import Document, Write, WriteResult, timestamp
from .paths import Path, document_path, path_key
from .refusals import Refused, contention, invalid
from .transactions import Change, Predicate, Transaction, youngest_in_deadlock
from .writes import apply, target

IDLE_SECONDS = 60.0
"""A transaction that does nothing for so long is over."""


class Database:
    """Documents by path. Times are in microseconds since 1970 and never come twice."""

    def __init__(self, name: str, *, lock_timeout: float) -> None:
        self.name = name
        self.changed = threading.Condition(threading.RLock())
        self._lock_timeout = lock_timeout
        self.committed_at = 0
        self._last_time = 0
        self._ages = itertools.count()
        self._versions: dict[Path, list[tuple[int, Document | None]]] = {}
        # The paths of each collection's documents, wherever it is, in the order of their names.
        self._collections: dict[str, list[Path]] = {}
        self._open: dict[bytes, Transaction] = {}
        self._ended: dict[bytes, Transaction] = {}

    def tick(self) -> int:
        """The time now, later than any given before."""
        with self.changed:
            self._last_time = max(time.time_ns() // 1000, self._last_time + 1)
            return self._last_time

    # Reading

    def document(self, path: Path, at: int) -> Document | None:
        with self.changed:
            for written, document in reversed(self._versions.get(path, [])):
                if written <= at:
                    return document
            return None

    def documents(self, at: int, collection: str = "") -> Iterator[tuple[Path, Document]]:
        """All documents of that time in collections of that id, or in any, in the order of their
        names."""
        with self.changed:
            if collection:
                paths = list(self._collections.get(collection, []))
            else:
                paths = sorted(self._versions, key=path_key)
        for path in paths:
            if (document := self.document(path, at)) is not None:
                yield path, document

    # Transactions

    def begin(
        self, *, retry: bytes = b"", writes: bool = True, snapshot: int | None = None
    ) -> Transaction:
        """A new transaction; as old as the one that it tries again."""
        with self.changed:
            before = self._ended.get(retry) or self._open.get(retry)
            if before is not None:
                self.end(before)
            age = next(self._ages) if before is None else before.age
            transaction = Transaction(age, writes=writes, snapshot=snapshot)
            self._open[transaction.id] = transaction
            return transaction

    def transaction(self, transaction_id: bytes) -> Transaction:
        """The open transaction of that id.

        Raises:
            Refused: there is none, or it had to give way to another.
        """
        with self.changed:
            self._end_idle()
            transaction = self._open.get(transaction_id)
            if transaction is None:
                if transaction_id in self._ended and self._ended[transaction_id].aborted:
                    raise contention()
                raise invalid("The referenced transaction has expired or is no longer valid.")
            transaction.used_at = time.monotonic()
            return transaction

    def roll_back(self, transaction_id: bytes) -> None:
        with self.changed:
            if transaction_id in self._open:
                self.end(self._open[transaction_id])
            elif transaction_id not in self._ended:
                raise invalid("Invalid transaction.")

    def end(self, transaction: Transaction) -> None:
        """Gives the transaction's locks back."""
        with self.changed:
            if self._open.pop(transaction.id, None) is not None:
                self._ended[transaction.id] = transaction
            transaction.waits_for = set()
            self.changed.notify_all()

    def _end_idle(self) -> None:
        now = time.monotonic()
        for transaction in list(self._open.values()):
            # One that waits for its turn to commit is not idle.
            if not transaction.waits_for and now - transaction.used_at > IDLE_SECONDS:
                self.end(transaction)

    # Writing

    def commit(
        self, writes: Sequence[Write], transaction: Transaction | None = None
    ) -> tuple[list[WriteResult], int]:
        """Does all of the writes or none. Gives their results and the time of the commit.

        Raises:
            Refused: a precondition doesn't hold, a document may not be so, or the transaction had
                to give way to another.
        """
        with self.changed:
            if transaction is not None and writes and not transaction.writes:
                raise invalid("Cannot modify entities in a read-only transaction.")
            writer = transaction or Transaction(next(self._ages))
            try:
                changes, results, at = self._take_turn(writer, writes)
            finally:
                self.end(writer)
            for path, (before, after) in changes.items():
                if before != after:
                    if path not in self._versions:
                        self._versions[path] = []
                        insort(self._collections.setdefault(path[-2], []), path, key=path_key)
                    self._versions[path].append((at, after))
            self.committed_at = at
            self.changed.notify_all()
            return results, at

    def _take_turn(
        self, writer: Transaction, writes: Sequence[Write]
    ) -> tuple[dict[Path, Change], list[WriteResult], int]:
        """Waits until no other transaction has read what the writes change."""
        give_up = time.monotonic() + self._lock_timeout
        paths = [document_path(target(write), self.name) for write in writes]
        while True:
            if writer.aborted:
                raise contention()
            at = self.tick()
            changes, results, refusal = self._stage(writes, paths, at)
            self._end_idle()
            writer.waits_for = {
                other
                for other in self._open.values()
                if other is not writer and any(other.guards(*item) for item in changes.items())
            }
            if not writer.waits_for:
                if refusal is not None:
                    raise refusal
                return changes, results, at
            if victim := youngest_in_deadlock(writer):
                victim.aborted = True
                self.end(victim)
            elif not self.changed.wait(give_up - time.monotonic()):
                raise contention()

    def _stage(
        self, writes: Sequence[Write], paths: Sequence[Path], at: int
    ) -> tuple[dict[Path, Change], list[WriteResult], Refused | None]:
        """What the writes would change at that time, and what forbids them."""
        before = {path: self.document(path, at) for path in paths}
        after = dict(before)
        results = []
        refusal = None
        try:
            for write, path in zip(writes, paths, strict=True):
                after[path], transformed = apply(write, after[path], timestamp(at))
                result = WriteResult(transform_results=transformed)
                if after[path] is not None:
                    result.update_time.CopyFrom(after[path].update_time)
                results.append(result)
        except Refused as error:
            refusal = error
        return {path: (before[path], after[path]) for path in before}, results, refusal


class Reader:
    """Reads of one request: of one time, and with locks where a transaction asks for them."""

    def __init__(
        self, database: Database, *, at: int | None = None, transaction: Transaction | None = None
    ) -> None:
        self._database = database
        self._locking = transaction if transaction and transaction.writes else None
        self.transaction = transaction
        snapshot = transaction.snapshot if transaction else at
        self.time = database.tick() if snapshot is None else snapshot
        if self.time > database.tick():
            raise Refused(StatusCode.INVALID_ARGUMENT, "The read time is in the future.")

    def document(self, path: Path) -> Document | None:
        with self._database.changed:
            if self._locking:
                self._locking.lock_document(path)
                self._locked()
            return self._database.document(path, self.time)

    def documents(self, matches: Predicate, collection: str = "") -> list[Document]:
        """Those that match, in the order of their names; `collection` is as in `Database`."""
        with self._database.changed:
            if self._locking:
                self._locking.lock_query(matches)
                self._locked()
            return [
                document
                for path, document in self._database.documents(self.time, collection)
                if matches(path, document)
            ]

    def _locked(self) -> None:
        """What is locked is read as it is now; who waits to write it learns whom to wait for."""
        self.time = self._database.tick()
        self._database.changed.notify_all()
