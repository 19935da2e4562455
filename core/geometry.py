"""Plane geometry of pictures: 3×3 matrices between frames, in continuous coordinates.

Pixel 0 spans 0 to 1, so that a box `(0, 0, width, height)` is all of a picture at any resolution.
OpenCV counts from pixel centres instead; `warped` goes between the two.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
"""H×W, 0 is black."""
Picture = NDArray[np.uint8]
"""H×W grey, or H×W×3: blue, green, red."""
Floats = NDArray[np.float64]

_TO_EDGES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_TO_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
_WHITE = 255

_STEEPEST = 2.5
"""How much longer than its opposite a side of a page may look: a tilt of some 50 degrees."""
_SMALLEST, _LARGEST = 0.1, 3.0
"""Sides of a page, relative to the longer side of the picture that it is seen in."""


def stretch(x: float, y: float) -> Floats:
    return np.diag([x, y, 1.0])


def shift(x: float, y: float) -> Floats:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def corners(left: float, top: float, right: float, bottom: float) -> Floats:
    """4×2, clockwise from the top left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def project(matrix: Floats, points: Floats) -> Floats:
    """N×2 points through the matrix."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    projected: Floats = homogeneous[:, :2] / homogeneous[:, 2:]
    return projected


def side_lengths(quad: Floats) -> Floats:
    """Above, right, below, left of a 4×2 quadrilateral that starts at its top left."""
    lengths: Floats = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return lengths


def fit(source: Floats, target: Floats, *, tolerance: float) -> Floats | None:
    """The homography that takes most of the source points to within `tolerance` of their targets.

    There must be four at least; on one line they give None. The same points give the same matrix
    each time.
    """
    matrix, _ = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, tolerance, maxIters=5000, confidence=0.999
    )
    return None if matrix is None else matrix.astype(np.float64, copy=False)


def between(source: Floats, target: Floats) -> Floats:
    """The homography that takes one quadrilateral, 4×2, to another."""
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    return np.asarray(matrix, np.float64)


def is_plausible(matrix: Floats, size: tuple[int, int], picture_shape: Sequence[int]) -> bool:
    """Whether a flat page of `size` (width, height) can look like this in a picture.

    It must not be seen from behind, folded, tilted by more than some 50 degrees, or of a size that
    makes nothing legible.
    """
    outline = corners(0, 0, *size)
    depths = np.column_stack([outline, np.ones(4)]) @ matrix[2]
    if not np.isfinite(matrix).all() or depths.min() * depths.max() <= 0:
        return False
    quad = project(matrix, outline)
    sides = np.roll(quad, -1, axis=0) - quad
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    lengths = side_lengths(quad) / max(picture_shape)
    return bool(
        turns.min() > 0
        and lengths.max() <= _LARGEST
        and lengths.min() >= _SMALLEST * min(size) / max(size)
        and (lengths / np.roll(lengths, 2)).max() <= _STEEPEST
    )


def warped(picture: Picture, matrix: Floats, size: tuple[int, int], interpolation: int) -> Picture:
    """A picture of `size` (width, height) whose points `matrix` takes to points of `picture`."""
    pixels = cv2.warpPerspective(
        picture,
        _TO_CENTRES @ matrix @ _TO_EDGES,
        size,
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_WHITE, _WHITE, _WHITE),
    )
    return pixels.astype(np.uint8, copy=False)


def shrunk(picture: Gray, longer_side: int) -> Gray:
    """The picture with its longer side at most so many pixels."""
    height, width = picture.shape
    scale = longer_side / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def coarser(picture: Gray, by: int) -> Gray:
    """So many times coarser, without the rows and columns that are too few for another pixel: by a
    whole number it takes a thirtieth of the time."""
    height, width = (side // by for side in picture.shape)
    part = picture[: height * by, : width * by]
    coarse = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return coarse.astype(np.uint8, copy=False)


def window(picture: Picture, left: int, top: int, right: int, bottom: int) -> Picture:
    """A part of the picture, white where it reaches beyond; not empty."""
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    inside = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inside.shape[:2] == (bottom - top, right - left):
        return inside
    whole = np.full((bottom - top, right - left, *picture.shape[2:]), _WHITE, np.uint8)
    y, x = max(-top, 0), max(-left, 0)
    whole[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return whole
