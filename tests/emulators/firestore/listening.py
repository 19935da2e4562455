"""Listen: what a query or some documents give, and each change of it, until the client leaves."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import grpc

from . import messages as m
from .database import Database, Reader
from .paths import document_path, split_name
from .queries import Query

_Change = m.TargetChange.TargetChangeType

WAKE_SECONDS = 0.2
"""How long a client's leaving may go unnoticed."""


class Listener:
    """One stream of one client, with the target that its first request adds."""

    def __init__(self, database: Database, stopping: threading.Event) -> None:
        self._database = database
        self._stopping = stopping
        self._left = threading.Event()

    def run(self, first: Any, requests: Iterator[Any]) -> Iterator[Any]:
        """The stream of answers."""
        target = first.add_target
        ids = [target.target_id]
        threading.Thread(target=self._drain, args=(requests,), daemon=True).start()
        yield _target_change(_Change.ADD, ids)
        known: dict[str, Any] = {}
        current = False
        while not (self._stopping.is_set() or self._left.is_set()):
            reader = Reader(self._database)
            seen = self._look(target, reader)
            answers = list(_changes(known, seen, ids, reader.time))
            if not current:
                answers.append(_target_change(_Change.CURRENT, ids))
            if answers:
                yield from answers
                # Naming no target, it says that all of them are consistent at that time.
                yield _target_change(_Change.NO_CHANGE, [], at=reader.time)
            known, current = seen, True
            self._wait_for_change(since=reader.time)

    def _look(self, target: Any, reader: Reader) -> dict[str, Any]:
        if target.WhichOneof("target_type") == "documents":
            names = target.documents.documents
            paths = {name: document_path(name, self._database.name) for name in names}
            found = [reader.document(path) for path in paths.values()]
            return {document.name: document for document in found if document is not None}
        query = Query(split_name(target.query.parent)[1], target.query.structured_query)
        documents = query.run(reader.documents(query.matches))
        return {document.name: query.project(document) for document in documents}

    def _drain(self, requests: Iterator[Any]) -> None:
        """Notices that the client has left: the stream of its requests ends, or breaks off."""
        with suppress(grpc.RpcError):
            for _ in requests:
                pass
        self._left.set()

    def _wait_for_change(self, *, since: int) -> None:
        with self._database.changed:
            while self._database.committed_at <= since and not (
                self._stopping.is_set() or self._left.is_set()
            ):
                self._database.changed.wait(WAKE_SECONDS)


def _changes(known: dict[str, Any], seen: dict[str, Any], ids: list[int], at: int) -> Iterator[Any]:
    for name, document in seen.items():
        if known.get(name) != document:
            response = m.ListenResponse()
            response.document_change.document.CopyFrom(document)
            response.document_change.target_ids.extend(ids)
            yield response
    for name in known.keys() - seen.keys():
        response = m.ListenResponse()
        response.document_remove.document = name
        response.document_remove.removed_target_ids.extend(ids)
        response.document_remove.read_time.CopyFrom(m.timestamp(at))
        yield response


def _target_change(kind: Any, ids: list[int], *, at: int | None = None) -> Any:
    change = m.TargetChange(target_change_type=kind, target_ids=ids)
    if at is not None:
        change.read_time.CopyFrom(m.timestamp(at))
        change.resume_token = at.to_bytes(8)
    return m.ListenResponse(target_change=change)
