"""Arabic-Indic digits drawn by ourselves: a typeface of its own for each line.

Few faces draw these digits, and those that do copy each other. What makes a digit is the course of
its stroke: ٣ has a tooth more than ٢, ٧ opens where ٨ closes. Here that course is given in a few
ways for each digit, from a calligrapher's to a draughtsman's, and everything else is thrown anew:
how round its corners are, which pen draws it, how wide, how heavy and how slanted it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Glyph = tuple[Mask, int, int, float]
"""Ink, where it is from the pen (left, top), and how far the pen goes on, all in pixels."""
Point = tuple[float, float]

_FINE = 8
"""Strokes are placed to this fraction of a pixel."""

# Courses of the pen in digit heights, from the baseline up. Each is a list of strokes; "sharp" and
# "round" ways of one digit stand beside each other, for corners are rounded at random anyway.
_COURSES: dict[str, list[list[list[Point]]]] = {
    "١": [
        [[(0.0, 1.0), (0.0, 0.0)]],
        [[(0.0, 1.0), (0.1, 0.5), (0.12, 0.0)]],
        [[(0.0, 0.82), (0.06, 1.0), (0.12, 0.6), (0.14, 0.0)]],
        [[(0.0, 1.0), (0.16, 0.0)]],
    ],
    "٢": [
        [
            [(0.0, 1.0), (0.1, 0.5), (0.12, 0.0)],
            [(0.02, 0.86), (0.2, 0.74), (0.38, 0.8), (0.42, 1)],
        ],
        [[(0.46, 0.96), (0.2, 1.0), (0.02, 0.9), (0.0, 0.5), (0.0, 0.0)]],
        [[(0.46, 1.0), (0.0, 1.0), (0.0, 0.0)]],
        [[(0.0, 1.0), (0.0, 0.0)], [(0.42, 1.0), (0.42, 0.62), (0.0, 0.62)]],
        [[(0.0, 1.0), (0.08, 0.7), (0.14, 0.0)], [(0.07, 0.72), (0.25, 0.7), (0.44, 0.98)]],
        [[(0.0, 1.0), (0.0, 0.0)], [(0.0, 0.7), (0.2, 0.6), (0.4, 0.7), (0.42, 1.0)]],
    ],
    "٣": [
        [
            [(0.0, 1.0), (0.1, 0.5), (0.12, 0.0)],
            [(0.02, 0.86), (0.14, 0.74), (0.28, 0.8), (0.32, 1)],
            [(0.31, 0.86), (0.42, 0.76), (0.56, 0.8), (0.6, 1)],
        ],
        [
            [(0.0, 1.0), (0.0, 0.0)],
            [(0.7, 1.0), (0.7, 0.6), (0.0, 0.6)],
            [(0.35, 1.0), (0.35, 0.6)],
        ],
        [
            [(0.0, 1.0), (0.0, 0.0)],
            [(0.0, 0.68), (0.16, 0.6), (0.32, 0.68), (0.33, 1.0)],
            [(0.33, 0.68), (0.5, 0.6), (0.64, 0.68), (0.66, 1.0)],
        ],
        [
            [(0.0, 1.0), (0.08, 0.7), (0.14, 0.0)],
            [(0.07, 0.74), (0.2, 0.7), (0.3, 0.96), (0.36, 0.72), (0.5, 0.7), (0.62, 0.98)],
        ],
        [
            [(0.0, 1.0), (0.0, 0.0)],
            [(0.0, 0.72), (0.24, 0.66), (0.3, 0.94), (0.38, 0.66), (0.62, 1)],
        ],
    ],
    "٤": [
        [
            [
                (0.42, 1),
                (0.1, 0.92),
                (0.06, 0.72),
                (0.34, 0.54),
                (0.04, 0.4),
                (0.02, 0.1),
                (0.46, 0.04),
            ]
        ],
        [[(0.44, 1.0), (0.06, 0.8), (0.38, 0.56), (0.0, 0.2), (0.1, 0.0), (0.5, 0.04)]],
        [[(0.46, 1), (0.04, 1), (0.04, 0.54), (0.36, 0.54)], [(0.04, 0.54), (0.04, 0), (0.48, 0)]],
        [[(0.38, 0.98), (0.08, 0.8), (0.36, 0.56), (0.06, 0.36), (0.08, 0.06), (0.5, 0.0)]],
    ],
    "٥": [
        [
            [
                (0.26, 0.9),
                (0.04, 0.62),
                (0.04, 0.2),
                (0.26, 0.02),
                (0.48, 0.2),
                (0.48, 0.62),
                (0.26, 0.9),
            ]
        ],
        [[(0.0, 1.0), (0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]],
        [[(0.2, 0.92), (0.0, 0.3), (0.16, 0.02), (0.42, 0.06), (0.5, 0.36), (0.2, 0.92)]],
        [
            [
                (0.27, 0.7),
                (0.02, 0.5),
                (0.02, 0.2),
                (0.27, 0.04),
                (0.52, 0.2),
                (0.52, 0.5),
                (0.27, 0.7),
            ]
        ],
    ],
    "٦": [
        [[(0.0, 1.0), (0.04, 0.84), (0.38, 0.86), (0.42, 0.5), (0.48, 0.0)]],
        [[(0.0, 1.0), (0.42, 1.0), (0.42, 0.0)]],
        [[(0.0, 0.98), (0.3, 0.98), (0.38, 0.86), (0.4, 0.4), (0.44, 0.0)]],
        [[(0.0, 1.0), (0.0, 0.76), (0.4, 0.76), (0.4, 0.0)]],
    ],
    "٧": [
        [[(0.0, 1.0), (0.3, 0.0), (0.6, 1.0)]],
        [[(0.0, 0.98), (0.18, 0.6), (0.28, 0.0), (0.38, 0.6), (0.58, 1.0)]],
        [[(0.0, 1.0), (0.0, 0.7), (0.28, 0.0), (0.56, 0.7), (0.56, 1.0)]],
    ],
    "٨": [
        [[(0.0, 0.0), (0.3, 1.0), (0.6, 0.0)]],
        [[(0.0, 0.02), (0.2, 0.4), (0.28, 1.0), (0.38, 0.4), (0.58, 0.0)]],
        [[(0.0, 0.0), (0.0, 0.3), (0.28, 1.0), (0.56, 0.3), (0.56, 0.0)]],
        [[(0.14, 1.0), (0.3, 0.94), (0.44, 0.4), (0.6, 0.0)], [(0.3, 0.9), (0.2, 0.4), (0.0, 0.0)]],
    ],
    "٩": [
        [
            [
                (0.4, 0.7),
                (0.2, 0.56),
                (0.02, 0.68),
                (0.06, 0.92),
                (0.24, 1.0),
                (0.4, 0.86),
                (0.4, 0.7),
            ],
            [(0.4, 0.86), (0.42, 0.4), (0.46, 0.0)],
        ],
        [[(0.44, 0.56), (0.0, 0.56), (0.0, 1.0), (0.44, 1.0), (0.44, 0.0)]],
        [
            [(0.36, 0.66), (0.16, 0.6), (0.0, 0.76), (0.12, 0.98), (0.34, 0.9), (0.36, 0.66)],
            [(0.35, 0.9), (0.4, 0.4), (0.5, 0.0)],
        ],
    ],
}


@dataclass(slots=True)
class Strokes:
    """The digits of one line.

    ways: of each digit which course it takes. roundness: how often corners are cut (Chaikin 1974),
    0 to 3. pen: half the width of the stroke in digit heights; flat: how much thinner it is
    crosswise; angle: of the flat pen, in radians. matrix: 2×2, what shapes are stretched and
    slanted by. shaken: by how much points stray. low: how far the digits reach under the line.
    """

    DRAWN: ClassVar = frozenset("١٢٣٤٥٦٧٨٩")
    ways: dict[str, int]
    roundness: int
    pen: float
    flat: float
    angle: float
    matrix: NDArray[np.float64]
    shaken: float
    square: bool
    low: float
    bearing: float
    noise: np.random.Generator
    _drawn: dict[str, Glyph] = field(default_factory=dict)

    @classmethod
    def of(cls, rng: Random) -> Self:
        flat = rng.choice([1.0, 1.0, rng.uniform(0.3, 0.9)])
        wide = rng.uniform(0.75, 1.35)
        return cls(
            {digit: rng.randrange(len(courses)) for digit, courses in _COURSES.items()},
            rng.choice([0, 1, 2, 3]),
            rng.choice([rng.uniform(0.025, 0.06), rng.uniform(0.05, 0.1)]),
            flat,
            rng.uniform(0.3, 1.2),
            np.array([[wide, rng.choice([0, 0, rng.uniform(-0.1, 0.2)])], [0, 1]]),
            rng.choice([0.0, 0.015, 0.03]),
            rng.random() < 0.4,
            rng.choice([0.0, 0.0, rng.uniform(0, 0.1)]),
            rng.uniform(0.06, 0.16),
            np.random.default_rng(rng.getrandbits(64)),
        )

    def glyph(self, character: str, digit: float) -> Glyph:
        """One of DRAWN, `digit` pixels tall."""
        if character not in self._drawn:
            self._drawn[character] = self._glyph(character, digit)
        return self._drawn[character]

    def _glyph(self, character: str, digit: float) -> Glyph:
        pad = round(0.4 * digit)
        ink = np.zeros((round(1.3 * digit) + 2 * pad, round(1.3 * digit) + 2 * pad), np.uint8)
        base = ink.shape[0] - pad
        for stroke in _COURSES[character][self.ways[character]]:
            points = np.array(stroke) + self.noise.normal(0, self.shaken, (len(stroke), 2))
            if stroke[0] == stroke[-1]:
                points[-1] = points[0]
            points = _cut(points, self.roundness) @ self.matrix.T
            # Its own half width is inside the digit's height, as in a face.
            points[:, 1] = self.pen + points[:, 1] * (1 - 2 * self.pen) - self.low
            self._draw(ink, [(pad + x * digit, base - y * digit) for x, y in points], digit)
        left, top, width, height = cv2.boundingRect(ink)
        bearing = self.bearing * digit
        cut = ink[top : top + height, left : left + width]
        return cut, round(bearing), top - base, width + 2 * bearing

    def _draw(self, ink: Mask, points: Sequence[Point], digit: float) -> None:
        """Sweeps the pen along the points: between two of them it covers the hull of its two
        places."""
        nib = self._nib(digit)
        for here, there in pairwise(points):
            both = np.concatenate((nib + np.array(here), nib + np.array(there)))
            hull = cv2.convexHull(np.round(both * _FINE).astype(np.int32))
            cv2.fillConvexPoly(ink, hull, (255,), cv2.LINE_AA, 3)

    def _nib(self, digit: float) -> NDArray[np.float64]:
        half = self.pen * digit
        if self.square:
            corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
            return corners * (half, half * self.flat)
        turns = np.arange(8) * math.pi / 4
        corners = np.stack((np.cos(turns), self.flat * np.sin(turns)), axis=1) * half
        turn = -self.angle if self.flat < 1 else 0.0
        c, s = math.cos(turn), math.sin(turn)
        return np.asarray(corners @ np.array([[c, s], [-s, c]]))


def _cut(points: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """The polyline with its corners cut, its ends kept."""
    for _ in range(times if len(points) > 2 else 0):
        near, far = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        between = np.stack((near, far), axis=1).reshape(-1, 2)
        points = np.concatenate((points[:1], between[1:-1], points[-1:]))
    return points
