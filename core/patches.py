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


class Patches:
    """The pixels around details of a picture, H×W, that are at N×2 of its pixels, at least `RADIUS`
    inside of it."""

    def __init__(self, picture: Gray, details: NDArray[np.intp]) -> None:
        framed = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        self._pixels = _windows(np.asarray(framed, np.uint8), details + 1, RADIUS + 1)
        self._pixels -= self._pixels.mean(axis=(1, 2), keepdims=True)
        self._measures = [_measures(self._moved(step)) for step in _STEPS]

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
        seen = _windows(page, at, RADIUS)
        mean, length = _measures(seen)
        likeness = np.empty((len(_STEPS), len(at)))
        for i, (step, (own_mean, own_length)) in enumerate(
            zip(_STEPS, self._measures, strict=True)
        ):
            products = np.einsum("nyx,nyx->n", self._moved(step)[which], seen)
            products -= _SIDE**2 * own_mean[which] * mean
            likeness[i] = products / (own_length[which] * length)
        here, left, right, up, down = likeness
        off = np.column_stack([_summit(right, here, left), _summit(down, here, up)])
        return here, off + at

    def _moved(self, step: tuple[int, int]) -> _Windows:
        """What is to be seen, N×25×25, so far from each detail."""
        x, y = step[0] + 1, step[1] + 1
        return self._pixels[:, y : y + _SIDE, x : x + _SIDE]


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


def _measures(windows: _Windows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean of each, N, and how long it is as a vector about its mean, N: at least as if it
    varied by a grey level, since what varies by less is blank."""
    count = windows.shape[1] * windows.shape[2]
    mean = windows.sum(axis=(1, 2)) / np.float32(count)
    squares = np.einsum("nyx,nyx->n", windows, windows) - count * mean**2
    return mean, np.sqrt(np.maximum(squares, count))
