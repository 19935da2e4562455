"""Relatives of a typeface: its characters drawn a little otherwise, as by another hand.

There are some sixty designs of Arabic-Indic digits to learn from, and the reader meets others.
Within a line each character has one variation of its own, as in a face, so that every '٢' of it
looks alike. Elastic distortion after Simard et al. 2003, of the glyph and not of the page.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

_MARKS = frozenset("٠.,٫٬:-−–")
"""Small characters, whose size and height differ between faces more than digits do."""
_PAD = 6


@dataclass(frozen=True, slots=True)
class Variant:
    """What becomes of one character: `turned` is a 2×2 matrix about the glyph's middle, `up` a
    shift in digit heights, `bent` the displacement of 3×3 knots in shares of the glyph's size."""

    turned: NDArray[np.float32]
    up: float
    bent: NDArray[np.float32]

    def of(self, ink: Mask, digit: float) -> tuple[Mask, int]:
        """The glyph redrawn, and the pixels that its canvas has grown by on each side."""
        pad = _PAD + max(ink.shape) // 8
        padded = cv2.copyMakeBorder(ink, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
        height, width = padded.shape
        knots = self.bent * np.array([ink.shape[1], ink.shape[0]], np.float32)
        bent = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
        middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
        columns, rows = np.meshgrid(
            np.arange(width, dtype=np.float32) - middle[0],
            np.arange(height, dtype=np.float32) - middle[1] + np.float32(self.up * digit),
        )
        (a, b), (c, d) = self.turned
        across = a * columns + b * rows + middle[0] + bent[..., 0]
        down = c * columns + d * rows + middle[1] + bent[..., 1]
        return np.asarray(cv2.remap(padded, across, down, cv2.INTER_LINEAR), np.uint8), pad


@dataclass(slots=True)
class Kin:
    """One relative: the strokes' change and each character's variant. amount: how far it is from
    the face, about 1. pitch: what the pen's advance is multiplied by."""

    amount: float
    pitch: float
    kernel: NDArray[np.uint8] | None
    thinner: bool
    noise: np.random.Generator
    _variants: dict[str, Variant] = field(default_factory=dict)

    @classmethod
    def of(cls, rng: Random, amount: float) -> Self:
        kernel = None
        if rng.random() < 0.5:  # strokes thicker or thinner, upright, level or all of them
            size = rng.choice([(3, 1), (1, 3), (3, 3), (2, 2), (4, 2), (2, 4)])
            kernel = np.ones(size, np.uint8)
        noise = np.random.default_rng(rng.getrandbits(64))
        return cls(amount, rng.uniform(0.94, 1.12), kernel, rng.random() < 0.4, noise)

    def drawn(self, character: str, ink: Mask, digit: float) -> tuple[Mask, int]:
        """The character's ink in this relative, and the pixels that it has grown by on each side.

        ink: H×W at some 40 px to a digit; small type and blanks come back as they are.
        """
        if ink.size == 0 or digit < 20:
            return ink, 0
        if character not in self._variants:
            self._variants[character] = self._variant(character in _MARKS)
        ink, pad = self._variants[character].of(ink, digit)
        if self.kernel is not None:
            if not self.thinner:
                ink = np.asarray(cv2.dilate(ink, self.kernel), np.uint8)
            elif (thin := cv2.erode(ink, self.kernel)).sum() > 0.6 * ink.sum():
                ink = np.asarray(thin, np.uint8)
        return ink, pad

    def _variant(self, mark: bool) -> Variant:
        normal = self.noise.standard_normal
        most = self.amount
        size = np.exp(most * (0.16 if mark else 0.05) * normal())
        wide, high = size * np.exp(most * 0.09 * normal(2))
        turn, shear = most * 0.06 * normal(), most * 0.1 * normal()
        turned = np.array([[1, -turn + shear], [turn, 1]]) / np.array([[wide], [high]])
        bent = most * 0.045 * normal((3, 3, 2))
        up = most * (0.04 if mark else 0.015) * normal()
        return Variant(turned.astype(np.float32), float(up), bent.astype(np.float32))
