"""Trying again: how often, how long, and when no more."""

import random

import pytest

from core.adapters.google.retry import Backoff
from core.errors import NotFoundError, TransientError


class Flaky:
    """Raises the errors it is given, one a call, then gives "done"."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def away(times: int) -> Flaky:
    return Flaky(*(TransientError(f"away {number}") for number in range(times)))


def test_the_longest_wait_doubles_up_to_a_limit(time):
    assert time.backoff(first=1, longest=5).run(away(5)) == "done"
    assert time.waits == [1, 2, 4, 5, 5]


def test_no_try_begins_after_the_budget_and_the_last_error_is_raised(time):
    call = away(100)
    with pytest.raises(TransientError, match="away 3"):
        time.backoff(first=1, budget=10).run(call)
    assert (call.calls, time.now) == (4, 7)


def test_time_that_the_call_takes_counts(time):
    def slow() -> str:
        time.now += 6
        raise TransientError("away")

    with pytest.raises(TransientError):
        time.backoff(first=1, budget=10).run(slow)
    assert time.waits == [1]


def test_what_will_not_pass_is_raised_at_once(time):
    call = Flaky(NotFoundError("gone"))
    with pytest.raises(NotFoundError):
        time.backoff().run(call)
    assert (call.calls, time.waits) == (1, [])


def test_the_jitter_is_full(time):
    draw = random.Random(7)
    for _ in range(500):
        Backoff(first=4, sleep=time.sleep, clock=lambda: 0.0, uniform=draw.uniform).run(away(1))
    assert all(0 <= wait <= 4 for wait in time.waits)
    # Evenly from nothing to the whole: a tenth of the waits in each tenth of the time.
    tenths = [sum(tenth <= wait / 0.4 < tenth + 1 for wait in time.waits) for tenth in range(10)]
    assert min(tenths) > 25
