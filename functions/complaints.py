"""Lasting trouble, said once and then rarely: what is tried each second would fill the log."""

import logging
import time

SAY_AGAIN_S = 600.0
"""Until the same trouble is said once more."""


class Complaints:
    """What was complained of last, by what it is about; from any thread."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, about: str, message: str, level: int = logging.ERROR) -> None:
        """Says the message, unless it was the last about this, said a short time ago."""
        said, at = self._said.get(about, ("", 0.0))
        if message == said and time.monotonic() < at + SAY_AGAIN_S:
            return
        self._said[about] = message, time.monotonic()
        self._log.log(level, "%s", message)

    def over(self, about: str) -> None:
        """It went well, which is said after trouble: the next about this is new."""
        if self._said.pop(about, None) is not None:
            self._log.warning("%s: all right again", about)
