"""Where boxes that are being drawn are read: in extract's image, or by this process."""

import threading
from typing import TYPE_CHECKING

from core.invoice import Outcome
from core.settings import Settings
from functions.api import private

# It loads OpenCV and the model: only whoever draws boxes waits for them.
if TYPE_CHECKING:
    from core.extract import Extractor


class Trials:
    """Those of one app, one at a time: no number of requests takes more memory than one page."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._extractor: Extractor | None = None

    def read(
        self,
        data: bytes,
        template: bytes,
        *,
        name: str,
        reference: bytes | None = None,
        page: int | None = None,
    ) -> Outcome:
        """As `core.trial.try_read`; `failed` for a file that can't be read.

        Raises:
            InputError: it is no template, or its picture can't be used.
            SetupError, TransientError: it can't be read now; the message says why.
        """
        url = self._settings.read_now_url
        if url is not None:
            files = {"file": (name, data), "template": ("template.json", template)}
            if reference is not None:
                files["reference"] = ("reference", reference)
            form = {} if page is None else {"page": str(page)}
            return Outcome.model_validate(private.post(url, files, form))
        from core.trial import try_read  # noqa: PLC0415

        with self._lock:
            if self._extractor is None:
                from core.extract import Extractor  # noqa: PLC0415

                self._extractor = Extractor(self._settings)
            return try_read(
                self._extractor, data, template, name=name, reference=reference, page=page
            )
