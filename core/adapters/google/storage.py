"""A bucket of Cloud Storage. Eventarc announces its objects: each new generation is an event."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Client  # type: ignore[import-untyped]
from google.cloud.storage.exceptions import DataCorruption  # type: ignore[import-untyped]
from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped]
from requests.exceptions import RequestException

from core.adapters.google.credentials import sign_in_error
from core.errors import (
    KhanaError,
    NotFoundError,
    RequestError,
    SetupError,
    TransientError,
)
from core.invoice import ObjectRef
from core.ports import StoredObject


class GoogleObjectStore:
    """The bucket called `bucket`. `patience` is how many seconds a call is tried again for.

    Every call may be repeated, as each that writes names the generation that it is about: 0 (none)
    to create, the one that is there to announce or delete.
    """

    def __init__(self, client: Client, bucket: str, *, patience: float = 120.0) -> None:
        self._client = client
        self._bucket = bucket
        self._retry: Retry = DEFAULT_RETRY.with_timeout(patience)

    def create(
        self, name: str, data: BinaryIO, *, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """Stores the bytes under `name`, or gives the object that has been there before.

        Raises:
            SetupError: there is no such bucket, or this account may not write to it.
            TransientError: Cloud Storage was out of reach for too long.
        """
        # Most files that come twice come one after the other. They aren't sent only to be refused.
        if (known := self._find(name)) is not None:
            return known
        blob = self._client.bucket(self._bucket).blob(name)
        blob.metadata = dict(metadata)
        start = data.tell()
        size = data.seek(0, os.SEEK_END) - start
        data.seek(start)
        try:
            with _storage_errors(name):
                blob.upload_from_file(
                    data,
                    # Told the size, the client sends up to 8 MiB as one request.
                    size=size,
                    content_type=content_type,
                    if_generation_match=0,
                    retry=self._retry,
                )
        except _Changed as error:
            known = self._find(name)
            if known is None:
                raise TransientError(f"{name}: was deleted while it was created") from error
            return known
        except NotFoundError as error:
            raise self._no_bucket() from error
        return _ref(blob)

    def read(self, ref: ObjectRef) -> StoredObject:
        """That generation of the object, checked against its checksum.

        One that was replaced or deleted is gone, also where the bucket keeps it as an old version:
        else a late event would bring a deleted invoice back, or an earlier request to read it.

        Raises:
            NotFoundError: there is none, or no longer.
            SetupError: this account may not read the bucket.
            TransientError: Cloud Storage was out of reach for too long.
        """
        blob = self._client.bucket(ref.bucket).blob(ref.name, generation=ref.generation)
        with _storage_errors(ref.name):
            blob.reload(retry=self._retry)
            if blob.time_deleted is not None:
                raise NotFoundError(f"{ref.name}: that generation is no longer the object")
            data = blob.download_as_bytes(retry=self._retry)
        return StoredObject(data, blob.metadata or {})

    def announce(self, ref: ObjectRef, metadata: Mapping[str, str]) -> ObjectRef:
        """Has the object announced to the reader once more, and gives the new generation of it.

        metadata: put over that of the object, unless somebody else makes a new generation of it at
            the same moment, whose own then counts.

        Cloud Storage announces a generation once. Changed metadata is another kind of event; a
        rewrite of the object onto itself is a new generation, made of the same bytes without moving
        them (https://cloud.google.com/storage/docs/pubsub-notifications#events).

        Raises:
            NotFoundError: the object is gone.
            SetupError: this account may not write to the bucket.
            TransientError: Cloud Storage was out of reach for too long.
        """
        blob = self._get(ref.bucket, ref.name)
        if blob is None:
            raise NotFoundError(f"{ref.name}: there is no such object")
        blob.metadata = {**(blob.metadata or {}), **metadata}
        token = None
        try:
            with _storage_errors(ref.name):
                # With its own metadata in the request: a rewrite drops what it isn't given.
                while (
                    token := blob.rewrite(
                        blob,
                        token=token,
                        if_generation_match=blob.generation,
                        retry=self._retry,
                    )[0]
                ) is not None:
                    pass
        except (_Changed, NotFoundError):
            # By a newer generation, which announces itself: also one of ours, where the answer to
            # the first try was lost. Or because it was deleted.
            blob = self._get(ref.bucket, ref.name)
            if blob is None:
                raise NotFoundError(f"{ref.name}: there is no such object") from None
        return _ref(blob)

    def delete(self, ref: ObjectRef) -> None:
        """Removes the object; fine if it is gone, or replaced by another generation.

        In a bucket with versions the bytes stay for as long as its lifecycle rules say.

        Raises:
            SetupError: this account may not delete from the bucket.
            TransientError: Cloud Storage was out of reach for too long.
        """
        blob = self._get(ref.bucket, ref.name)
        if blob is None or blob.generation != ref.generation:
            return
        try:
            with _storage_errors(ref.name):
                # By its name alone: naming the generation would remove it for good also where
                # versions are kept.
                self._client.bucket(ref.bucket).blob(ref.name).delete(
                    if_generation_match=ref.generation, retry=self._retry
                )
        except (NotFoundError, _Changed):
            return

    def check(self) -> None:
        """Asks the bucket for the name of one object, which takes what reading and writing take.

        Raises:
            SetupError: there is no such bucket, or this account may not use it.
            TransientError: Cloud Storage was out of reach for too long.
        """
        try:
            with _storage_errors(self._bucket):
                list(self._client.list_blobs(self._bucket, max_results=1, retry=self._retry))
        except NotFoundError as error:
            raise self._no_bucket() from error

    def _no_bucket(self) -> SetupError:
        return SetupError(
            f"There is no bucket {self._bucket}: create it, or name another", code="no_bucket"
        )

    def _find(self, name: str) -> ObjectRef | None:
        blob = self._get(self._bucket, name)
        return None if blob is None else _ref(blob)

    def _get(self, bucket: str, name: str) -> Blob | None:
        """The newest generation of the object, if there is one."""
        with _storage_errors(name):
            return self._client.bucket(bucket).get_blob(name, retry=self._retry)


class _Changed(RequestError):
    """The object is not of the generation that was asked for."""


def _ref(blob: Blob) -> ObjectRef:
    return ObjectRef(bucket=blob.bucket.name, name=blob.name, generation=blob.generation)


@contextmanager
def _storage_errors(name: str) -> Iterator[None]:
    """The one boundary where errors of the client and its transport become Khana's."""
    try:
        yield
    except exceptions.GoogleAPICallError as error:
        raise _refusal(error, name) from error
    except GoogleAuthError as error:
        raise sign_in_error(error) from error
    except (exceptions.RetryError, RequestException, DataCorruption, OSError) as error:
        raise TransientError(f"{name}: Cloud Storage is out of reach: {error}") from error


def _refusal(error: exceptions.GoogleAPICallError, name: str) -> KhanaError:
    if isinstance(error, exceptions.NotFound):
        return NotFoundError(f"{name}: there is no such object")
    if isinstance(error, exceptions.PreconditionFailed):
        return _Changed(f"{name}: was changed meanwhile")
    if isinstance(error, (exceptions.Unauthorized, exceptions.Forbidden)):
        return SetupError(
            f"{name}: Cloud Storage refuses: give this account the role Storage Object User on the "
            f"bucket ({error.message})",
            code="access_denied",
        )
    if isinstance(error, (exceptions.ServerError, exceptions.TooManyRequests)):
        return TransientError(f"{name}: Cloud Storage asks to come back later: {error.message}")
    return RequestError(f"{name}: Cloud Storage refuses the call: {error.message}")
