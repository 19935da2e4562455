"""What the service answers when it doesn't do what was asked."""

from grpc import StatusCode


class Refused(Exception):
    """An answer with a status other than OK."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> Refused:
    return Refused(StatusCode.INVALID_ARGUMENT, message)


def contention() -> Refused:
    return Refused(StatusCode.ABORTED, "Too much contention on these documents. Please try again.")


def unsupported(what: str) -> Refused:
    return Refused(StatusCode.UNIMPLEMENTED, f"The double does not serve {what}.")
