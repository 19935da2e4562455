"""What the server refuses by itself, before the app is asked, in the one form of errors."""

import json

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask
from waitress.utilities import RequestEntityTooLarge

from core.errors import FileError, KhanaError, RequestError
from core.settings import Settings
from functions.answers import error_body


def install(settings: Settings) -> None:
    """Has waitress refuse so."""

    class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
        def execute(self) -> None:
            fault = self.request.error
            error: KhanaError = RequestError(f"the request can't be understood: {fault.body}")
            if isinstance(fault, RequestEntityTooLarge):
                error = FileError(
                    f"the file is larger than the limit of {settings.max_file_bytes:,} bytes",
                    code="file_too_large",
                )
            body = json.dumps({"error": error_body(error, fault.code)}).encode()
            self.status = f"{fault.code} {fault.reason}"
            self.response_headers.append(("Content-Type", "application/json"))
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(body)

    HTTPChannel.error_task_class = Refusal
