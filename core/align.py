"""Where a page lies: from the template's frame to the page, and the boxes cut out by that.

A form is found on a page in two steps. SIFT features give a first homography: they stand any
rotation, half to double scale and some perspective. Then details of the reference picture, corners
of its print, are looked for around where they should be, which makes the homography several times
more exact and gives the score: the share of details that are there. What differs from one invoice
to the next isn't found, or in the wrong place, and so has no say.

Frames are in the continuous coordinates of `core.geometry`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.errors import TemplateError
from core.geometry import Floats, Gray
from core.template import Box

GOOD_SCORE = 0.27
"""Measured by `python -m training.pages`."""

_ASPECT_RANGE = 0.015
"""Relative difference of shape at which a page that is only scaled scores 0. At 0.01, which is
still good, boxes at the far end are off by 3 mm on A4."""

_STRAIGHT = 0.75
"""Pixels. A box that lies less crooked than this is cut out without resampling."""

_MIN_REFERENCE_SIDE = 400
"""Pixels. At 400 boxes are off by 0.02 % of the page's width (median), at 250 some by 5 %."""
_MIN_FEATURES = 80
"""Sparse forms have 200 and more, a single headline 55, a blank page that was scanned none."""
_MAX_FEATURES = 1000
_FEATURE_SIDE = 700
"""Pixels of a page's longer side for SIFT. 600 lost 2 pages of 180 that 700 finds; 900 takes nearly
twice the time, which is over half of all that aligning takes."""
_MAX_RATIO = 0.8
_MIN_MATCHES = 8

_DETAIL_SIDE = 1170
"""Pixels of the reference's longer side for details: A4 at 100 dpi."""
_RADIUS = 12
"""Half the side of a detail: it shows 6 mm of the form, some letters."""
_DETAILS = 200
_GRID = np.array([6, 8])
_MIN_LIKENESS = 0.7
_SEARCHES = ((8, 2.5), (3, 1.5))
"""Of each pass: how far around it looks, and how far off the homography a detail counts."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """`matrix`, 3×3, takes points of the template's frame to points of the page.

    `score` in [0, 1] says how well they fit. By `scale` it compares the shapes alone; by `features`
    it is the share of the form's details that are found where the matrix puts them.
    """

    matrix: Floats
    score: float
    method: Literal["scale", "features"]

    @property
    def good(self) -> bool:
        """Whether boxes can be trusted to lie where they should."""
        return self.score >= GOOD_SCORE


@dataclass(frozen=True, eq=False)
class Features:
    """What is notable in a picture: N×2 points and their SIFT descriptors, N×128."""

    points: Floats = field(repr=False)
    descriptors: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Reference:
    """A form as it is looked for: `features` in the template's frame, and `details`, N×2 pixels
    of `picture`."""

    page_size: tuple[int, int]
    features: Features
    picture: Gray = field(repr=False)
    details: NDArray[np.intp] = field(repr=False)

    @classmethod
    def from_image(
        cls, gray: Gray, page_size: tuple[int, int], *, where: str = "reference"
    ) -> Self:
        """Learns a form from `gray`, H×W, a picture of it at any resolution.

        Raises:
            TemplateError: `reference_unusable`: the picture is too small, of another shape than
                `page_size` (width, height), or has too little on it.
        """
        height, width = gray.shape
        size = f"the picture of {width} x {height} pixels"
        if min(width, height) < _MIN_REFERENCE_SIDE:
            raise _unusable(where, f"{size} is too small to align pages to")
        if not scale_only(gray.shape, page_size).good:
            raise _unusable(
                where, f"{size} is not of the shape of the page, {page_size[0]} x {page_size[1]}"
            )
        features = describe(gray)
        if len(features.points) < _MIN_FEATURES:
            raise _unusable(where, "the picture has too little on it to align pages to")
        picture = geometry.shrunk(gray, _DETAIL_SIDE)
        return cls(
            page_size=page_size,
            features=Features(
                features.points * page_size / np.array([width, height]), features.descriptors
            ),
            picture=picture,
            details=_details(picture),
        )


def scale_only(page_shape: Sequence[int], page_size: tuple[int, int]) -> Alignment:
    """Stretches the template's frame over a page of `page_shape` (height, width).

    The score falls from 1 to 0 as the page's shape departs by 1.5 % from that of `page_size`
    (width, height); up to 1 % it is good.
    """
    x, y = page_shape[1] / page_size[0], page_shape[0] / page_size[1]
    score = max(0.0, 1 - abs(math.log(x / y)) / _ASPECT_RANGE)
    return Alignment(geometry.stretch(x, y), score, "scale")


def align(page: Gray, reference: Reference) -> Alignment:
    """Finds the form on a page, H×W. If it isn't there the score is 0 and the page only scaled."""
    place = locate(describe(page), page.shape, reference)
    return _not_found(page, reference) if place is None else refine(page, reference, place)


