"""Rows that are not where the form has them: the totals stand lower under a longer list.

What stands around a box on the reference picture, its label above all, is looked for on the page at
the height where it should be, and where it isn't there at every other. A page of the form has it in
one place; what is written over it, such as a stamp, hides it there and is like it nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.alignment.align import Alignment
from core.alignment.reference import Reference
from core.alignment.relief import of_form, of_part
from core.checking.landmarks import Landmarks
from core.geometry import Gray
from core.invoice import Reason
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
"""The same where another box has moved as far, or its own label: of those boxes no two had."""
_SHOWN = 2.5
"""The deviation of what is shown around a box from which it tells rows apart. Of 129 boxes of drawn
forms beside a label all but 3 had 6 and more; of 92 in rows that the form leaves empty 75 had less:
the foot of a heading, or where rules meet, is all that stands there."""
_NEAR = 3
"""Rows of the reference picture that a box may be off and be in its place."""
_SLACK = 4
"""Columns of the reference picture that it is looked further to either side."""
_ABOUT = 12
"""Rows around what is looked at in its place alone."""
_BOX_EDGE = 3
"""Pixels around boxes that what is printed in them may take."""


@dataclass(frozen=True)
class Place:
    """down: by how many pixels of the template's frame a box's row is lower than on the form.
    found: whether what stands around the box was seen. astray: whether its label or heading stands
    elsewhere, so that the box may be of another column or none."""

    down: int = 0
    found: bool = True
    astray: bool = False


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
    `moved` that names the fields whose rows are elsewhere, or nowhere beside such, and a
    `label_moved` for those whose labels or headings are."""
    fields = [field for field in template.fields if template.page_of(field) == template.page]
    found = places(page, reference, [field.box for field in fields], alignment)
    by_name = {field.name: place for field, place in zip(fields, found, strict=True)}
    moved = tuple(name for name, place in by_name.items() if place.down)
    lost = tuple(name for name, place in by_name.items() if not place.found)
    astray = tuple(name for name, place in by_name.items() if place.astray)
    reasons = []
    if moved:
        lying = [
            field.model_copy(update={"box": _lower(field.box, by_name[field.name].down)})
            if field.name in moved
            else field
            for field in template.fields
        ]
        template = template.model_copy(update={"fields": tuple(lying)})
        message = (
            f"{', '.join(moved)}: higher or lower on the page than on the form, and read there"
        )
        if lost:
            message += f"; {', '.join(lost)}: not found"
        message += ": compare them"
        reasons.append(Reason(code="moved", message=message, fields=moved + lost))
    if astray:
        message = (
            f"{', '.join(astray)}: the label, or the heading of the column or the next, stands "
            "elsewhere on the page than on the form: compare them; if the form has changed for "
            "good, draw its template anew"
        )
        reasons.append(Reason(code="label_moved", message=message, fields=astray))
    return template, tuple(reasons)


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
    landmarks = Landmarks(page, reference, boxes, alignment)
    agreed = set()
    for i, view in enumerate(views):
        # What else is around the box may be alike in both places: its label tells them apart.
        if view is None or view.elsewhere < (_ELSEWHERE if clear[i] is None else _TOGETHER):
            continue
        if abs(landmarks.lower(boxes[i]) - view.down) <= near:
            clear[i] = view
            agreed.add(i)
    found = []
    for i, (view, moved) in enumerate(zip(views, clear, strict=True)):
        others = [each for j, each in enumerate(clear) if each is not None and j != i]
        if moved is not None and (
            moved.elsewhere >= _ELSEWHERE
            or i in agreed
            or any(abs(each.down - moved.down) <= near for each in others)
        ):
            found.append(Place(moved.down))
        elif view is None:
            found.append(Place())
        else:
            astray = landmarks.are_elsewhere(boxes[i])
            found.append(Place(found=view.here >= _THERE, astray=astray))
    return found


def _seen(
    page: Gray, reference: Reference, box: Box, boxes: Sequence[Box], alignment: Alignment
) -> _Seen | None:
    """What is seen of what stands around the box; None where it is in its place, and tells
    rows apart. Where nothing stands there it is alike."""
    scale = reference.picture.shape[1] / reference.page_size[0]
    around = _around(box, reference.page_size)
    left, top, right, bottom = (round(side * scale) for side in around)
    form = of_form(reference)[top:bottom, left:right]
    mask = np.full(form.shape, 255, np.uint8)
    for each in boxes:
        x1, y1, x2, y2 = (round(side * scale) for side in each)
        rows = slice(max(0, y1 - _BOX_EDGE - top), max(0, y2 + _BOX_EDGE - top))
        mask[rows, max(0, x1 - _BOX_EDGE - left) : max(0, x2 + _BOX_EDGE - left)] = 0
    shown = form[mask > 0]
    if not shown.size or shown.std() < 1:
        return _Seen(0, 0.0, 1.0)
    tells = shown.std() >= _SHOWN
    here = _likeness(form, of_part(page, around, alignment, form.shape), mask > 0)
    if here < _THERE:
        # What tells no rows apart is looked at in its place alone.
        whole = 0, reference.picture.shape[0]
        first, end = whole if tells else (top - _ABOUT, bottom + _ABOUT)
        slack = round(_SLACK / scale)
        column = around[0] - slack, round(first / scale), around[2] + slack, round(end / scale)
        strip = of_part(page, column, alignment, (end - first, form.shape[1] + 2 * _SLACK))
        alike = cv2.matchTemplate(strip, form, cv2.TM_CCOEFF_NORMED, mask=mask)
        rows_alike = np.nan_to_num(alike, nan=0, posinf=0, neginf=0).max(axis=1)
        at = top - first
        here = float(rows_alike[max(0, at - _NEAR) : at + _NEAR + 1].max())
    if not tells:
        return _Seen(0, 0.0, here)
    if here >= _THERE:
        return None
    rows_alike[max(0, top - 2 * _NEAR) : top + 2 * _NEAR + 1] = -1
    most = int(rows_alike.argmax())
    return _Seen(round((most - top) / scale), float(rows_alike[most]), here)


def _around(box: Box, page_size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    beside, above = round(_BESIDE * page_size[0]), round(_ABOVE * (bottom - top))
    return (
        max(0, left - beside),
        max(0, top - above),
        min(page_size[0], right + beside),
        min(page_size[1], bottom + above),
    )


def _likeness(
    one: NDArray[np.float32], other: NDArray[np.float32], mask: NDArray[np.bool_]
) -> float:
    """The correlation of two pictures where `mask` is."""
    a, b = (each[mask] for each in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-6))
