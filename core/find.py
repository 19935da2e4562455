"""Finds a form on a page.

SIFT features give a first homography: they stand any rotation, half to double scale and some
perspective. Then details of the reference picture, corners of its print, are looked for around
where they should be, which makes the homography several times more exact. Where paper is bent or
folded no homography puts them all in their places; then a smooth field of displacements is grown
from those that it does. The share of details that are found is the score. What differs from one
invoice to the next isn't found, or in the wrong place, and so has no say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.align import Alignment, scale_only
from core.bend import Bend
from core.geometry import Floats, Gray
from core.reference import RADIUS, Features, Reference, describe

_MAX_RATIO = 0.8
_MIN_MATCHES = 8

_MIN_LIKENESS = 0.7
_SEARCHES = ((8, 2.5), (3, 1.5))
"""Of each pass: how far around it looks, and how far off the homography a detail counts."""
_SEARCHES_BENT = ((12, 2.5), (3, 1.5))
"""The same for passes that follow a bend: 12 pixels are what a rise of 25 mm takes it off."""
_MARGIN = 32
"""Pixels around the page in which it is looked too: a bent sheet reaches beyond a flat one."""
_FLAT_SHARE = 0.95
"""Of the details that are somewhere near: if a flat sheet explains so many, it is flat."""
_FLAT_VOTES = 0.93
"""The same for features, of which more are off by chance."""
_BENT_TOLERANCE = 0.02
"""Widths of the page that a feature may be off a bend."""
_MAX_GROWTH = 20
"""Rounds in which a bend takes in further details; it ends by itself after some four."""

_Mask = NDArray[np.bool_]


def align(page: Gray, reference: Reference) -> Alignment:
    """Finds the form on a page, H×W. If it isn't there the score is 0 and the page only scaled."""
    place = locate(describe(page), page.shape, reference)
    return _not_found(page, reference) if place is None else refine(page, reference, place)


@dataclass(frozen=True, eq=False)
class Place:
    """About where a form lies on a page, and how many features agree on it.

    `bend`, in the template's frame, is there where they say that it doesn't lie flat.
    """

    matrix: Floats
    votes: int
    bend: Bend | None = None


def locate(page: Features, page_shape: Sequence[int], reference: Reference) -> Place | None:
    """About where the form lies on the page, by features; None if they don't agree on a place."""
    form = reference.features
    if len(page.points) < _MIN_MATCHES:
        return None
    matches = cv2.BFMatcher(cv2.NORM_L2).knnMatch(form.descriptors, page.descriptors, k=2)
    clear = [best for best, second in matches if best.distance < _MAX_RATIO * second.distance]
    if len(clear) < _MIN_MATCHES:
        return None
    source = form.points[[match.queryIdx for match in clear]]
    target = page.points[[match.trainIdx for match in clear]]
    tolerance = 0.004 * max(page_shape[:2])
    matrix = geometry.fit(source, target, tolerance=tolerance)
    if matrix is None or not geometry.is_plausible(matrix, reference.page_size, page_shape):
        return None
    flat = _lengths(geometry.project(matrix, source) - target) <= tolerance
    seen = geometry.project(np.linalg.inv(matrix).astype(np.float64), target)
    bend, bent = _grown(
        source,
        seen,
        np.ones(len(source), bool),
        flat,
        _BENT_TOLERANCE * reference.page_size[0],
        reference.page_size,
    )
    votes, all_votes = int(flat.sum()), int(bent.sum())
    if bend is None or votes >= _FLAT_VOTES * all_votes:
        return Place(matrix, votes)
    return Place(matrix, all_votes, bend)


def refine(page: Gray, reference: Reference, place: Place) -> Alignment:
    """The alignment of a page that lies about at `place`, made exact and scored."""
    view = _View(page, reference, place.matrix)
    flat = _flat(view, place.matrix)
    if flat is None:
        return _not_found(page, reference)
    matrix, found, near = flat
    if not geometry.is_plausible(matrix, reference.page_size, page.shape):
        return _not_found(page, reference)
    bend = None
    attempts = []
    if place.bend is not None:
        guess = view.expected + place.bend.scaled(view.size).at(view.expected)
        attempts.append((place.matrix, guess, np.ones(len(guess), bool)))
    if found.sum() < _FLAT_SHARE * near:
        attempts.append((matrix, view.expected, found))
    for start, where, trusted in attempts:
        bent, grown = _bent(view, start, where, trusted)
        if bent is not None and found.sum() < _FLAT_SHARE * grown.sum():
            matrix, found, bend = start, grown, bent
    bend = None if bend is None else bend.scaled(reference.page_size)
    return Alignment(matrix / matrix[2, 2], reference.score(found), "features", bend)


