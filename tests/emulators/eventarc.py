"""Eventarc and Pub/Sub between a bucket and its reader: at least once, with tries and dead letters.

The forms are Google's: a CloudEvent in binary mode with the object's resource as its data, and, for
a dead letter, what a push subscription of the dead-letter topic sends
(https://cloud.google.com/eventarc/docs/event-format, https://cloud.google.com/pubsub/docs/push,
https://cloud.google.com/pubsub/docs/handling-failures).
"""

import base64
import heapq
import itertools
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from google.cloud.exceptions import GoogleCloudError
from google.cloud.storage import Client

from core.invoice import ObjectRef

FINALIZED = "google.cloud.storage.object.v1.finalized"

POLL_S = 0.1
"""Between looks at the bucket: what fake-gcs-server can tell of new objects needs a Pub/Sub."""

ANSWER_S = 600.0
"""Longest wait for an answer: Pub/Sub's longest acknowledgement deadline."""


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: bytes


def finalized(ref: ObjectRef, *, kind: str = FINALIZED, event_id: str = "1") -> Request:
    """What Eventarc sends when the object is there."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": kind,
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{ref.bucket}",
        "ce-subject": f"objects/{ref.name}",
        "content-type": "application/json",
    }
    return Request(headers, json.dumps(_resource(ref)).encode())


def notification(ref: ObjectRef, *, tries: int | None = None) -> dict[str, Any]:
    """A message of Cloud Storage; with `tries`, as it is forwarded to a dead-letter topic."""
    attributes = {
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "JSON_API_V1",
        "bucketId": ref.bucket,
        "objectId": ref.name,
        "objectGeneration": str(ref.generation),
    }
    if tries is not None:
        attributes["CloudPubSubDeadLetterSourceDeliveryCount"] = str(tries)
        attributes["CloudPubSubDeadLetterSourceSubscription"] = "khana-extract"
    return {
        "attributes": attributes,
        "data": base64.b64encode(json.dumps(_resource(ref)).encode()).decode(),
        "messageId": uuid.uuid4().hex,
        "publishTime": "2026-01-01T00:00:00Z",
    }


def pushed(message: dict[str, Any]) -> Request:
    """What a push subscription sends."""
    body = {"message": message, "subscription": "projects/khana/subscriptions/khana-dead-letters"}
    return Request({"content-type": "application/json"}, json.dumps(body).encode())


def published(message: dict[str, Any]) -> Request:
    """What Eventarc sends of the same message."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": message["messageId"],
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/khana/topics/khana-dead-letters",
    }
    request = pushed(message)
    return Request(request.headers | headers, request.body)


def send(url: str, request: Request) -> int:
    """The status that `url` answers; 0 if it doesn't."""
    asked = urllib.request.Request(url, data=request.body, headers=request.headers)
    try:
        with urllib.request.urlopen(asked, timeout=ANSWER_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


@dataclass(order=True)
class _Due:
    at: float
    number: int
    ref: ObjectRef = field(compare=False)
    tries: int = field(compare=False, default=0)
    dead: bool = field(compare=False, default=False)


class Eventarc:
    """Tells `url` of each object of the bucket, those already there included, until it answers 2xx.

    The n-th pause between two tries is `first * 2**n` seconds, at most `longest`. After `max_tries`
    the event becomes a dead letter, which `url` is told of in the same way, without an end.
    """

    def __init__(
        self,
        client: Client,
        bucket: str,
        url: str,
        *,
        max_tries: int = 5,
        first: float = 0.5,
        longest: float = 10.0,
        readers: int = 2,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._url = url
        self._max_tries = max_tries
        self._first = first
        self._longest = longest
        self._known: set[tuple[str, int]] = set()
        self._due: list[_Due] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="eventarc")
        self._threads = [threading.Thread(target=each) for each in (self._look, self._deliver)]
        self.dead_letters: list[ObjectRef] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._readers.shutdown(cancel_futures=True)

    def _look(self) -> None:
        while not self._stopping:
            try:
                # Never tried again: at the end the bucket may be gone before who looks at it.
                found = list(self._client.list_blobs(self._bucket, retry=None))
            except (GoogleCloudError, OSError):
                found = []  # it is found at the next look
            for blob in found:
                if (blob.name, blob.generation) not in self._known:
                    self._known.add((blob.name, blob.generation))
                    ref = ObjectRef(bucket=self._bucket, name=blob.name, generation=blob.generation)
                    self._put(_Due(time.monotonic(), next(self._number), ref))
            with self._changed:
                if not self._stopping:
                    self._changed.wait(POLL_S)

    def _put(self, due: _Due) -> None:
        with self._changed:
            heapq.heappush(self._due, due)
            self._changed.notify_all()

    def _deliver(self) -> None:
        with self._changed:
            while not self._stopping:
                pause = self._due[0].at - time.monotonic() if self._due else None
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                else:
                    self._readers.submit(self._try, heapq.heappop(self._due))

    def _try(self, due: _Due) -> None:
        request = (
            pushed(notification(due.ref, tries=self._max_tries))
            if due.dead
            else finalized(due.ref, event_id=str(due.number))
        )
        if 200 <= send(self._url, request) < 300:
            return
        pause = min(self._longest, self._first * 2.0**due.tries)
        due = _Due(time.monotonic() + pause, due.number, due.ref, due.tries + 1, due.dead)
        if not due.dead and due.tries >= self._max_tries:
            self.dead_letters.append(due.ref)
            due = _Due(time.monotonic(), due.number, due.ref, dead=True)
        self._put(due)


def _resource(ref: ObjectRef) -> dict[str, str]:
    return {
        "kind": "storage#object",
        "bucket": ref.bucket,
        "name": ref.name,
        "generation": str(ref.generation),
        "contentType": "application/octet-stream",
    }
