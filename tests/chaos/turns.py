"""Processes that take turns: one runs at a time, for as long as one call to the outside takes.

Each is a thread of ours that stands for a process of Khana's, with a clock of its own. Which goes
on is settled by simulated time alone; what that is made of comes from the seed.
"""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)
CALL_S = (0.005, 0.1)
"""What a call to the outside takes in simulated time."""
RESTART_S = (1.0, 20.0)


class Killed(BaseException):
    """The end of a process: nothing that it would have done is done."""


class ReaderDied(BaseException):
    """The end of what reads a file, which the process that had it read survives."""


class Ended(BaseException):
    """The end of the simulation."""


class Process:
    """One that takes turns. `skew` is by how much its clock is wrong, in seconds; `reads` while it
    has a reader of its own at work."""

    def __init__(
        self, turns: "Turns", name: str, life: Callable[[], None], *, mortal: bool
    ) -> None:
        self.name = name
        self.mortal = mortal
        self.reads = False
        self.skew = 0.0
        self.dead = False
        self.lives = 0
        self.turn = threading.Semaphore(0)
        self._turns = turns
        self._life = life
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        self.turn.acquire()
        try:
            while True:
                self.dead = False
                self.lives += 1
                try:
                    self._turns.go_on(self)
                    self._life()
                except BaseException:
                    # A library may have hidden our Killed behind an error of its own.
                    if not self.dead:
                        raise
                    self._turns.stay_dead(self._turns.random.uniform(*RESTART_S))
        except Ended:
            pass
        except BaseException as error:
            self._turns.fault = self._turns.fault or error
        finally:
            self._turns.ended(self)


class Turns:
    """The order of turns. `now` is the simulated time in seconds since the start."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 0.0
        self.fault: BaseException | None = None
        self.over = False
        self.steps = 0
        self.processes: list[Process] = []
        self._waiting: list[tuple[float, int, Process]] = []
        self._order = itertools.count()
        self._main = threading.Semaphore(0)
        self._local = threading.local()

    def add(self, name: str, life: Callable[[], None], *, mortal: bool = True) -> Process:
        """A process that lives `life` again and again, also after it was killed."""
        process = Process(self, name, life, mortal=mortal)
        self.processes.append(process)
        self._wake(process, self.now + self.random.random())
        process.thread.start()
        return process

    def run(self, until: Callable[[], bool]) -> None:
        """Lets the processes take turns until that holds, or one raises what it must not."""
        while not until() and self.fault is None:
            at, _, process = heapq.heappop(self._waiting)
            self.now = max(self.now, at)
            process.turn.release()
            self._main.acquire()
        self.over = True
        while self._waiting:
            heapq.heappop(self._waiting)[2].turn.release()
            self._main.acquire()
        for process in self.processes:
            process.thread.join()
        if self.fault is not None:
            raise self.fault

    # What a process calls

    @property
    def current(self) -> Process | None:
        found: Process | None = getattr(self._local, "process", None)
        return found

    def go_on(self, process: Process) -> None:
        self._local.process = process
        if self.over:
            raise Ended

    def pause(self, seconds: float) -> None:
        """Lets the others go on for so long. Raises Killed in a process that is dead."""
        process = self.current
        if process is None:  # the simulation itself, before and after
            self.now += seconds
            return
        self.check(process)
        self._wait(process, seconds)
        self.check(process)

    def stay_dead(self, seconds: float) -> None:
        """The time until somebody starts the process again."""
        process = self.current
        assert process is not None
        self._wait(process, seconds)
        if self.over:
            raise Ended
        process.dead = False

    def _wait(self, process: Process, seconds: float) -> None:
        self.steps += 1
        at = self.now + max(0.0, seconds)
        if not self._waiting or at < self._waiting[0][0]:
            self.now = at
        else:
            self._wake(process, at)
            self._main.release()
            process.turn.acquire()

    def check(self, process: Process) -> None:
        if self.over:
            raise Ended
        if process.dead:
            raise Killed

    def ended(self, process: Process) -> None:
        self._main.release()

    def call(self) -> None:
        """The time of one call to the outside."""
        self.pause(self.random.uniform(*CALL_S))

    def _wake(self, process: Process, at: float) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), process))

    # Time, as each of them sees it

    def clock(self) -> datetime:
        """The time of day, on the clock of whoever asks."""
        process = self.current
        return EPOCH + timedelta(seconds=self.now + (process.skew if process else 0.0))

    def time(self) -> float:
        return self.clock().timestamp()

    def monotonic(self) -> float:
        return self.now

    @contextmanager
    def as_time(self, *modules: str) -> Iterator[None]:
        """Has the modules see simulated time. `module:name` replaces a function, else `time`."""
        whole = SimpleNamespace(
            time=self.time,
            monotonic=self.monotonic,
            sleep=self.pause,
            time_ns=lambda: int(self.time() * 1e9),
        )
        replaced = {"now": self.clock, "monotonic": self.monotonic, "time": whole}
        patches = []
        for each in modules:
            module, _, name = each.partition(":")
            patches.append(patch(f"{module}.{name or 'time'}", replaced[name or "time"]))
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()
