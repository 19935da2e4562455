"""A picture as what stands out of its surroundings, in which a form and its pages are compared."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.alignment.align import Alignment, crop
from core.alignment.reference import Reference
from core.geometry import Gray, coarser
from core.reading.ink import u8
from core.template import Box

_FINE, _AROUND = 1.0, 25
"""Pixels of the reference picture: the standard deviation of a blur, and what is around a pixel."""
_RULES = np.ones((1, 40), np.uint8), np.ones((20, 1), np.uint8)
"""Pixels of the reference picture: what runs so far is a rule."""


@lru_cache(8)
def of_form(reference: Reference) -> NDArray[np.float32]:
    """Of the whole form; of the shape of its `picture`."""
    return _relief(reference.picture)


def of_part(
    page: Gray, box: Box, alignment: Alignment, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Of what is in `box` of the template's frame on the page, H×W; of that shape."""
    return _relief(_sized(crop(page, box, alignment), shape))


def of_rows(
    page: Gray,
    reference: Reference,
    rows: tuple[int, int],
    alignment: Alignment,
    columns: tuple[int, int] | None = None,
) -> NDArray[np.float32]:
    """Of the page, H×W, from the first to before the second of these `rows`, and of `columns`, of
    the reference picture; over all its width where there are none."""
    width = reference.picture.shape[1]
    scale = width / reference.page_size[0]
    over = _AROUND // 2
    beside = 0 if columns is None else over
    left, right = (0, width) if columns is None else columns
    (top, bottom), (left, right) = (rows[0] - over, rows[1] + over), (left - beside, right + beside)
    box = round(left / scale), round(top / scale), round(right / scale), round(bottom / scale)
    relief = of_part(page, box, alignment, (bottom - top, right - left))
    return relief[over:-over, beside : right - left - beside]


def _sized(picture: Gray, shape: tuple[int, ...]) -> Gray:
    # In two steps: means of whole pixels take a third of the time that those of parts do.
    picture = coarser(picture, max(1, picture.shape[0] // shape[0]))
    return u8(cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def _relief(picture: Gray) -> NDArray[np.float32]:
    """What stands out of its surroundings, blurred as much as rows may be off: shadows don't, and
    rules, which all rows have alike, are left out."""
    fine, coarse = cv2.GaussianBlur(picture, (0, 0), _FINE), cv2.blur(picture, (_AROUND, _AROUND))
    light, dark = cv2.subtract(fine, coarse), cv2.subtract(coarse, fine)
    return np.subtract(_without_rules(u8(light)), _without_rules(u8(dark)), dtype=np.float32)


def _without_rules(relief: Gray) -> Gray:
    for within, rule in [(cv2.erode(relief, rule), rule) for rule in _RULES]:
        if cv2.hasNonZero(within):
            relief = u8(cv2.subtract(relief, cv2.dilate(within, rule)))
    return relief
