"""How often one caller may ask (a bucket of tokens each, filled at a steady rate), and how many may
do the same at once.

Kept in the memory of the instance: several of them let through as many times as much.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_CALLERS = 10_000
"""Of the others the one that was quiet for longest is forgotten."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """`per_minute` requests of each caller on average, and `burst` at once; 0 for no limit."""

    def __init__(
        self, per_minute: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Takes a token; 0 if there was one, else the seconds until there is one."""
        if self._rate == 0:
            return 0.0
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
            self._buckets.move_to_end(caller)
            if len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
            bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
            bucket.at = now
            if bucket.tokens < 1:
                return (1 - bucket.tokens) / self._rate
            bucket.tokens -= 1
            return 0.0


class AtOnce:
    """So many may be at it at the same time; who comes then is told at once."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    @contextmanager
    def __call__(self) -> Iterator[bool]:
        """Whether there is room; it is taken while the block lasts."""
        room = self._free.acquire(blocking=False)
        try:
            yield room
        finally:
            if room:
                self._free.release()