def describe(picture: Gray) -> Features:
    """The features of a picture, H×W, with points in its pixels."""
    small = geometry.shrunk(picture, _FEATURE_SIDE)
    found, descriptors = cv2.SIFT.create(_MAX_FEATURES).detectAndCompute(small, None)
    if not found:
        return Features(np.empty((0, 2)), np.empty((0, 128), np.float32))
    points = np.array([keypoint.pt for keypoint in found]) + 0.5
    points *= np.array(picture.shape[::-1]) / small.shape[::-1]
    return Features(points, descriptors.astype(np.float32, copy=False))


@dataclass(frozen=True, eq=False)
class Place:
    """About where a form lies on a page, and how many features agree on it."""

    matrix: Floats
    votes: int


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
    off = np.linalg.norm(geometry.project(matrix, source) - target, axis=1)
    return Place(matrix, votes=int(np.sum(off <= tolerance)))


def refine(page: Gray, reference: Reference, place: Place) -> Alignment:
    """The alignment of a page that lies about at `place`, made exact and scored."""
    matrix = place.matrix
    height, width = reference.picture.shape
    to_template = geometry.stretch(reference.page_size[0] / width, reference.page_size[1] / height)
    # The page is made about as coarse as the reference first: a warp that shrinks leaves gaps.
    outline = geometry.project(matrix, geometry.corners(0, 0, *reference.page_size))
    seen_side = geometry.side_lengths(outline).max()
    coarse = geometry.shrunk(page, round(max(page.shape) * max(width, height) / seen_side))
    to_coarse = geometry.stretch(coarse.shape[1] / page.shape[1], coarse.shape[0] / page.shape[0])
    expected = _centres(reference.details)
    found = np.zeros(len(expected), bool)
    for reach, tolerance in _SEARCHES:
        likeness, moved = _search(coarse, reference, to_coarse @ matrix @ to_template, reach)
        alike = likeness >= _MIN_LIKENESS
        if alike.sum() < _MIN_MATCHES:
            return _not_found(page, reference)
        correction = geometry.fit(expected[alike], moved[alike], tolerance=tolerance)
        if correction is None:
            return _not_found(page, reference)
        matrix = matrix @ to_template @ correction @ np.linalg.inv(to_template)
        if not geometry.is_plausible(matrix, reference.page_size, page.shape):
            return _not_found(page, reference)
        off = np.linalg.norm(geometry.project(correction, expected) - moved, axis=1)
        found = alike & (off <= tolerance)
    # A mean over cells, so that a letterhead full of details doesn't outvote the page below it.
    cells = _cells(reference.details, reference.picture)
    score = float(np.mean([found[cells == cell].mean() for cell in np.unique(cells)]))
    return Alignment(matrix / matrix[2, 2], score, "features")


def page_box(box: Box, alignment: Alignment, page_shape: Sequence[int]) -> Box:
    """The upright rectangle around `box` in pixels of a page of `page_shape`, clipped to it."""
    left, top, right, bottom = _bounds(_outline(box, alignment))
    height, width = page_shape[:2]
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)


