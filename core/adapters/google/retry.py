"""Trying again, with exponential backoff and full jitter, within a budget of time."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.errors import TransientError

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Backoff:
    """How long to wait for a service that is busy or away. All times in seconds.

    The n-th wait is drawn evenly from 0 to `first * 2**n`, at most `longest`: drawing from 0
    spreads callers that were refused together better than a few per cent of jitter would
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    first: float = 1.0
    longest: float = 32.0
    budget: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    def run(self, call: Callable[[], T]) -> T:
        """What `call` gives, which is tried again for as long as it raises TransientError.

        Raises:
            TransientError: the last one, once the next try would begin after the budget's end.
        """
        end = self.clock() + self.budget
        limit = self.first
        while True:
            try:
                return call()
            except TransientError as error:
                wait = self.uniform(0, limit)
                if self.clock() + wait > end:
                    raise
                log.info("trying again in %.1f s: %s", wait, error.message)
            self.sleep(wait)
            limit = min(self.longest, 2 * limit)
