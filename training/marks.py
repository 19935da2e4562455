"""Marks drawn by ourselves: '.', ',', '٫', '٬' and '٠' in shapes of their own for a line.

Few faces have Arabic-Indic digits, half of these lack '٫' and '٬', and the rest draw them in a few
ways only. With marks of any size, shape and place every design of digits stands beside every design
of marks, so what the network learns of a mark is its place on the line and not its face.
"""

from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

_FINE = 8
"""Strokes are placed to this fraction of a pixel."""


@dataclass(slots=True)
class Marks:
    """The marks of one line. Lengths are in digit heights; heights are above the baseline.

    dot: half the width of '.', which stands `lift` above the baseline. corners: of the polygon
    that a dot is (a square's stand level, a diamond's upright). zero: half the width of '٠', and
    `middle` its height. tail: how far a comma goes down from its head, and `lean` how far to the
    left on the way. decimal: where '٫' begins; group: where '٬' does. bearing: blank on each
    side.
    """

    DRAWN: ClassVar = frozenset(".,٫٬٠")
    dot: float
    lift: float
    corners: str
    zero: float
    middle: float
    tail: float
    lean: float
    decimal: float
    group: float
    bearing: float
    headed: bool
    _drawn: dict[str, tuple[Mask, int, int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, rng: Random) -> Self:
        dot = rng.uniform(0.05, 0.14)
        lift = rng.choice([0.0, 0.0, rng.uniform(0.0, 0.12)])
        corners = rng.choice(["disc", "square", "diamond"])
        return cls(
            dot,
            lift,
            corners,
            min(0.2, max(0.065, dot * rng.uniform(0.7, 1.9))),
            # Where '.' stands high, '٠' does so too, or nobody could tell them apart.
            rng.uniform(max(0.3, lift + dot + 0.14), 0.56),
            rng.uniform(0.14, 0.34),
            rng.uniform(0.02, 0.16),
            rng.choice([rng.uniform(0.1, 0.2), rng.uniform(0.2, 0.45), rng.uniform(0.45, 0.62)]),
            rng.uniform(0.72, 1.02),
            rng.uniform(0.04, 0.16),
            rng.random() < 0.6,
        )

    def glyph(self, character: str, digit: float) -> tuple[Mask, int, int, float]:
        """Ink, where it is from the pen (left, top), and how far the pen goes, all in pixels."""
        if character not in self._drawn:
            self._drawn[character] = self._glyph(character, digit)
        return self._drawn[character]

    def _glyph(self, character: str, digit: float) -> tuple[Mask, int, int, float]:
        side = max(8, round(1.6 * digit))
        ink = np.zeros((side, side), np.uint8)
        base = side * 0.72  # the baseline's row
        x = side / 2
        if character == ".":
            self._dot(ink, x, base - (self.lift + self.dot) * digit, self.dot * digit)
        elif character == "٠":
            self._dot(ink, x, base - self.middle * digit, self.zero * digit)
        else:
            top = {",": 2 * self.dot, "٫": self.decimal, "٬": self.group}[character]
            length = self.tail * (1.25 if character == "٫" else 1.0) + self.dot
            self._comma(ink, x, base - top * digit, length * digit, digit)
        left, up, width, height = cv2.boundingRect(ink)
        bearing = self.bearing * digit
        cut = ink[up : up + height, left : left + width]
        return cut, round(bearing), round(up - base), width + 2 * bearing

    def _dot(self, ink: Mask, x: float, y: float, half: float) -> None:
        if self.corners == "disc":
            centre = (round(x * _FINE), round(y * _FINE))
            cv2.circle(ink, centre, round(half * _FINE), (255,), -1, cv2.LINE_AA, 3)
            return
        steps = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        if self.corners == "diamond":
            steps = [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)]
        self._polygon(ink, [(x + a * half, y + b * half) for a, b in steps])

    def _comma(self, ink: Mask, x: float, top: float, length: float, digit: float) -> None:
        """From a head, or a stroke's broad end, to a point below on the left."""
        half = self.dot * digit * (0.9 if self.headed else 0.75)
        lean = self.lean * digit * length / (0.3 * digit)
        if self.headed:
            self._dot(ink, x, top + half, half)
        self._polygon(
            ink,
            [
                (x - half, top + half * 0.7),
                (x + half, top + half * 0.7),
                (x + half - 0.45 * lean, top + 0.6 * length),
                (x - half - lean * 0.6, top + length),
                (x - half - lean * 0.6 - 0.2 * half, top + 0.95 * length),
            ],
        )

    def _polygon(self, ink: Mask, points: list[tuple[float, float]]) -> None:
        corners = np.round(np.array(points) * _FINE).astype(np.int32)
        cv2.fillPoly(ink, [corners], (255,), cv2.LINE_AA, 3)
