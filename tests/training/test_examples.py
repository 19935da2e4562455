"""Other texts that a supplier's form may hold, as they are drawn for measuring."""

import re
from random import Random

import pytest

from core.reading.habit import habit_of
from core.reading.weighing import expected
from training.examples import example
from training.grammar import printed


@pytest.mark.parametrize("arabic", [True, False])
def test_an_example_is_printed_alike_and_is_another(arabic: bool) -> None:
    rng = Random(8)
    alike = told = others = 0
    for _ in range(500):
        field = printed(rng, arabic=arabic)
        other = example(rng, field.label, field.kind)
        others += other != field.label
        habit = habit_of(other, field.kind)
        told += habit is not None
        alike += habit is not None and expected(field.label, field.kind, habit)
    assert others > 450  # of '5' one in ten is the same
    assert told > 470  # nothing is said by what isn't in form
    assert alike > 0.99 * told  # '1.234' is read as thousands in one, as decimals in another


def test_an_example_has_the_same_marks_in_the_same_order() -> None:
    rng = Random(9)
    for _ in range(200):
        field = printed(rng, arabic=True)
        if field.kind != "amount":
            other = example(rng, field.label, field.kind)
            assert re.sub(r"\d+", "0", other) == re.sub(r"\d+", "0", field.label)
