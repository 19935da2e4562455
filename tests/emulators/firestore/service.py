"""The methods of google.firestore.v1.Firestore, one for one."""

import base64
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.rpc.status_pb2 import Status
from grpc import StatusCode

from . import messages as m
from .aggregation import aggregate, aggregated_fields, aliases
from .database import Database, Reader
from .indexes import check_indexes
from .listening import Listener
from .paths import Path, document_path, split_name
from .queries import Query
from .refusals import Refused, invalid, unsupported
from .values import NAME, only
from .writes import target

MAX_WRITES_IN_BATCH = 500
MIN_PARTITION = 128
DEFAULT_PAGE = 100


class Service:
    """All databases, each made when it is first named.

    `indexes` are the declared composite indexes; where they are None, every query is served.
    """

    def __init__(self, *, indexes: Sequence[Mapping[str, Any]] | None, lock_timeout: float) -> None:
        self._indexes = indexes
        self._lock_timeout = lock_timeout
        self._databases: dict[str, Database] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def _database(self, name: str) -> Database:
        with self._lock:
            if name not in self._databases:
                self._databases[name] = Database(name, lock_timeout=self._lock_timeout)
            return self._databases[name]

    # Documents

    def batch_get_documents(self, request: Any) -> Iterator[Any]:
        database = self._database(request.database)
        reader = self._reader(database, request)
        if request.HasField("new_transaction"):
            yield m.BatchGetDocumentsResponse(transaction=reader.transaction.id)
        paths = {name: document_path(name, database.name) for name in request.documents}
        found = {name: reader.document(path) for name, path in paths.items()}
        # The service keeps no order, so whoever relies on one shall notice: the missing come last.
        for name in sorted(found, key=lambda name: (found[name] is None, name)):
            response = m.BatchGetDocumentsResponse(read_time=m.timestamp(reader.time))
            if (document := found[name]) is None:
                response.missing = name
            else:
                masked = only(document, request.mask.field_paths)
                response.found.CopyFrom(masked if request.HasField("mask") else document)
            yield response

    def list_documents(self, request: Any) -> Any:
        if request.order_by:
            raise unsupported("order_by of ListDocuments")
        name, parent = split_name(request.parent)
        reader = self._reader(self._database(name), request)
        folder = (*parent, request.collection_id)
        depth = len(folder)
        below = reader.documents(lambda path, _: len(path) > depth and path[:depth] == folder)
        shown: dict[str, Any] = {}
        for document in below:
            path = split_name(document.name)[1]
            own = f"{name}/documents/{'/'.join(path[: depth + 1])}"
            if len(path) == depth + 1:
                shown[own] = document
            elif request.show_missing:
                shown.setdefault(own, m.Document(name=own))
        names = sorted(shown)
        page, token = _page(names, request)
        documents = [shown[name] for name in page]
        if request.HasField("mask"):
            documents = [only(document, request.mask.field_paths) for document in documents]
        return m.ListDocumentsResponse(documents=documents, next_page_token=token)

    def list_collection_ids(self, request: Any) -> Any:
        name, parent = split_name(request.parent)
        depth = len(parent)
        reader = self._reader(self._database(name), request)
        below = reader.documents(lambda path, _: len(path) > depth and path[:depth] == parent)
        ids = sorted({split_name(document.name)[1][depth] for document in below})
        page, token = _page(ids, request)
        return m.ListCollectionIdsResponse(collection_ids=page, next_page_token=token)

    # Writes and transactions

    def commit(self, request: Any) -> Any:
        database = self._database(request.database)
        transaction = database.transaction(request.transaction) if request.transaction else None
        results, at = database.commit(request.writes, transaction)
        return m.CommitResponse(write_results=results, commit_time=m.timestamp(at))

    def batch_write(self, request: Any) -> Any:
        names = [target(write) for write in request.writes]
        if len(set(names)) < len(names):
            raise invalid("A BatchWrite can't write to the same document more than once.")
        if len(names) > MAX_WRITES_IN_BATCH:
            raise invalid(f"maximum {MAX_WRITES_IN_BATCH} writes allowed per request")
        database = self._database(request.database)
        response = m.BatchWriteResponse()
        for write in request.writes:
            try:
                results, _ = database.commit([write])
                response.write_results.extend(results)
                response.status.append(Status())
            except Refused as error:
                response.write_results.append(m.WriteResult())
                response.status.append(Status(code=error.code.value[0], message=error.message))
        return response

    def begin_transaction(self, request: Any) -> Any:
        transaction = self._begin(self._database(request.database), request.options)
        return m.BeginTransactionResponse(transaction=transaction.id)

    def rollback(self, request: Any) -> None:
        self._database(request.database).roll_back(request.transaction)

    # Queries

    def run_query(self, request: Any) -> Iterator[Any]:
        if request.HasField("explain_options"):
            raise unsupported("explain_options")
        database, query = self._query(request)
        reader = self._reader(database, request)
        if request.HasField("new_transaction"):
            yield m.RunQueryResponse(transaction=reader.transaction.id)
        found = query.run(reader.documents(query.matches, query.collection))
        for document in found:
            yield m.RunQueryResponse(
                document=query.project(document), read_time=m.timestamp(reader.time)
            )
        if not found:
            yield m.RunQueryResponse(read_time=m.timestamp(reader.time))

    def run_aggregation_query(self, request: Any) -> Iterator[Any]:
        if request.HasField("explain_options"):
            raise unsupported("explain_options")
        aggregations = request.structured_aggregation_query.aggregations
        aliases(aggregations)
        database, parent = self._parent(request)
        query = Query(
            parent,
            request.structured_aggregation_query.structured_query,
            aggregated=aggregated_fields(aggregations),
        )
        self._check_indexes(query)
        reader = self._reader(database, request)
        if request.HasField("new_transaction"):
            yield m.RunAggregationQueryResponse(transaction=reader.transaction.id)
        found = query.run(reader.documents(query.matches, query.collection))
        yield m.RunAggregationQueryResponse(
            result=aggregate(found, aggregations), read_time=m.timestamp(reader.time)
        )

    def partition_query(self, request: Any) -> Any:
        database, query = self._query(request)
        if not query.all_descendants or [order.field for order in query.orders] != [NAME]:
            raise invalid("Only collection group queries ordered by name can be partitioned.")
        found = query.run(self._reader(database, request).documents(query.matches))
        parts = min(request.partition_count + 1, len(found) // MIN_PARTITION)
        response = m.PartitionQueryResponse()
        for part in range(1, parts):
            first = found[part * len(found) // parts]
            response.partitions.add().values.add().reference_value = first.name
        return response

    def listen(self, requests: Iterator[Any]) -> Iterator[Any]:
        first = next(requests)
        listener = Listener(self._database(first.database), self.stopping)
        return listener.run(first, requests)

    # What they share

    def _query(self, request: Any) -> tuple[Database, Query]:
        database, parent = self._parent(request)
        query = Query(parent, request.structured_query)
        self._check_indexes(query)
        return database, query

    def _parent(self, request: Any) -> tuple[Database, Path]:
        name, parent = split_name(request.parent)
        return self._database(name), parent

    def _check_indexes(self, query: Query) -> None:
        if self._indexes is not None:
            check_indexes(query, self._indexes)

    def _reader(self, database: Database, request: Any) -> Reader:
        match request.WhichOneof("consistency_selector"):
            case "transaction":
                return Reader(database, transaction=database.transaction(request.transaction))
            case "new_transaction":
                transaction = self._begin(database, request.new_transaction)
                return Reader(database, transaction=transaction)
            case "read_time":
                return Reader(database, at=request.read_time.ToMicroseconds())
        return Reader(database)

    def _begin(self, database: Database, options: Any) -> Any:
        if options.WhichOneof("mode") != "read_only":
            return database.begin(retry=options.read_write.retry_transaction)
        if options.read_only.HasField("read_time"):
            snapshot = options.read_only.read_time.ToMicroseconds()
        else:
            snapshot = database.tick()
        return database.begin(writes=False, snapshot=snapshot)


def _page(names: Sequence[str], request: Any) -> tuple[Sequence[str], str]:
    """The names of one page, and the token of the next."""
    try:
        after = base64.urlsafe_b64decode(request.page_token).decode()
    except ValueError as error:
        raise Refused(StatusCode.INVALID_ARGUMENT, "The page token is not valid.") from error
    rest = [name for name in names if name > after]
    size = request.page_size or DEFAULT_PAGE
    token = base64.urlsafe_b64encode(rest[size - 1].encode()).decode() if len(rest) > size else ""
    return rest[:size], token
