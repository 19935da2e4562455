"""A page at a glance: how much ink is where, in some thousand cells.

Enough to tell which few of a thousand forms a page may be that lies about straight, in a hundredth
of the time that features take.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.geometry import Gray

ROWS, COLUMNS = 44, 32
"""Cells of 6.5 mm on A4: as much as a scan is mostly off its form, by cropping or turning."""
_SIDE = 400
"""Pixels of a page's longer side, at most: 35 dpi on A4, where letters are grey and lines are
seen."""
_PAPER = np.ones((9, 9), np.uint8)
"""Around a pixel, where the lightest is the paper."""
_BLUR = 1.0

Glance = NDArray[np.uint8]
"""`ROWS`×`COLUMNS`, the square root of how dark the ink is; 255 where there is most."""


def glance(picture: Gray) -> Glance:
    """How much ink is where in a picture, H×W, as if it were stretched to one shape."""
    while max(picture.shape) > _SIDE:
        picture = geometry.coarser(picture, 2)
    ink = cv2.subtract(cv2.dilate(picture, _PAPER), picture).astype(np.float32)
    cells = cv2.resize(ink, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    # The root, so that a picture or a black heading doesn't outweigh all that is printed.
    cells = np.sqrt(cv2.GaussianBlur(cells, (0, 0), _BLUR))
    seen: Glance = np.rint(cells * (255 / max(1.0, cells.max()))).astype(np.uint8)
    return seen


def directions(glances: NDArray[np.uint8]) -> NDArray[np.float32]:
    """N×`ROWS`×`COLUMNS` glances as vectors about their means, of length 1: the products of two
    are their correlations, in [-1, 1]."""
    vectors = glances.reshape(len(glances), ROWS * COLUMNS).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, 1)
    return scaled