class _View:
    """A page as it is searched for the details of a reference picture, in that picture's frame."""

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

    def search(self, matrix: Floats, where: Floats, reach: int) -> tuple[_Mask, Floats]:
        """Looks for each detail within `reach` pixels of `where`, N×2.

        `matrix` takes the template's frame to the page. Gives which details look alike at their
        best match, and where that is, N×2, to a fraction of a pixel.
        """
        size = self.size[0] + 2 * _MARGIN, self.size[1] + 2 * _MARGIN
        to_page = self._to_page @ matrix @ self.to_template @ geometry.shift(-_MARGIN, -_MARGIN)
        flat = geometry.warped(self._page, to_page, size, cv2.INTER_LINEAR)
        side, details = 2 * RADIUS + 1, self._reference.details - RADIUS
        around = side + 2 * reach
        starts = np.floor(where).astype(int) - RADIUS - reach + _MARGIN
        starts = np.clip(starts, 0, np.array(size) - around)
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
        return likeness >= _MIN_LIKENESS, moved


def _flat(view: _View, matrix: Floats) -> tuple[Floats, _Mask, int] | None:
    """The homography about `matrix` that most details agree on, which those are, and how many are
    somewhere near; None if there is none."""
    found, near = np.zeros(len(view.expected), bool), 0
    for reach, tolerance in _SEARCHES:
        alike, moved = view.search(matrix, view.expected, reach)
        if alike.sum() < _MIN_MATCHES:
            return None
        correction = geometry.fit(view.expected[alike], moved[alike], tolerance=tolerance)
        if correction is None:
            return None
        matrix = matrix @ view.to_template @ correction @ np.linalg.inv(view.to_template)
        off = _lengths(geometry.project(correction, view.expected) - moved)
        found, near = alike & (off <= tolerance), max(near, int(alike.sum()))
    return matrix, found, near


def _bent(view: _View, matrix: Floats, where: Floats, trusted: _Mask) -> tuple[Bend | None, _Mask]:
    """The bend that grows from details, of those that are `trusted`, which are about `where` they
    should be, and what it finds in the end."""
    bend, found = None, trusted
    for reach, tolerance in _SEARCHES_BENT:
        alike, moved = view.search(matrix, where, reach)
        start = (
            alike & (_lengths(moved - where) <= tolerance) & (trusted if bend is None else alike)
        )
        bend, found = _grown(view.expected, moved, alike, start, tolerance, view.size)
        if bend is None:
            break
        where = view.expected + bend.at(view.expected)
    return bend, found


def _grown(
    points: Floats,
    moved: Floats,
    alike: _Mask,
    found: _Mask,
    tolerance: float,
    size: tuple[int, int],
) -> tuple[Bend | None, _Mask]:
    """The bend through the points `found`, and through whatever is alike and fits it then."""
    bend = None
    for _ in range(_MAX_GROWTH):
        if found.sum() < _MIN_MATCHES:
            return None, found
        bend = Bend.through(points[found], (moved - points)[found], size)
        off = _lengths(points + bend.at(points) - moved)
        before, found = found, alike & (off <= tolerance)
        if np.array_equal(before, found):
            break
    return bend, found


def _not_found(page: Gray, reference: Reference) -> Alignment:
    return Alignment(scale_only(page.shape, reference.page_size).matrix, 0.0, "scale")


def _lengths(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1)
    return lengths


def _summit(values: list[float], at: int) -> float:
    """How far off `at` the top of the parabola through the largest value and its neighbours is."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, largest, after = values[at - 1 : at + 2]
    bend = before - 2 * largest + after
    return (before - after) / (2 * bend) if bend < 0 else 0.0
