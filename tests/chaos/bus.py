"""Pub/Sub between the bucket and its reader: at least once, in any order, doubled and late.

Waits, tries and the deadline for an answer are those of infra/terraform/events.tf.
"""

import heapq
import itertools
from collections import Counter
from dataclasses import dataclass

from core.invoice import ObjectRef

from .weather import Weather

FIRST_S, LONGEST_S = 10.0, 600.0
ANSWER_S = 300.0
MAX_TRIES = 10
SOON_S, LATE_S = (0.0, 2.0), (60.0, 900.0)
DOUBLED, LATE = 0.05, 0.03


@dataclass(eq=False)
class Event:
    """What is to be told until somebody acknowledges it. `put` tells its last delivery or wait."""

    ref: ObjectRef
    tries: int = 0
    dead: bool = False
    put: int = 0


class Bus:
    """`count` is of what it has carried."""

    def __init__(self, weather: Weather, bucket: str) -> None:
        self._weather = weather
        self._bucket = bucket
        self._heap: list[tuple[float, int, Event]] = []
        self._number = itertools.count(1)
        self.count: Counter[str] = Counter()

    def created(self, name: str, generation: int) -> None:
        """An object came to be."""
        ref = ObjectRef(bucket=self._bucket, name=name, generation=generation)
        self.count["events"] += 1
        for _ in range(2 if self._weather.happens("events doubled", DOUBLED) else 1):
            late = self._weather.happens("events late by minutes", LATE)
            delay = self._weather.turns.random.uniform(*(LATE_S if late else SOON_S))
            self._put(Event(ref), delay)

    @property
    def empty(self) -> bool:
        return self.next_due() is None

    def next_due(self) -> float | None:
        while self._heap and self._heap[0][2].put != self._heap[0][1]:
            heapq.heappop(self._heap)  # acknowledged, or put off since
        return self._heap[0][0] if self._heap else None

    def take(self) -> Event | None:
        """The next event that is due; it comes again unless it is acknowledged in time."""
        due = self.next_due()
        if due is None or due > self._weather.turns.now:
            return None
        event = heapq.heappop(self._heap)[2]
        event.tries += 1
        self.count["deliveries"] += 1
        self._put(event, ANSWER_S)
        return event

    def acknowledge(self, event: Event) -> None:
        event.put = 0

    def refuse(self, event: Event) -> None:
        """The reader answered with an error, or broke off."""
        if event.dead or event.tries < MAX_TRIES:
            self._put(event, min(LONGEST_S, FIRST_S * 2.0 ** (event.tries - 1)))
        else:
            self.count["dead letters"] += 1
            self.acknowledge(event)
            self._put(Event(event.ref, dead=True), 0.0)

    def _put(self, event: Event, wait: float) -> None:
        event.put = next(self._number)
        heapq.heappush(self._heap, (self._weather.turns.now + wait, event.put, event))
