"""Where a page lies: from the template's frame to the page, and the boxes cut out by that.

Frames are in the continuous coordinates of `core.geometry`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np

from core import geometry
from core.alignment.bend import Bend
from core.geometry import Floats, Picture
from core.template import Box, Turn

GOOD_SCORE = 0.3
"""By `make accuracy-pages`: docs/alignment.md."""

_ASPECT_RANGE = 0.015
"""Relative difference of shape at which a page that is only scaled scores 0. At 0.01, which is
still good, boxes at the far end are off by 3 mm on A4."""

_STRAIGHT = 0.75
"""Pixels. A box that lies less crooked than this is cut out without resampling."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """`matrix`, 3×3, takes points of the template's frame to points of the page.

    `score` in [0, 1] says how well they fit. By `scale` it compares the shapes alone; by `features`
    it is the share of the form's details that are found where the matrix puts them. `again` says
    that the form is seen on the page twice.
    """

    matrix: Floats
    score: float
    method: Literal["scale", "features"]
    bend: Bend | None = None
    again: bool = False

    @property
    def good(self) -> bool:
        """Whether boxes can be trusted to lie where they should."""
        return self.score >= GOOD_SCORE

    def at(self, points: Floats) -> Floats:
        """Where N×2 points of the template's frame are on the page."""
        flat = points if self.bend is None else points + self.bend.at(points)
        return geometry.project(self.matrix, flat)


def scale_only(page_shape: Sequence[int], page_size: tuple[int, int]) -> Alignment:
    """Stretches the template's frame over a page of `page_shape` (height, width).

    The score falls from 1 to 0 as the page's shape departs by 1.5 % from that of `page_size`
    (width, height); up to 1 % it is good.
    """
    x, y = page_shape[1] / page_size[0], page_shape[0] / page_size[1]
    score = max(0.0, 1 - abs(math.log(x / y)) / _ASPECT_RANGE)
    return Alignment(geometry.stretch(x, y), score, "scale")


def page_box(box: Box, alignment: Alignment, page_shape: Sequence[int]) -> Box:
    """The upright rectangle around `box` in pixels of a page of `page_shape`, clipped to it."""
    left, top, right, bottom = _bounds(_outline(box, alignment))
    height, width = page_shape[:2]
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)


def turn(box: Box, alignment: Alignment) -> Turn:
    """By how much what is in `box` lies turned on the page, to the nearest right angle."""
    left, right = _outline(box, alignment)[:2]
    x, y = right - left
    quarters = round(math.atan2(y, x) / (math.pi / 2)) % 4
    return cast(Turn, 90 * quarters)


def crop(page: Picture, box: Box, alignment: Alignment) -> Picture:
    """What is in `box` of the template's frame, upright, at the page's resolution.

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
    share = min(1.0, math.sqrt(page.shape[0] * page.shape[1] / (across * down)))
    width, height = max(1, round(share * across)), max(1, round(share * down))
    to_page = geometry.between(geometry.corners(0, 0, width, height), outline)
    return geometry.warped(page, to_page, (width, height), cv2.INTER_CUBIC)


def _outline(box: Box, alignment: Alignment) -> Floats:
    """The corners of a template's box on the page, 4×2."""
    return alignment.at(geometry.corners(*box))


def _bounds(outline: Floats) -> Box:
    (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
    return round(left), round(top), round(right), round(bottom)
