"""Every error that Khana raises on purpose.

    KhanaError
    ├── InputError             the input is wrong and will stay wrong: never retried
    │   ├── FileError          an invoice file that can't be read
    │   ├── TemplateError      a template that can't be used
    │   └── RequestError       a call that asks for what can't be
    │       ├── NotFoundError
    │       └── ConflictError  it was changed meanwhile
    ├── TransientError         the same call may succeed later: retried with backoff
    │   └── BusyError          somebody else is at it
    └── SetupError             this installation lacks something; the message says what to do

Errors of libraries become one of these at the boundary where the library is called. Each carries a
stable `code` in snake case (programs branch on it) and one sentence for people that names the thing
and the reason.
"""

from typing import ClassVar


class KhanaError(Exception):
    """Base of all. `code` is stable across releases; `message` is for people and may change."""

    default_code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message


class InputError(KhanaError):
    default_code = "invalid_input"


class FileError(InputError):
    """Codes: empty_file, unsupported_format, corrupt_file, truncated_file, file_too_large,
    image_too_large, image_too_small, too_many_pages, password_needed, no_such_page, read_timeout,
    reader_crashed, file_unreadable, not_found, access_denied."""

    default_code = "corrupt_file"


class TemplateError(InputError):
    """Codes: invalid_template, box_outside_page, duplicate_field, invalid_rule, template_missing,
    reference_missing, reference_unusable."""

    default_code = "invalid_template"


class RequestError(InputError):
    default_code = "invalid_request"


class NotFoundError(RequestError):
    default_code = "not_found"


class ConflictError(RequestError):
    default_code = "conflict"


class TransientError(KhanaError):
    default_code = "unavailable"


class BusyError(TransientError):
    default_code = "busy"


class SetupError(KhanaError):
    default_code = "setup"
