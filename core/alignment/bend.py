"""How a bent or folded sheet departs from a flat one: a smooth field of small displacements.

A penalised spline (Eilers and Marx, "Flexible smoothing with B-splines and penalties", Statistical
Science 1996) in two dimensions: displacements were measured at some points, and with noise.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Self

import numpy as np

from core.geometry import Floats

_COLUMNS, _ROWS = 8, 10
"""Coefficients across and down the page."""
_STIFFNESS = 0.02
"""Ten times more cuts the corner of folds."""
_PULL = 1e-6
"""Towards no displacement, for where nothing was measured."""


@dataclass(frozen=True, eq=False)
class Bend:
    """Displacements over a page of `size` (width, height), in its units."""

    size: tuple[int, int]
    coefficients: Floats = field(repr=False)

    @classmethod
    def through(cls, points: Floats, displacements: Floats, size: tuple[int, int]) -> Self:
        """The field that goes about through N×2 displacements at N×2 points of the page."""
        basis = _basis(points, size)
        squares = basis.T @ basis + _penalty()
        coefficients = np.linalg.solve(squares, basis.T @ displacements)
        return cls(size, np.asarray(coefficients, np.float64))

    def at(self, points: Floats) -> Floats:
        """The displacements of N×2 points, N×2; beyond the page as at its nearest edge."""
        displacements: Floats = _basis(points, self.size) @ self.coefficients
        return displacements

    def scaled(self, size: tuple[int, int]) -> Self:
        """The same for a page of another size."""
        return type(self)(size, self.coefficients * np.array(size) / self.size)


def _basis(points: Floats, size: tuple[int, int]) -> Floats:
    """How much each coefficient counts at each point: N×(rows·columns)."""
    across = _splines(points[:, 0] / size[0], _COLUMNS)
    down = _splines(points[:, 1] / size[1], _ROWS)
    products: Floats = (down[:, :, None] * across[:, None, :]).reshape(len(points), -1)
    return products


def _splines(at: Floats, count: int) -> Floats:
    """The uniform cubic B-splines that cover [0, 1]: N×count."""
    intervals = count - 3
    place = np.clip(at, 0, 1) * intervals
    first = np.minimum(place.astype(int), intervals - 1)
    t = place - first
    values = np.zeros((len(at), count))
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for step, weight in enumerate(weights):
        values[np.arange(len(at)), first + step] = weight / 6
    return values


@cache
def _penalty() -> Floats:
    """Of what is not plane: second differences across, down, and of both."""
    across, down = np.eye(_COLUMNS), np.eye(_ROWS)
    parts = [
        np.kron(down, np.diff(across, 2, axis=0)),
        np.kron(np.diff(down, 2, axis=0), across),
        np.sqrt(2) * np.kron(np.diff(down, axis=0), np.diff(across, axis=0)),
    ]
    stiff = sum(part.T @ part for part in parts)
    penalty: Floats = _STIFFNESS * stiff + _PULL * np.eye(_COLUMNS * _ROWS)
    return penalty
