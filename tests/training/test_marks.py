"""Marks of our own: each has its place on the line, whatever its shape."""

from random import Random

import numpy as np
import pytest

from training.marks import Marks

DIGIT = 40.0


def extent(marks: Marks, character: str) -> tuple[float, float]:
    """How far the ink reaches down and up, in digit heights above the baseline."""
    ink, _, top, _ = marks.glyph(character, DIGIT)
    rows = np.flatnonzero(ink.any(axis=1))
    return -(top + int(rows[-1]) + 1) / DIGIT, -(top + int(rows[0])) / DIGIT


@pytest.mark.parametrize("seed", range(30))
def test_a_mark_is_known_by_its_place(seed: int) -> None:
    marks = Marks.of(Random(seed))
    point, zero, comma, decimal, group = (extent(marks, c) for c in ".٠,٫٬")
    assert -0.08 < point[0] < 0.15, "a point stands on the line, or little above it"
    assert sum(zero) / 2 > sum(point) / 2 + 0.1, "a zero hangs above it"
    assert comma[0] < -0.02, "a comma goes below it"
    assert decimal[0] < 0.3
    assert group[1] > 0.6, "thousands are marked at the top"
    assert group[0] > decimal[0]


@pytest.mark.parametrize("character", sorted(Marks.DRAWN))
def test_a_mark_has_ink_and_looks_alike_throughout_a_line(character: str) -> None:
    marks = Marks.of(Random(3))
    ink, left, _, advance = marks.glyph(character, DIGIT)
    assert ink.max() == 255
    assert advance > left + ink.shape[1]
    assert marks.glyph(character, DIGIT)[0] is ink
