"""What a form's details show, and how much that is like what a page shows where they should be.

Each is looked at where it is thought to be, to a pixel: what is further off isn't found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Floats, Gray

RADIUS = 12
"""Half the side of a detail: it shows 6 mm of the form, some letters."""

_SIDE = 2 * RADIUS + 1
_STEPS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
"""In pixels, x and y: none, one to each side, one up and down."""

_Windows = NDArray[np.float32]
"""N×H×W pixels."""
_Vectors = NDArray[np.float32]
"""…×D: what D pixels are, of each window."""


class Patches:
    """The pixels around details of a picture, H×W, that are at N×2 of its pixels, at least `RADIUS`
    inside of it."""

    def __init__(self, picture: Gray, details: NDArray[np.intp]) -> None:
        framed = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        around = _windows(np.asarray(framed, np.uint8), details + 1, RADIUS + 1)
        around -= around.mean(axis=(1, 2), keepdims=True)
        # Next to each other in memory: they are compared in half the time.
        self._moved = np.stack([_flat(_moved(around, step)) for step in _STEPS], axis=1)
        self._measures = _measures(self._moved)

    def closer(self, page: Gray, places: Floats) -> tuple[Floats, Floats]:
        """As `tops`, but where that is nearer to another pixel, it is looked at again there."""
        likeness, tops = self.tops(page, places)
        again = np.flatnonzero((np.abs(tops - places.round()) > 0.5).any(axis=1))
        likeness[again], tops[again] = self.tops(page, tops[again], again)
        return likeness, tops

    def tops(
        self, page: Gray, places: Floats, which: NDArray[np.intp] | slice = slice(None)
    ) -> tuple[Floats, Floats]:
        """The correlation, in [-1, 1], of details and what is around their places, N×2 in pixels
        of the page, to the nearest pixel; and about where it is largest, at most a pixel off.

        By the parabola through it and what it is a pixel to each side. For that the detail is
        moved, not the page, which comes to the same: its pixels are measured already.
        """
        limit = np.array(page.shape[::-1]) - RADIUS - 1
        at = np.clip(np.nan_to_num(places), RADIUS, limit).round().astype(np.intp)
        seen = _flat(_windows(page, at, RADIUS))
        mean, length = _measures(seen)
        own_mean, own_length = (each[which] for each in self._measures)
        products = np.matmul(self._moved[which], seen[..., None])[..., 0]
        products -= _SIDE**2 * own_mean * mean[:, None]
        here, left, right, up, down = (products / (own_length * length[:, None])).T
        off = np.column_stack([_summit(right, here, left), _summit(down, here, up)])
        return here, off + at


def _moved(around: _Windows, step: tuple[int, int]) -> _Windows:
    """Of 27×27 pixels around each detail the 25×25 that are to be seen so far from it."""
    x, y = step[0] + 1, step[1] + 1
    return around[:, y : y + _SIDE, x : x + _SIDE]


def _flat(windows: _Windows) -> _Vectors:
    return windows.reshape(-1, _SIDE**2)


def _summit(before: Floats, here: Floats, after: Floats) -> Floats:
    """How far off the middle the top of the parabola through each three values is, 1 at most."""
    bend = np.minimum(before - 2 * here + after, -1e-6)
    off: Floats = np.clip((before - after) / (2 * bend), -1, 1)
    return off


def _windows(picture: Gray, points: NDArray[np.intp], radius: int) -> _Windows:
    """The pixels around each point, N×side×side."""
    side = 2 * radius + 1
    x, y = points.T - radius
    pixels = np.lib.stride_tricks.sliding_window_view(picture, (side, side))[y, x]
    windows: _Windows = pixels.astype(np.float32)
    return windows


def _measures(vectors: _Vectors) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean of each vector, and how long it is about its mean: at least as if it varied by a
    grey level, since what varies by less is blank."""
    count = vectors.shape[-1]
    mean = vectors.sum(axis=-1) / np.float32(count)
    squares = np.einsum("...d,...d->...", vectors, vectors) - count * mean**2
    return mean, np.sqrt(np.maximum(squares, count))
