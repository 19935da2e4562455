"""How long each stage of reading a file took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the time of each stage, in milliseconds."""

    def __init__(self) -> None:
        self._ns: dict[str, int] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            self._ns[stage] = self._ns.get(stage, 0) + time.perf_counter_ns() - start

    @property
    def timings_ms(self) -> dict[str, float]:
        return {stage: round(ns / 1e6, 3) for stage, ns in self._ns.items()}
