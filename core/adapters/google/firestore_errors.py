"""Errors of Firestore and its client as Khana's: the one place where they are mapped."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from core.adapters.google.credentials import sign_in_error
from core.errors import KhanaError, RequestError, SetupError, TransientError

_EXPIRED = "transaction has expired"
"""What Firestore says when it has forgotten a transaction, or has committed it already."""


@contextmanager
def firestore_errors(what: str) -> Iterator[None]:
    """Maps what the block raises; `what` begins the message.

    Raises:
        ContentionError: others wrote the same; the client has tried again already.
        TransientError: Firestore is out of reach or overloaded.
        SetupError: the database or an index is missing, or this account may not use it.
        RequestError: Firestore refuses the call.
    """
    try:
        yield
    except exceptions.GoogleAPICallError as error:
        raise _refusal(error, what) from error
    except exceptions.RetryError as error:
        raise _out_of_reach(error, what) from error
    except GoogleAuthError as error:
        raise sign_in_error(error) from error
    except ValueError as error:
        # So the client says that a transaction was aborted each time it was tried, or that one
        # can't be rolled back, as it could not be begun: Firestore's answer is behind it.
        refusal = error.__cause__ or error.__context__
        if isinstance(refusal, exceptions.GoogleAPICallError):
            raise _refusal(refusal, what) from error
        if isinstance(refusal, exceptions.RetryError):
            raise _out_of_reach(refusal, what) from error
        raise


def _out_of_reach(error: exceptions.RetryError, what: str) -> TransientError:
    return TransientError(f"{what}: Firestore is out of reach: {error.message}")


class ContentionError(TransientError):
    """A transaction that had to give way: nothing of it is done."""


def _refusal(error: exceptions.GoogleAPICallError, what: str) -> KhanaError:
    said = error.message
    match error:
        case exceptions.Aborted():
            return ContentionError(f"{what}: too many write it at once ({said})")
        case exceptions.InvalidArgument() if _EXPIRED in said:
            return ContentionError(f"{what}: took too long ({said})")
        case exceptions.ServerError() | exceptions.TooManyRequests() | exceptions.Cancelled():
            return TransientError(f"{what}: Firestore asks to come back later ({said})")
        case exceptions.Unauthorized() | exceptions.Forbidden():
            return SetupError(
                f"{what}: Firestore refuses: give this account the role Cloud Datastore User "
                f"({said})",
                code="access_denied",
            )
        case exceptions.FailedPrecondition() if "index" in said:
            return SetupError(
                f"{what}: an index is missing: create those of firestore.indexes.json ({said})",
                code="no_index",
            )
        case exceptions.NotFound():
            return SetupError(
                f"{what}: there is no such Firestore database: create it, or name another ({said})",
                code="no_database",
            )
    return RequestError(f"{what}: Firestore refuses the call ({said})")
