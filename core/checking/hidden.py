"""Whether a part of a box is not to be seen: beyond the picture's edge, or under something.

What is left of a number under a thumb, or on a page that a corner was torn off, reads as well as a
whole one. What lies over a page has another tone than its paper, begins at once, and has no print
on it; a shadow has print on it, too, and where the form itself is tinted nothing is told.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from core import geometry
from core.alignment.align import crop
from core.alignment.reference import Reference
from core.boxes import FieldBox
from core.geometry import Gray
from core.invoice import Reason
from core.reading.ink import quantile, u8
from core.template import Box

_MOST = 0.5
"""Share of a box that may be beyond the picture where no print is seen near its edge."""
_NEAR, _INNER = 0.6, 0.15
"""Heights of the box: how near that edge print is cut off, perhaps; and how far from the upper and
lower edges of the box, where rules run."""
_ABOUT = 0.5
"""Heights of a box that are looked at on either side of it."""
_ROWS = 28
"""Rows of a picture of a box, above which it is looked at coarser."""
_WIDE = 0.5
"""Of the box: what is so wide and high is no print."""
_EDGE = 0.15
"""Of the box: how far the edge of what lies over it reaches at most."""
_STEP, _FORM_STEP = 0.08, 0.05
"""Of the paper's tone: by how much it is darker, and from which the form itself is tinted."""
_LONG = 0.4
"""Heights of the box that such an edge is long at least."""
_PRINT, _SPECKS = 0.65, 0.04
"""Of the tone around it: what is darker than this is print; and how much of that there may be."""


def hidden(boxes: Sequence[FieldBox], reference: Reference) -> Iterator[Reason]:
    """Of each box a part of which is not to be seen, a `hidden`. reference: the form that their
    page is aligned to; boxes of other pages are left out."""
    for box in boxes:
        if box.alignment.method != "features":
            continue
        name = box.field.name
        if _is_beyond(box):
            message = f"{name}: a part of its box is beyond the picture: take all of the page"
        elif _is_covered(box, reference):
            message = f"{name}: something seems to lie over a part of its box: compare it"
        else:
            continue
        yield Reason(code="hidden", message=message, fields=(name,))


def _is_beyond(box: FieldBox) -> bool:
    """Whether the picture ends in the box, near print or so that little of it is left."""
    where = box.alignment.at(geometry.corners(*box.field.box))
    height, width = box.page.shape
    if ((where >= 0) & (where <= (width, height))).all():
        return False  # as most do
    beyond = crop(np.zeros_like(box.page), box.field.box, box.alignment) > 0
    if beyond.mean() > _MOST:
        return True
    rows = box.crop.shape[0]
    near = cv2.dilate(beyond.astype(np.uint8), _square(rows, 2 * _NEAR)) > 0
    inner = slice(round(_INNER * rows), round((1 - _INNER) * rows))
    is_print = box.crop < _PRINT * np.quantile(box.crop[~beyond], 0.9)
    return bool((is_print & near & ~beyond)[inner].any())


def _is_covered(box: FieldBox, reference: Reference) -> bool:
    left, top, right, bottom = box.field.box
    about = round(_ABOUT * (bottom - top))
    around = left - about, top, right + about, bottom
    seen = _small(crop(box.page, around, box.alignment))
    if not _has_cover(seen):
        return False  # as most
    return not _is_tinted(_small(_of_form(reference, around)))


def _of_form(reference: Reference, box: Box) -> Gray:
    scale = reference.picture.shape[1] / reference.page_size[0]
    left, top, right, bottom = (round(side * scale) for side in box)
    return reference.picture[max(0, top) : bottom, max(0, left) : right]


def _small(picture: Gray) -> Gray:
    """The picture, H×W, with `_ROWS` rows at most."""
    scale = _ROWS / picture.shape[0]
    if scale >= 1:
        return picture
    size = max(1, round(scale * picture.shape[1])), _ROWS
    return u8(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _square(height: int, share: float) -> cv2.typing.MatLike:
    side = max(3, round(share * height)) | 1
    return np.ones((side, side), np.uint8)


def _ground(picture: Gray) -> tuple[Gray, Gray]:
    """The tone of what is printed on, and by how much it changes at once."""
    height = picture.shape[0]
    closed = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, _square(height, _WIDE))
    ground = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _square(height, _WIDE / 2))
    return u8(ground), u8(cv2.morphologyEx(ground, cv2.MORPH_GRADIENT, _square(height, _EDGE)))


def _is_tinted(picture: Gray) -> bool:
    ground, steps = _ground(picture)
    return quantile(steps, 0.99) > _FORM_STEP * quantile(ground, 0.9)


def _has_cover(picture: Gray) -> bool:
    """Whether a part of the picture, H×W, that ends at once is darker, and has no print on it."""
    height = picture.shape[0]
    light = cv2.dilate(picture, _square(height, _WIDE))
    if light.min() >= (1 - _STEP) * light.max():
        return False  # then no ground is darker, and this takes a fifth of the time
    ground, steps = _ground(picture)
    edges = (steps > _STEP * quantile(ground, 0.9)).astype(np.uint8)
    if np.count_nonzero(edges) < _LONG * height:
        return False
    around = _square(height, 2 * _WIDE)
    lightest, near = cv2.dilate(ground, around), cv2.dilate(edges, around)
    darker = ((ground < (1 - _STEP) * lightest) & (near > 0)).astype(np.uint8)
    # A digit may be half under its edge.
    inner = cv2.erode(darker, _square(height, _EDGE)) > 0
    if not inner.any():
        return False
    return bool((picture[inner] < _PRINT * ground[inner]).mean() <= _SPECKS)
