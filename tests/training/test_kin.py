"""Relatives of a face: alike within a line, alike for one seed, and still characters."""

from random import Random

import cv2
import numpy as np
import pytest

from training.kin import Kin

DIGIT = 42.0


def glyph() -> np.ndarray:
    ink = np.zeros((42, 26), np.uint8)
    cv2.line(ink, (20, 2), (20, 40), (255,), 5)
    cv2.line(ink, (4, 4), (20, 10), (255,), 5)
    return ink


def test_one_character_looks_alike_throughout_a_line() -> None:
    kin = Kin.of(Random(1), 1.0)
    first, pad = kin.drawn("٢", glyph(), DIGIT)
    again, _ = kin.drawn("٢", glyph(), DIGIT)
    other, _ = kin.drawn("٣", glyph(), DIGIT)
    assert pad > 0
    assert (first == again).all()
    assert first.shape == other.shape
    assert (first != other).any()


def test_a_seed_names_its_relative() -> None:
    first, second = (Kin.of(Random(4), 1.0).drawn("٢", glyph(), DIGIT)[0] for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_ink_stays_about_as_much_and_within_the_canvas(seed: int) -> None:
    ink, _ = Kin.of(Random(seed), 1.0).drawn("٢", glyph(), DIGIT)
    assert 0.4 < ink.sum() / glyph().sum() < 2.2
    assert ink[0].max() == ink[-1].max() == ink[:, 0].max() == ink[:, -1].max() == 0


def test_small_type_and_blanks_stay_as_they_are() -> None:
    kin = Kin.of(Random(1), 1.0)
    small = glyph()[::4, ::4]
    assert kin.drawn("٢", small, 10.0)[0] is small
    assert kin.drawn(" ", np.zeros((0, 0), np.uint8), DIGIT)[1] == 0
