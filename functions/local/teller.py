"""Has webhooks told, as Cloud Scheduler does, but more often."""

import threading
from collections.abc import Callable

INTERVAL_S = 1.0
"""Between rounds; one without anything to tell costs a look at the store."""


class Teller:
    """A thread that calls `tell`, which raises nothing, until it is stopped."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._stopping = threading.Event()
        # A daemon: a slow receiver must not keep the server, and what it has comes back.
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float) -> None:
        """Returns when a round under way is over, or after `patience` seconds."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            self._tell()
