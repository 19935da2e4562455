"""What a page can look like in a picture, and what not."""

import numpy as np
import pytest

from core import geometry
from core.geometry import Floats, shift, stretch

A4 = (827, 1170)
PICTURE = (2339, 1654)
TWICE = stretch(2, 2)


def turned(degrees: float) -> Floats:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return shift(827, 1170) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ shift(-413, -585)


def tilted(amount: float) -> Floats:
    matrix = np.eye(3)
    matrix[2, 1] = amount / A4[1]
    return TWICE @ matrix


@pytest.mark.parametrize(
    ("matrix", "plausible"),
    [
        (TWICE, True),
        (stretch(0.4, 0.4), True),
        (turned(170), True),
        (tilted(0.5), True),
        (-TWICE, True),  # the same in homogeneous coordinates
        (tilted(2.5), False),
        (tilted(-1.5), False),  # across the horizon
        (stretch(-2, 2) @ shift(-827, 0), False),  # from behind
        (stretch(0.05, 0.05), False),
        (stretch(20, 20), False),
        (stretch(2, 0.05), False),
        (np.zeros((3, 3)), False),
        (np.full((3, 3), np.nan), False),
    ],
)
def test_is_plausible(matrix: Floats, plausible: bool) -> None:
    assert geometry.is_plausible(matrix, A4, PICTURE) is plausible


@pytest.mark.filterwarnings("error")
def test_a_page_without_an_extent_is_not_plausible() -> None:
    flat = geometry.stretch(1, 0)
    assert not geometry.is_plausible(flat, A4, PICTURE)
    assert not geometry.is_plausible(geometry.stretch(1e-200, 1), A4, PICTURE)


def test_fit_leaves_out_what_is_off() -> None:
    rng = np.random.default_rng(0)
    source = rng.uniform(0, 1000, (60, 2))
    target = geometry.project(tilted(0.3), source)
    target[:20] = rng.uniform(0, 2000, (20, 2))
    found = geometry.fit(source, target, tolerance=2)
    assert found is not None
    assert np.allclose(geometry.project(found, source[20:]), target[20:], atol=0.01)


def test_points_on_a_line_fit_nothing() -> None:
    source = np.column_stack([np.arange(20.0), np.arange(20.0)])
    assert geometry.fit(source, 2 * source, tolerance=2) is None


def test_half_the_size_has_no_odd_row_or_column() -> None:
    picture = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert np.array_equal(geometry.coarser(picture, 2), [[4, 6, 8], [18, 20, 22]])
