"""A form as it is looked for on pages: what is notable in its picture."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.alignment.align import scale_only
from core.alignment.patches import RADIUS, Patches
from core.errors import TemplateError
from core.geometry import Floats, Gray

_MIN_REFERENCE_SIDE = 400
"""Pixels. At 400 boxes are off by 0.02 % of the page's width (median), at 250 some by 5 %."""
_MIN_FEATURES = 80
"""Sparse forms have 200 and more, a single headline 55, a blank page that was scanned none."""
FEATURES = 1000
"""Of a form, and of a page at first."""
ALL_FEATURES = 4000
"""Of a page where so many say nothing: on a table, with other print around it, the form has a sixth
of them."""
_FEATURE_SIDE = 700
"""Pixels of a page's longer side for SIFT. 600 lost 2 pages of 180 that 700 finds; 900 takes nearly
twice the time, which is over half of all that aligning takes."""

_DETAIL_SIDE = 1170
"""Pixels of the reference's longer side for details: A4 at 100 dpi."""
_DETAILS = 200
_GRID = np.array([6, 8])
_MIN_SPREAD = 0.5
"""Of the spread of all details. With a third of the page cut off it is more, where only the
letterhead is that of the form 0.2."""


@dataclass(frozen=True, eq=False)
class Features:
    """What is notable in a picture: N×2 points, their sizes in the same unit, N angles in degrees,
    and SIFT descriptors, N×128."""

    points: Floats = field(repr=False)
    sizes: Floats = field(repr=False)
    angles: Floats = field(repr=False)
    descriptors: NDArray[np.float32] = field(repr=False)

    def only(self, which: NDArray[np.bool_]) -> Self:
        """Those of them where `which`, N, is true."""
        return replace(
            self,
            points=self.points[which],
            sizes=self.sizes[which],
            angles=self.angles[which],
            descriptors=self.descriptors[which],
        )


@dataclass(frozen=True, eq=False)
class Reference:
    """A form as it is looked for: `details`, N×2 pixels of `picture`, and `features` in the
    template's frame."""

    page_size: tuple[int, int]
    picture: Gray = field(repr=False)
    details: NDArray[np.intp] = field(repr=False)
    _small: Gray = field(repr=False)
    """What the features are of: they take longer than all else, and a page that lies straight needs
    none."""

    @classmethod
    def from_image(
        cls,
        gray: Gray,
        page_size: tuple[int, int],
        *,
        where: str = "reference",
        learned_before: bool = False,
    ) -> Self:
        """Learns a form from `gray`, H×W, a picture of it at any resolution.

        learned_before: That there is enough on the picture is known.

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
        picture = geometry.shrunk(gray, _DETAIL_SIDE)
        form = cls(
            page_size, picture, _details(picture), _small=geometry.shrunk(gray, _FEATURE_SIDE)
        )
        if not learned_before and len(form.features.points) < _MIN_FEATURES:
            raise _unusable(where, "the picture has too little on it to align pages to")
        return form

    @cached_property
    def features(self) -> Features:
        """What is notable in it, in the template's frame."""
        return _described(self._small, self.page_size, most=FEATURES)

    @cached_property
    def patches(self) -> Patches:
        """What its details show."""
        return Patches(self.picture, self.details)

    @cached_property
    def half(self) -> Gray:
        """`picture` at half the size."""
        return geometry.coarser(self.picture, 2)

    def score(self, found: NDArray[np.bool_]) -> float:
        """How much of the form is on a page where these of its details are found, in [0, 1].

        The share of details, as a mean over the cells of a grid, so that a letterhead full of
        them doesn't outvote the page below it; less if they are all in one part of the page, since
        boxes lie right only where something around them does.
        """
        cell, count, spread = self._spread
        used = count > 0
        share = np.mean(np.bincount(cell, found)[used] / count[used])
        return float(share * min(1.0, _spread(self.details[found]) / (_MIN_SPREAD * spread)))

    @cached_property
    def _spread(self) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
        """Of each detail the cell of a grid that it is in, of each cell how many are, and the area
        that all are strewn over."""
        cell = _cells(self.details, self.picture)
        return cell, np.bincount(cell), _spread(self.details)


def describe(picture: Gray, *, most: int = FEATURES) -> Features:
    """The features of a picture, H×W, with points in its pixels; the strongest if there are more
    than `most`."""
    height, width = picture.shape
    return _described(geometry.shrunk(picture, _FEATURE_SIDE), (width, height), most=most)


def _described(small: Gray, size: tuple[int, int], *, most: int) -> Features:
    """The features of a picture that was `size` (width, height), with points in that."""
    found, descriptors = cv2.SIFT.create(most).detectAndCompute(small, None)
    if not found:
        return Features(np.empty((0, 2)), np.empty(0), np.empty(0), np.empty((0, 128), np.float32))
    scale = np.array(size) / small.shape[::-1]
    return Features(
        points=(np.array([keypoint.pt for keypoint in found]) + 0.5) * scale,
        sizes=np.array([keypoint.size for keypoint in found]) * scale[0],
        angles=np.array([keypoint.angle for keypoint in found]),
        descriptors=descriptors.astype(np.float32, copy=False),
    )


def descriptions(picture: Gray) -> Iterator[Features]:
    """Few features of the picture, and after those, if there are more, all that help: they take
    their time, and few are enough for most pages."""
    few = describe(picture)
    yield few
    if len(few.points) >= FEATURES:
        yield describe(picture, most=ALL_FEATURES)


def _details(picture: Gray) -> NDArray[np.intp]:
    """The clearest corners of the print, N×2 pixels, spread over the picture as evenly as it goes.

    Corners, since a detail along a ruled line is found anywhere on it.
    """
    found = cv2.goodFeaturesToTrack(picture, 2000, qualityLevel=0.02, minDistance=9, blockSize=7)
    if found is None:
        return np.empty((0, 2), np.intp)
    points = found.reshape(-1, 2).astype(np.intp)
    limit = np.array(picture.shape[::-1]) - RADIUS
    points = points[((points >= RADIUS) & (points < limit)).all(axis=1)]
    cell = _cells(points, picture)
    # Its place among those of its cell, in the order of clarity that OpenCV gives.
    place = np.array([np.sum(cell[:i] == one) for i, one in enumerate(cell)])
    return points[np.argsort(place, kind="stable")[:_DETAILS]]


def _cells(points: NDArray[np.intp], picture: Gray) -> NDArray[np.intp]:
    """The number of the cell of an even grid that each point is in."""
    numbers: NDArray[np.intp] = points * _GRID // picture.shape[::-1] @ (1, _GRID[0])
    return numbers


def _spread(points: NDArray[np.intp]) -> float:
    """The area that points are strewn over, whatever single ones do, in pixels."""
    if len(points) < 3:
        return 0.0
    return float(np.sqrt(np.linalg.det(np.cov(points.T))))


def _unusable(where: str, reason: str) -> TemplateError:
    return TemplateError(f"{where}: {reason}", code="reference_unusable")
