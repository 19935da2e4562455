"""What the server refuses by itself, before the app is asked, in the one form of errors, and with a
name in the answer and the log as all else that is answered."""

import json
import time

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask
from waitress.utilities import RequestEntityTooLarge

from core.errors import KhanaError, RequestError
from core.observe import tell
from core.settings import Settings
from functions.answers import error_body, too_large
from functions.api.request_ids import HEADER, named


def install(settings: Settings) -> None:
    """Has waitress refuse so."""

    class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
        def execute(self) -> None:
            begun, fault = time.monotonic(), self.request.error
            error: KhanaError = RequestError(f"the request can't be understood: {fault.body}")
            if isinstance(fault, RequestEntityTooLarge):
                error = too_large(settings.max_file_bytes)
            body = json.dumps({"error": error_body(error, fault.code)}).encode()
            self.status = f"{fault.code} {fault.reason}"
            name = named(self.request.headers.get(HEADER.upper().replace("-", "_"), ""))
            self.response_headers += [("Content-Type", "application/json"), (HEADER, name)]
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(body)
            ms = 1e3 * (time.monotonic() - begun)
            tell("answered", request=name, route="nothing", status=fault.code, ms=ms)

    HTTPChannel.error_task_class = Refusal
