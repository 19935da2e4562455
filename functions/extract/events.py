"""What an event says of the object to read: two forms in, one out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudevents.http import CloudEvent
from pydantic import ValidationError

from core.errors import RequestError
from core.faults import first_fault
from core.invoice import ObjectRef

FINALIZED = "google.cloud.storage.object.v1.finalized"
"""Eventarc's type: data is the object, in the form of Cloud Storage's JSON API."""

PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
"""Eventarc's type: data is a message with attributes and where it comes from."""

_NOTIFICATION = "OBJECT_FINALIZE"
"""`eventType` of a notification (https://cloud.google.com/storage/docs/pubsub-notifications)."""

_TRIES = "CloudPubSubDeadLetterSourceDeliveryCount"
"""Attribute that Pub/Sub adds to what it forwards to a dead-letter topic
(https://cloud.google.com/pubsub/docs/handling-failures)."""


@dataclass(frozen=True)
class Finalized:
    """An object is there to be read."""

    ref: ObjectRef


@dataclass(frozen=True)
class DeadLetter:
    """That was announced `tries` times, and no time was its announcement acknowledged."""

    ref: ObjectRef
    tries: int


def parse(event: CloudEvent) -> Finalized | DeadLetter | None:
    """What the event says; None if it is of a type that announces no object.

    Raises:
        RequestError: it is of a type that does, and doesn't hold what it must.
    """
    data = event.get_data()
    if event["type"] == FINALIZED:
        # Cloud Storage sends the generation as text: JSON's numbers are not wide enough for it.
        return Finalized(_object(data, "bucket", "name", "generation"))
    if event["type"] != PUBLISHED:
        return None
    message = data.get("message") if isinstance(data, Mapping) else None
    attributes = message.get("attributes") if isinstance(message, Mapping) else None
    if not isinstance(attributes, Mapping) or attributes.get("eventType") != _NOTIFICATION:
        return None
    ref = _object(attributes, "bucketId", "objectId", "objectGeneration")
    tries = attributes.get(_TRIES)
    return Finalized(ref) if tries is None else DeadLetter(ref, int(tries))


def _object(data: Any, *names: str) -> ObjectRef:
    """The object that the values under these names make: bucket, name and generation."""
    if not isinstance(data, Mapping):
        raise RequestError("the event's data must be a JSON object", code="invalid_event")
    values = zip(("bucket", "name", "generation"), map(data.get, names), strict=True)
    try:
        return ObjectRef.model_validate(dict(values))
    except ValidationError as error:
        _, place, reason = first_fault(error)
        raise RequestError(f"the event's data: {place}: {reason}", code="invalid_event") from error