def crop(page: Gray, box: Box, alignment: Alignment) -> Gray:
    """What is in `box` of the template's frame, upright, H×W, at the page's resolution.

    Beyond the page it is white. Where the box lies straight on the page to within a pixel, a
    view of the page's own pixels is given, since resampling would blur small print.
    """
    outline = _outline(box, alignment)
    bounds = _bounds(outline)
    if np.abs(outline - geometry.corners(*bounds)).max() <= _STRAIGHT:
        return geometry.window(page, *bounds)
    above, right, below, left = geometry.side_lengths(outline)
    across, down = (above + below) / 2, (right + left) / 2
    # A hostile page could pretend to be a tiny part of a vast one.
    share = min(1.0, math.sqrt(page.size / (across * down)))
    width, height = max(1, round(share * across)), max(1, round(share * down))
    to_template = geometry.shift(box[0], box[1]) @ geometry.stretch(
        (box[2] - box[0]) / width, (box[3] - box[1]) / height
    )
    return geometry.warped(page, alignment.matrix @ to_template, (width, height), cv2.INTER_CUBIC)


def _not_found(page: Gray, reference: Reference) -> Alignment:
    return Alignment(scale_only(page.shape, reference.page_size).matrix, 0.0, "scale")


def _outline(box: Box, alignment: Alignment) -> Floats:
    """The corners of a template's box on the page, 4×2."""
    return geometry.project(alignment.matrix, geometry.corners(*box))


def _bounds(outline: Floats) -> Box:
    (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
    return round(left), round(top), round(right), round(bottom)


def _details(picture: Gray) -> NDArray[np.intp]:
    """The clearest corners of the print, N×2 pixels, spread over the picture as evenly as it goes.

    Corners, since a detail along a ruled line is found anywhere on it.
    """
    found = cv2.goodFeaturesToTrack(picture, 2000, qualityLevel=0.02, minDistance=9, blockSize=7)
    if found is None:
        return np.empty((0, 2), np.intp)
    points = found.reshape(-1, 2).astype(np.intp)
    limit = np.array(picture.shape[::-1]) - _RADIUS
    points = points[((points >= _RADIUS) & (points < limit)).all(axis=1)]
    cells = _cells(points, picture)
    # Its place among those of its cell, in the order of clarity that OpenCV gives.
    place = np.array([np.sum(cells[:i] == cell) for i, cell in enumerate(cells)])
    return points[np.argsort(place, kind="stable")[:_DETAILS]]


def _cells(points: NDArray[np.intp], picture: Gray) -> NDArray[np.intp]:
    """The number of the cell of an even grid that each point is in."""
    cells: NDArray[np.intp] = points * _GRID // picture.shape[::-1] @ (1, _GRID[0])
    return cells


def _centres(pixels: NDArray[np.intp]) -> Floats:
    return pixels.astype(np.float64) + 0.5


def _search(page: Gray, reference: Reference, matrix: Floats, reach: int) -> tuple[Floats, Floats]:
    """Looks for each detail within `reach` pixels of where `matrix` puts it.

    `matrix` takes the reference picture to the page. Gives the correlation of each detail with its
    best match, and where in the reference picture's frame that is, to a fraction of a pixel.
    """
    height, width = reference.picture.shape
    flat = geometry.warped(page, matrix, (width, height), cv2.INTER_LINEAR)
    flat = geometry.window(flat, -reach, -reach, width + reach, height + reach)
    likeness = np.zeros(len(reference.details))
    moved = _centres(reference.details)
    side = 2 * _RADIUS + 1
    for i, (x, y) in enumerate(reference.details - _RADIUS):
        detail = reference.picture[y : y + side, x : x + side]
        around = flat[y : y + side + 2 * reach, x : x + side + 2 * reach]
        likenesses = cv2.matchTemplate(around, detail, cv2.TM_CCOEFF_NORMED)
        _, likeness[i], _, (dx, dy) = cv2.minMaxLoc(likenesses)
        moved[i] += (
            dx - reach + _summit(likenesses[dy].tolist(), dx),
            dy - reach + _summit(likenesses[:, dx].tolist(), dy),
        )
    return likeness, moved


def _summit(values: list[float], at: int) -> float:
    """How far off `at` the top of the parabola through the largest value and its neighbours is."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, largest, after = values[at - 1 : at + 2]
    bend = before - 2 * largest + after
    return (before - after) / (2 * bend) if bend < 0 else 0.0


def _unusable(where: str, reason: str) -> TemplateError:
    return TemplateError(f"{where}: {reason}", code="reference_unusable")
