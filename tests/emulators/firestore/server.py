"""The double as a gRPC server that Google's client library talks to."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from google.cloud.firestore_v1 import types
from google.protobuf.empty_pb2 import Empty

from .refusals import Refused
from .service import Service

MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_CALLS = 200
"""Each call has a thread while it lasts; a commit that waits its turn lasts."""

_UNARY = {
    "ListDocuments": (types.ListDocumentsRequest, "list_documents"),
    "ListCollectionIds": (types.ListCollectionIdsRequest, "list_collection_ids"),
    "Commit": (types.CommitRequest, "commit"),
    "BatchWrite": (types.BatchWriteRequest, "batch_write"),
    "BeginTransaction": (types.BeginTransactionRequest, "begin_transaction"),
    "Rollback": (types.RollbackRequest, "rollback"),
    "PartitionQuery": (types.PartitionQueryRequest, "partition_query"),
}
_STREAMS = {
    "BatchGetDocuments": (types.BatchGetDocumentsRequest, "batch_get_documents"),
    "RunQuery": (types.RunQueryRequest, "run_query"),
    "RunAggregationQuery": (types.RunAggregationQueryRequest, "run_aggregation_query"),
}


class FirestoreDouble:
    """Stands in for Firestore; empty at its start, with nothing kept after its end.

    Clients reach it through `FIRESTORE_EMULATOR_HOST`, set to `host`. Composite indexes are as in
    firestore.indexes.json; with None every query is served. A write that waits for another's
    transaction gives up after `lock_timeout` seconds.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        indexes: Sequence[Mapping[str, Any]] | None = None,
        lock_timeout: float = 10.0,
    ) -> None:
        self._service = Service(indexes=indexes, lock_timeout=lock_timeout)
        self._faults: dict[str, deque[grpc.StatusCode]] = defaultdict(deque)
        self._faults_lock = threading.Lock()
        self._server = grpc.server(
            ThreadPoolExecutor(MAX_CALLS),
            options=[
                ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
                ("grpc.so_reuseport", 0),
            ],
        )
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self.host = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stopping.set()
        self._server.stop(grace=None).wait()

    def fail(self, method: str, code: grpc.StatusCode, *, times: int = 1) -> None:
        """Has the next calls of a method (`Commit`, `RunQuery`, …) answered with an error."""
        with self._faults_lock:
            self._faults[method].extend([code] * times)

    def succeed(self) -> None:
        """Takes back what `fail` was told and has not happened yet."""
        with self._faults_lock:
            self._faults.clear()

    def _handlers(self) -> grpc.GenericRpcHandler:
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._unary(name, getattr(self._service, method)),
                request_deserializer=request.pb().FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
            for name, (request, method) in _UNARY.items()
        }
        handlers |= {
            name: grpc.unary_stream_rpc_method_handler(
                self._stream(name, getattr(self._service, method)),
                request_deserializer=request.pb().FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
            for name, (request, method) in _STREAMS.items()
        }
        handlers["Listen"] = grpc.stream_stream_rpc_method_handler(
            self._stream("Listen", self._service.listen),
            request_deserializer=types.ListenRequest.pb().FromString,
            response_serializer=lambda response: response.SerializeToString(),
        )
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", handlers)

    def _unary(self, name: str, method: Callable[[Any], Any]) -> Callable[..., Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                self._fault(name)
                return method(request) or Empty()
            except Refused as error:
                context.abort(error.code, error.message)

        return answer

    def _stream(self, name: str, method: Callable[[Any], Iterator[Any]]) -> Callable[..., Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                self._fault(name)
                yield from method(request)
            except Refused as error:
                context.abort(error.code, error.message)

        return answer

    def _fault(self, name: str) -> None:
        with self._faults_lock:
            if self._faults[name]:
                raise Refused(self._faults[name].popleft(), f"{name} was told to fail.")
