"""Digits of our own: what tells two of them apart is there in every drawing of them."""

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from training.strokes import Strokes

DIGIT = 40.0
SEEDS = pytest.mark.parametrize("seed", range(25))


def drawn(seed: int, character: str) -> NDArray[np.bool_]:
    ink, *_ = Strokes.of(Random(seed)).glyph(character, DIGIT)
    return ink > 127


def strokes_across(row: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(np.diff(row.astype(int), prepend=0) == 1))


@SEEDS
def test_a_three_has_more_teeth_than_a_two(seed: int) -> None:
    most = {}
    for character in "٢٣":
        ink = drawn(seed, character)
        top = ink[: len(ink) // 2]
        most[character] = max(strokes_across(row) for row in top)
    assert most["٣"] >= most["٢"]
    assert most["٢"] <= 2


@SEEDS
def test_a_seven_opens_upwards_and_an_eight_downwards(seed: int) -> None:
    seven, eight = drawn(seed, "٧"), drawn(seed, "٨")
    for ink, end in ((seven, len(seven) // 8), (eight, -len(eight) // 8)):
        assert strokes_across(ink[end]) == 2
    assert strokes_across(seven[-2]) == 1


@SEEDS
def test_a_five_is_closed(seed: int) -> None:
    ink = drawn(seed, "٥")
    height, width = ink.shape
    assert strokes_across(ink[height // 2]) == 2
    assert strokes_across(ink[:, width // 2]) == 2


@pytest.mark.parametrize("character", sorted(Strokes.DRAWN))
def test_a_digit_looks_alike_throughout_a_line(character: str) -> None:
    strokes = Strokes.of(Random(3))
    ink, left, top, advance = strokes.glyph(character, DIGIT)
    assert ink.max() == 255
    assert 0.4 * DIGIT < -top < 1.2 * DIGIT
    assert advance > left + ink.shape[1]
    assert strokes.glyph(character, DIGIT)[0] is ink
