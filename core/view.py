"""A page as it is searched for a form's details: laid flat in the reference picture's frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.geometry import Floats, Gray
from core.reference import RADIUS, Reference

_MARGIN = 32
"""Pixels around the page in which it is looked too: a bent sheet reaches beyond a flat one."""
_WINDOW, _LEVELS = (25, 25), 4
"""Of following: what is compared, in pixels, and how often the pictures are halved."""
_PRECISION = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.05)
"""Rounds at each level, and the step in pixels at which it is enough."""


class View:
    """Points are N×2, in pixels of the reference picture.

    Attributes:
        size: Width and height of the reference picture.
        to_template: From its frame to the template's.
        expected: Where its details are.
    """

    def __init__(self, page: Gray, reference: Reference, matrix: Floats) -> None:
        """`matrix` says about where the form lies on the page."""
        height, width = reference.picture.shape
        self.size = width, height
        x, y = reference.page_size[0] / width, reference.page_size[1] / height
        self.to_template = geometry.stretch(x, y)
        self.expected = reference.details.astype(np.float64) + 0.5
        # The page is made about as coarse as the reference first: a warp that shrinks leaves gaps.
        outline = geometry.project(matrix, geometry.corners(0, 0, *reference.page_size))
        seen_side = geometry.side_lengths(outline).max()
        self._page = geometry.shrunk(page, round(max(page.shape) * max(width, height) / seen_side))
        self._to_page = geometry.stretch(
            self._page.shape[1] / page.shape[1], self._page.shape[0] / page.shape[0]
        )
        self._reference = reference

    def follow(self, matrix: Floats) -> tuple[Floats, Floats]:
        """Follows each detail from where it is expected, as far as a twentieth of the page
        (Lucas and Kanade 1981, in a pyramid).

        `matrix` takes the template's frame to the page. Gives how alike each detail and what is
        there are, N, and where that is, N×2.
        """
        flat = self._flattened(matrix, 0)
        moved, seen, _ = cv2.calcOpticalFlowPyrLK(
            self._reference.picture,
            flat,
            (self.expected - 0.5).astype(np.float32),
            None,  # type: ignore[call-overload]
            winSize=_WINDOW,
            maxLevel=_LEVELS,
            criteria=_PRECISION,
        )
        likeness = np.where(seen.ravel() > 0, self._likeness(flat, moved), 0.0)
        return likeness, moved.astype(np.float64) + 0.5

    def search(self, matrix: Floats, where: Floats, reach: int) -> tuple[Floats, Floats]:
        """Looks for each detail within `reach` pixels of `where`, N×2.

        As `follow`, but what is most alike there is found for sure, and to a fraction of a pixel.
        """
        flat = self._flattened(matrix, _MARGIN)
        side, details = 2 * RADIUS + 1, self._reference.details - RADIUS
        around = side + 2 * reach
        starts = np.floor(where).astype(int) - RADIUS - reach + _MARGIN
        starts = np.clip(starts, 0, np.array(flat.shape[::-1]) - around)
        likeness = np.zeros(len(where))
        moved = np.asarray(starts - _MARGIN + RADIUS + 0.5, np.float64)
        for i, ((x, y), (left, top)) in enumerate(zip(details, starts, strict=True)):
            detail = self._reference.picture[y : y + side, x : x + side]
            window = flat[top : top + around, left : left + around]
            likenesses = cv2.matchTemplate(window, detail, cv2.TM_CCOEFF_NORMED)
            _, likeness[i], _, (dx, dy) = cv2.minMaxLoc(likenesses)
            moved[i] += (
                dx + _summit(likenesses[dy].tolist(), dx),
                dy + _summit(likenesses[:, dx].tolist(), dy),
            )
        return likeness, moved

    def _flattened(self, matrix: Floats, margin: int) -> Gray:
        """The page with so many pixels more on each side."""
        size = self.size[0] + 2 * margin, self.size[1] + 2 * margin
        to_page = self._to_page @ matrix @ self.to_template @ geometry.shift(-margin, -margin)
        return geometry.warped(self._page, to_page, size, cv2.INTER_LINEAR)

    def _likeness(self, flat: Gray, places: NDArray[np.float32]) -> Floats:
        """The correlation, in [-1, 1], of each detail's pixels and those around its place."""
        limit = np.array(flat.shape[::-1]) - RADIUS - 1
        seen = np.clip(np.nan_to_num(places), RADIUS, limit).round().astype(np.intp)
        details = _around(self._reference.picture, self._reference.details)
        there = _around(flat, seen)
        norms = np.linalg.norm(details, axis=1) * np.linalg.norm(there, axis=1)
        likeness: Floats = (details * there).sum(axis=1) / np.maximum(norms, 1e-6)
        return likeness


def _around(picture: Gray, points: NDArray[np.intp]) -> NDArray[np.float32]:
    """The pixels around each point, about their mean: a row each."""
    reach = np.arange(-RADIUS, RADIUS + 1)
    x, y = points.T[:, :, None]
    pixels = picture[(y + reach)[:, :, None], (x + reach)[:, None]].astype(np.float32)
    rows: NDArray[np.float32] = pixels.reshape(len(points), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows


def _summit(values: list[float], at: int) -> float:
    """How far off `at` the top of the parabola through the largest value and its neighbours is."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, largest, after = values[at - 1 : at + 2]
    bend = before - 2 * largest + after
    return (before - after) / (2 * bend) if bend < 0 else 0.0
