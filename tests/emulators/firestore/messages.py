"""The messages of Firestore's protocol: the client library's own, without their wrappers."""

from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp

Value = types.Value.pb()
MapValue = types.MapValue.pb()
ArrayValue = types.ArrayValue.pb()
Document = types.Document.pb()
DocumentMask = types.DocumentMask.pb()
Write = types.Write.pb()
WriteResult = types.WriteResult.pb()
Cursor = types.Cursor.pb()
StructuredQuery = types.StructuredQuery.pb()
AggregationResult = types.AggregationResult.pb()
TargetChange = types.TargetChange.pb()
ListenResponse = types.ListenResponse.pb()

BatchGetDocumentsResponse = types.BatchGetDocumentsResponse.pb()
BatchWriteResponse = types.BatchWriteResponse.pb()
BeginTransactionResponse = types.BeginTransactionResponse.pb()
CommitResponse = types.CommitResponse.pb()
ListCollectionIdsResponse = types.ListCollectionIdsResponse.pb()
ListDocumentsResponse = types.ListDocumentsResponse.pb()
PartitionQueryResponse = types.PartitionQueryResponse.pb()
RunAggregationQueryResponse = types.RunAggregationQueryResponse.pb()
RunQueryResponse = types.RunQueryResponse.pb()

NULL = Value(null_value=0)


def timestamp(microseconds: int) -> Timestamp:
    """A point in time, given in microseconds since 1970."""
    moment = Timestamp()
    moment.FromMicroseconds(microseconds)
    return moment
