"""Cloud Scheduler: somebody who calls a function again and again."""

import threading
import urllib.error
import urllib.request
from types import TracebackType
from typing import Self

ANSWER_S = 600.0


class Scheduler:
    """Posts to `url` at once and then every `seconds`, whatever it answers."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                with urllib.request.urlopen(self._url, data=b"", timeout=ANSWER_S):
                    pass
            except urllib.error.HTTPError as error:
                error.close()
            except OSError:
                pass  # the next call comes soon enough
            if self._stopping.wait(self._seconds):
                return
