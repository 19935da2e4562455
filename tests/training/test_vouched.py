"""Invoices that add up, as they are drawn for measuring."""

from random import Random

import pytest

from core.template import Kind
from core.values.parse import parse_value
from training.grammar import sums
from training.vouched import measured


@pytest.mark.parametrize("arabic", [True, False])
def test_drawn_amounts_add_up(arabic: bool) -> None:
    rng = Random(5)
    for _ in range(50):
        (subtotal, _), (tax, _), (total, _) = sums(rng, arabic=arabic)
        assert subtotal + tax == total


def test_drawn_amounts_are_printed_digit_by_digit() -> None:
    rng = Random(6)
    for _ in range(50):
        for amount, printed in sums(rng, arabic=False):
            digits = "".join(filter(str.isdigit, printed.label))
            assert int(digits) == int("".join(map(str, amount.as_tuple().digits)))
            assert parse_value(Kind.AMOUNT, printed.label).value is not None


def test_more_invoices_need_no_review() -> None:
    counts = measured("small", "validation", 40)
    assert counts.invoices == 40
    assert counts.alone < counts.vouched
    assert counts.vouched_wrong <= 1
