"""Rows that are not where the form has them: the totals stand lower under a longer list.

What stands around a box on the reference picture, its label above all, is looked for on the page at
the height where it should be, and where it isn't there at every other. A page of the form has it in
one place; what is written over it, such as a stamp, hides it there and is like it nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.align import Alignment, crop
from core.geometry import Gray, coarser
from core.invoice import Reason
from core.reading.ink import u8
from core.reference import Reference
from core.template import Box, Template

_BESIDE, _ABOVE = 0.3, 0.25
"""Of the page's width, and of the box's height: how far around a box it is looked at."""
_THERE = 0.8
"""How alike the form and what stands around a box are where that is in its place. Of 1,342 boxes
of drawn forms that were in theirs 234 were less: beside lines that are filled in otherwise, and
under watermarks."""
_ELSEWHERE, _CLEARLY = 0.85, 0.25
"""How alike they must be elsewhere, and by how much more than in their place. Of those boxes that
were so much more alike elsewhere the most was 0.76."""
_TOGETHER = 0.65
"""The same where another box has moved as far: of those boxes no two had."""
_SHOWN = 2.5
"""The deviation of what is shown around a box from which it tells rows apart. Of 129 boxes of drawn
forms beside a label all but 3 had 6 and more; of 92 in rows that the form leaves empty 75 had less:
the foot of a heading, or where rules meet, is all that stands there."""
_NEAR = 3
"""Rows of the reference picture that a box may be off and be in its place."""
_SLACK = 4
"""Columns of the reference picture that it is looked further to either side."""
_FINE, _AROUND = 1.0, 25
"""Pixels of the reference picture: the standard deviation of a blur, and what is around a pixel."""
_RULES = np.ones((1, 40), np.uint8), np.ones((20, 1), np.uint8)
"""Pixels of the reference picture: what runs so far is a rule."""
_BOX_EDGE = 3
"""Pixels around boxes that what is printed in them may take."""


@dataclass(frozen=True)
class Place:
    """down: by how many pixels of the template's frame a box's row is lower than on the form.
    found: whether what stands around the box was seen."""

    down: int = 0
    found: bool = True


@dataclass(frozen=True)
class _Seen:
    """Where, `down` in the template's frame, what stands around a box is most like the form but in
    its place, and how much it is there and in its place."""

    down: int
    elsewhere: float
    here: float


def followed(
    template: Template, page: Gray, reference: Reference, alignment: Alignment
) -> tuple[Template, tuple[Reason, ...]]:
    """The template with its boxes where their rows are on the page, H×W, that is aligned so; and a
    `moved` that names the fields whose rows are elsewhere, or nowhere beside such."""
    fields = [field for field in template.fields if template.page_of(field) == template.page]
    found = places(page, reference, [field.box for field in fields], alignment)
    by_name = {field.name: place for field, place in zip(fields, found, strict=True)}
    moved = tuple(name for name, place in by_name.items() if place.down)
    lost = tuple(name for name, place in by_name.items() if not place.found)
    if not moved:
        return template, ()
    lying = [
        field.model_copy(update={"box": _lower(field.box, by_name[field.name].down)})
        if field.name in moved
        else field
        for field in template.fields
    ]
    message = f"{', '.join(moved)}: higher or lower on the page than on the form, and read there"
    if lost:
        message += f"; {', '.join(lost)}: not found"
    reason = Reason(code="moved", message=f"{message}: compare them", fields=moved + lost)
    return template.model_copy(update={"fields": tuple(lying)}), (reason,)


def _lower(box: Box, by: int) -> Box:
    left, top, right, bottom = box
    return left, top + by, right, bottom + by


def places(
    page: Gray, reference: Reference, boxes: Sequence[Box], alignment: Alignment
) -> list[Place]:
    """Where each box of the template's frame is on the page, H×W, that is aligned so."""
    views = [_seen(page, reference, box, boxes, alignment) for box in boxes]
    near = _NEAR * reference.page_size[0] / reference.picture.shape[1]
    clear = [
        None if view is None or view.elsewhere < max(_TOGETHER, view.here + _CLEARLY) else view
        for view in views
    ]
    found = []
    for i, (view, moved) in enumerate(zip(views, clear, strict=True)):
        others = [each for j, each in enumerate(clear) if each is not None and j != i]
        if moved is not None and (
            moved.elsewhere >= _ELSEWHERE
            or any(abs(each.down - moved.down) <= near for each in others)
        ):
            found.append(Place(moved.down))
        else:
            found.append(Place(found=view is None))
    return found


def _seen(
    page: Gray, reference: Reference, box: Box, boxes: Sequence[Box], alignment: Alignment
) -> _Seen | None:
    """What is seen of what stands around the box; None where it is in its place."""
    width, height = reference.page_size
    scale = reference.picture.shape[1] / width
    around = _around(box, reference.page_size)
    left, top, right, bottom = (round(side * scale) for side in around)
    form = _form(reference)[top:bottom, left:right]
    if not form.size:
        return None
    mask = np.full(form.shape, 255, np.uint8)
    for each in boxes:
        x1, y1, x2, y2 = (round(side * scale) for side in each)
        rows = slice(max(0, y1 - _BOX_EDGE - top), max(0, y2 + _BOX_EDGE - top))
        mask[rows, max(0, x1 - _BOX_EDGE - left) : max(0, x2 + _BOX_EDGE - left)] = 0
    there = _relief(_sized(crop(page, around, alignment), form.shape))
    if _likeness(form, there, mask > 0) >= _THERE:
        return None
    slack = round(_SLACK / scale)
    column = around[0] - slack, 0, around[2] + slack, height
    shape = reference.picture.shape[0], form.shape[1] + 2 * _SLACK
    strip = _relief(_sized(crop(page, column, alignment), shape))
    alike = cv2.matchTemplate(strip, form, cv2.TM_CCOEFF_NORMED, mask=mask)
    rows_alike = np.nan_to_num(alike, nan=0, posinf=0, neginf=0).max(axis=1)
    here = float(rows_alike[max(0, top - _NEAR) : top + _NEAR + 1].max())
    if here >= _THERE:
        return None
    if form[mask > 0].std() < _SHOWN:
        return _Seen(0, 0.0, here)
    rows_alike[max(0, top - 2 * _NEAR) : top + 2 * _NEAR + 1] = -1
    most = int(rows_alike.argmax())
    return _Seen(round((most - top) / scale), float(rows_alike[most]), here)


@lru_cache(8)
def _form(reference: Reference) -> NDArray[np.float32]:
    return _relief(reference.picture)


def _around(box: Box, page_size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    beside, above = round(_BESIDE * page_size[0]), round(_ABOVE * (bottom - top))
    return (
        max(0, left - beside),
        max(0, top - above),
        min(page_size[0], right + beside),
        min(page_size[1], bottom + above),
    )


def _sized(picture: Gray, shape: tuple[int, int]) -> Gray:
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


def _likeness(
    one: NDArray[np.float32], other: NDArray[np.float32], mask: NDArray[np.bool_]
) -> float:
    """The correlation of two pictures where `mask` is; 1 where the first shows nothing."""
    a, b = (each[mask] for each in (one, other))
    if a.size == 0 or a.std() < 1:
        return 1.0
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-6))
