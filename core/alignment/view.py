"""A page as it is searched for a form's details: laid flat in the reference picture's frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.alignment.patches import RADIUS
from core.alignment.reference import Reference
from core.geometry import Floats, Gray

_MARGIN = 32
"""Pixels around the page in which it is looked too: a bent sheet reaches beyond a flat one."""
_STRAIGHT = 8
"""Pixels that a page may be off the reference and be looked at as it is: resampling takes longer
than all else."""
_WINDOW, _LEVELS = (13, 13), 3
"""Of following at half the size: what is compared, in pixels, and how often that is halved."""
_PRECISION = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 8, 0.1)
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
        by = max(1, round(seen_side / max(width, height)))
        self._page, self._to_page = geometry.coarser(page, by), geometry.stretch(1 / by, 1 / by)
        self._reference = reference

    def follow(self, matrix: Floats) -> tuple[Floats, Floats]:
        """Follows each detail from where it is expected, as far as a twentieth of the page
        (Lucas and Kanade 1981, in a pyramid), at half the size: that takes less than half the time,
        and then each is looked at closer.

        `matrix` takes the template's frame to the page. Gives how alike each detail and what is
        there are, N, and where that is, N×2.
        """
        flat, onto = self._laid(matrix, 0)
        starts = (self.expected / 2 - 0.5).astype(np.float32)
        halves, seen, _ = cv2.calcOpticalFlowPyrLK(
            self._reference.half,
            geometry.coarser(flat, 2),
            starts,
            None,  # type: ignore[call-overload]
            winSize=_WINDOW,
            maxLevel=_LEVELS,
            criteria=_PRECISION,
        )
        places = 2 * halves.astype(np.float64) + 0.5
        likeness, moved = self._reference.patches.tops(flat, places)
        return np.where(seen.ravel() > 0, likeness, 0.0), _back(moved + 0.5, onto)

    def closer(self, matrix: Floats) -> tuple[Floats, Floats]:
        """As `follow`, of details that are within a pixel of where they are expected."""
        flat, onto = self._laid(matrix, 0)
        places = geometry.project(onto, self.expected) - 0.5
        likeness, moved = self._reference.patches.closer(flat, places)
        return likeness, _back(moved + 0.5, onto)

    def search(self, matrix: Floats, where: Floats, reach: int) -> tuple[Floats, Floats]:
        """Looks for each detail within `reach` pixels of `where`, N×2.

        As `follow`, but what is most alike there is found for sure, and to a fraction of a pixel.
        """
        flat, onto = self._laid(matrix, _MARGIN)
        side, details = 2 * RADIUS + 1, self._reference.details - RADIUS
        around = side + 2 * reach
        starts = np.floor(geometry.project(onto, where)).astype(int) - RADIUS - reach
        starts = np.clip(starts, 0, np.array(flat.shape[::-1]) - around)
        likenesses = np.empty((len(where), 2 * reach + 1, 2 * reach + 1), np.float32)
        for i, ((x, y), (left, top)) in enumerate(zip(details, starts, strict=True)):
            detail = self._reference.picture[y : y + side, x : x + side]
            window = flat[top : top + around, left : left + around]
            cv2.matchTemplate(window, detail, cv2.TM_CCOEFF_NORMED, likenesses[i])
        likeness, tops = _tops(likenesses)
        return likeness, _back(starts + RADIUS + 0.5 + tops, onto)

    def _laid(self, matrix: Floats, margin: int) -> tuple[Gray, Floats]:
        """The page as flat as `matrix` says, with so many pixels more on each side, and the matrix
        that takes points to it. It isn't resampled where it lies about so as it is."""
        width, height = self.size
        to_page = self._to_page @ matrix @ self.to_template
        outline = geometry.corners(0, 0, width, height)
        if np.abs(geometry.project(to_page, outline) - outline).max() <= _STRAIGHT:
            flat = geometry.window(self._page, -margin, -margin, width + margin, height + margin)
            return flat, geometry.shift(margin, margin) @ to_page
        to_page = to_page @ geometry.shift(-margin, -margin)
        size = width + 2 * margin, height + 2 * margin
        flat = geometry.warped(self._page, to_page, size, cv2.INTER_LINEAR)
        return flat, geometry.shift(margin, margin)


def _back(points: Floats, onto: Floats) -> Floats:
    """Where N×2 points were before `onto` took them to where they are."""
    return geometry.project(np.linalg.inv(onto).astype(np.float64), points)


def _tops(likenesses: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Of each table of likenesses, N×H×W, the largest, N, and in which column and row it is, N×2:
    to a fraction, by the parabola through it and its neighbours."""
    count, height, width = likenesses.shape
    y, x = np.divmod(likenesses.reshape(count, height * width).argmax(axis=1), width)
    each = np.arange(count)
    tops = [
        at + _summits(lines.astype(np.float64), at)
        for lines, at in ((likenesses[each, y], x), (likenesses[each, :, x], y))
    ]
    return likenesses[each, y, x].astype(np.float64), np.column_stack(tops)


def _summits(lines: Floats, at: NDArray[np.intp]) -> Floats:
    """How far off `at` the top of the parabola through the largest value of each line, N×M, and its
    neighbours is; 0 for one at an end."""
    each = np.arange(len(lines))
    inner = np.clip(at, 1, lines.shape[1] - 2)
    before, largest, after = (lines[each, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * largest + after
    return np.where((inner == at) & (bend < 0), (before - after) / np.minimum(2 * bend, -1e-9), 0.0)
