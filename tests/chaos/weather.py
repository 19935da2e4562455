"""What befalls calls and processes, drawn from the seed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .turns import ReaderDied, Turns

OUTAGE_S = (5.0, 400.0)
JUMP_S = 3600.0
ALONE = 0.7
"""Share of the deaths on one machine, while something is read, that are a reader's alone."""


@dataclass
class Weather:
    """Chances for each call to the outside; `calm` is a day without faults.

    A service that refuses does so once or, with the chance `outage`, for minutes on end. On
    `one_machine` all processes have one clock and die together, `killed` times up to now.
    """

    turns: Turns
    calm: bool = False
    refusal: float = 0.02
    outage: float = 0.005
    lost: float = 0.01
    kill: float = 0.0008
    jump: float = 0.0002
    one_machine: bool = False
    killed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    _away: dict[str, float] = field(default_factory=dict)

    def before(self, service: str) -> bool:
        """The time of a call; whether the service refuses it. Raises Killed."""
        turns, draw = self.turns, self.turns.random.random
        turns.call()
        process = turns.current
        if process is None or self.calm:
            return False
        self.may_end()
        if draw() < self.jump:
            self.met["clock jumped"] += 1
            skew = turns.random.uniform(-JUMP_S, JUMP_S)
            for each in turns.processes if self.one_machine else [process]:
                each.skew = skew
        if turns.now < self._away.get(service, 0.0):
            self.met[f"{service}: away"] += 1
            return True
        if draw() >= self.refusal:
            return False
        if draw() < self.outage:
            self._away[service] = turns.now + turns.random.uniform(*OUTAGE_S)
            self.met[f"{service}: outages"] += 1
        self.met[f"{service}: refused"] += 1
        return True

    def after(self, service: str, *, may_be_lost: bool = True) -> bool:
        """After a call that was done: whether its answer is lost. Raises Killed."""
        turns = self.turns
        if turns.current is None or self.calm:
            return False
        turns.check(turns.current)
        self.may_end()
        if may_be_lost and turns.random.random() < self.lost:
            self.met[f"{service}: done, answer lost"] += 1
            return True
        return False

    def may_end(self) -> None:
        """Raises Killed, or ReaderDied, if this is where a process ends."""
        turns = self.turns
        process = turns.current
        if process is None or self.calm or turns.random.random() >= self.kill:
            return
        if self.one_machine and process.reads and turns.random.random() < ALONE:
            self.met["readers killed"] += 1
            raise ReaderDied
        self.met["processes killed"] += 1
        self.killed += 1
        for each in turns.processes if self.one_machine else [process]:
            each.dead = each.mortal
        turns.check(process)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While this lasts, what dies may be a reader alone."""
        process = self.turns.current
        assert process is not None
        process.reads = True
        try:
            yield
        finally:
            process.reads = False

    def happens(self, what: str, chance: float) -> bool:
        """Whether something of that chance happens on a day like this."""
        if self.calm or self.turns.random.random() >= chance:
            return False
        self.met[what] += 1
        return True

    def clear(self) -> None:
        """From now on nothing goes wrong, and every clock is right."""
        self.calm = True
        self._away.clear()
        for process in self.turns.processes:
            process.skew = 0.0
