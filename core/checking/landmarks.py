"""Whether what the form prints beside a box, or above it, stands elsewhere on the page.

A list with one more column has its headings further to the left or right, and a label may have
changed sides: its box is then empty, or holds a neighbour's number. Of the rows of such a list the
form shows nothing else, so the words that it has beside and above a box, and their neighbours, are
looked for where they should be, and around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.alignment.align import Alignment
from core.alignment.reference import Reference
from core.alignment.relief import of_form, of_rows
from core.geometry import Gray
from core.template import Box

Relief = NDArray[np.float32]
_Offset = tuple[int, int]
"""By how many pixels of the reference picture a word is further right and lower on the page."""

_THERE, _SURELY = 0.8, 0.9
"""How alike a word of the form and the page are where it is in its place, and where it can't be
another: small 'الخصم' and 'الكمية' are more alike than the first."""
_ELSEWHERE, _CLEARLY = 0.85, 0.12
"""How alike they must be elsewhere, and by how much more than in its place."""
_TWIN = 0.1
"""By how much more, too, than another of the form is: amounts of '0.00' are alike."""
_INK = 20
"""Grey levels by which print stands out of its surroundings."""
_SPACE = np.ones((1, 9), np.uint8)
"""What is less far apart is one word."""
_WIDTH, _HEIGHT = 14, (5, 40)
"""Pixels of the reference picture: of words, at least, and from and to."""
_EDGE = 3
"""Pixels around boxes that what is printed in them may take, and around words."""
_NEAR = 3
"""Pixels of the reference picture that a word may be off and be in its place."""
_AROUND = 4
"""Heights of a row of words that it is looked for above and below its place."""
_BESIDE = 0.3
"""Of the page's width: how far to its side a box has its label."""
_MOST_BESIDE = 3
"""Words beside a box that are looked for."""
_ROWS = 8
"""Rows of words above a box in which its heading is looked for."""


@dataclass(frozen=True)
class _Row:
    """Words of the reference picture that stand in one row: its first pixel row and the one after
    the last, and the same of each word's columns, from left to right."""

    top: int
    bottom: int
    words: tuple[tuple[int, int], ...]


class Landmarks:
    """Looks on one page, H×W, that is aligned so. boxes: all those of the form on it."""

    def __init__(
        self, page: Gray, reference: Reference, boxes: Sequence[Box], alignment: Alignment
    ) -> None:
        self._page, self._reference, self._alignment = page, reference, alignment
        self._scale = reference.picture.shape[1] / reference.page_size[0]
        self._rows = _rows(reference, tuple(boxes))
        self._strips: dict[tuple[int, int], Relief] = {}
        self._found: dict[tuple[int, int], _Offset | None] = {}

    def are_elsewhere(self, box: Box) -> bool:
        """Whether the label beside the box, the heading above it, or one beside that is clearly
        elsewhere on the page. What is hidden or isn't told from others is not."""
        left, top, right, bottom = (round(side * self._scale) for side in box)
        for word in self._beside(left, top, right, bottom):
            place = self._place(*word)
            if place is not None:
                return not place
        above = (i for i in reversed(range(len(self._rows))) if self._rows[i].bottom <= top + _EDGE)
        for row, _ in zip(above, range(_ROWS), strict=False):
            words = self._rows[row].words
            for j, (start, end) in enumerate(words):
                if min(end, right) - max(start, left) < min(end - start, right - left) / 3:
                    continue
                if self._place(row, j) is None:
                    if self._has_moved_down(row, j):
                        return True
                    continue
                near = range(max(0, j - 1), min(len(words), j + 2))
                return any(self._place(row, k) is False for k in near)
        return False

    def _has_moved_down(self, row: int, word: int) -> bool:
        """Whether the word and others of its row, and so a row of headings, are straight below or
        above their place, and none is in it: of a list one word may be in another row, not all."""
        if self._offset(row, word) is None:
            return False
        words = range(len(self._rows[row].words))
        offsets = [each for each in (self._offset(row, k) for k in words) if each is not None]
        down = {y for x, y in offsets if abs(x) <= _NEAR < abs(y)}
        enough = len(offsets) >= max(2, (len(words) + 1) // 2)
        return bool(enough and down and max(down) - min(down) <= _NEAR) and all(
            abs(x) <= _NEAR < abs(y) for x, y in offsets
        )

    def lower(self, box: Box) -> int:
        """By how many pixels of the template's frame the label beside the box is lower on the page;
        0 where it isn't straight below or above its place."""
        left, top, right, bottom = (round(side * self._scale) for side in box)
        for word in self._beside(left, top, right, bottom):
            offset = self._offset(*word)
            if offset is not None:
                return round(offset[1] / self._scale) if abs(offset[0]) <= _NEAR else 0
        return 0

    def _beside(self, left: int, top: int, right: int, bottom: int) -> list[tuple[int, int]]:
        """Row and number of the words in the box's row to either side of it, the nearest first."""
        reach = round(_BESIDE * self._reference.picture.shape[1])
        found = []
        for i, row in enumerate(self._rows):
            if top <= (row.top + row.bottom) / 2 < bottom:
                gaps = [max(left - end, start - right) for start, end in row.words]
                found += [(gap, i, j) for j, gap in enumerate(gaps) if 0 <= gap < reach]
        return [word[1:] for word in sorted(found)[:_MOST_BESIDE]]

    def _place(self, row: int, word: int) -> bool | None:
        """Whether the word is in its place; False where it is clearly elsewhere.

        What a filled-in form has in a list stands in other rows of the next: only sideways is a
        word found, alone in its row, in another with a second one.
        """
        offset = self._offset(row, word)
        if offset is None or offset == (0, 0):
            return None if offset is None else True
        if abs(offset[1]) <= _NEAR:
            return False
        if abs(offset[0]) <= _NEAR:
            return None
        for i in range(max(0, row - 2), min(len(self._rows), row + 3)):
            for j in range(len(self._rows[i].words)):
                other = None if (i, j) == (row, word) else self._offset(i, j)
                if other and max(abs(a - b) for a, b in zip(offset, other, strict=True)) <= _NEAR:
                    return False
        return None

    def _offset(self, row: int, word: int) -> _Offset | None:
        """None where the word isn't seen, or not told from others."""
        if (row, word) not in self._found:
            self._found[row, word] = self._looked_for(self._rows[row], *self._rows[row].words[word])
        return self._found[row, word]

    def _looked_for(self, row: _Row, start: int, end: int) -> _Offset | None:
        start, end = max(0, start - _EDGE), end + _EDGE
        whole = of_form(self._reference)
        form = whole[row.top : row.bottom, start:end]
        rows = max(0, row.top - _NEAR), row.bottom + _NEAR
        columns = max(0, start - _NEAR), end + _NEAR
        # Most are in their place, and to look there alone takes a fifth of the time.
        place = of_rows(self._page, self._reference, rows, self._alignment, columns)
        if _most_alike(place, form)[0] >= _SURELY:
            return 0, 0
        here, _ = _most_alike(self._strip(*rows)[:, slice(*columns)], form)
        if here >= _SURELY:
            return 0, 0
        there = (0, 0) if here >= _THERE else None
        around = _AROUND * (row.bottom - row.top)
        first = max(0, row.top - around)
        strip = self._strip(first, row.bottom + around)
        own = start, row.top - first
        elsewhere, (x, y) = _most_alike(strip, form, but=own)
        if elsewhere < max(_ELSEWHERE, here + _CLEARLY):
            return there
        twin, _ = _most_alike(whole[first : row.bottom + around], form, but=own)
        return there if twin > elsewhere - _TWIN else (x - own[0], y - own[1])

    def _strip(self, top: int, bottom: int) -> Relief:
        """The rows of the page from `top` to `bottom` of the reference picture."""
        if (top, bottom) not in self._strips:
            self._strips[top, bottom] = of_rows(
                self._page, self._reference, (top, bottom), self._alignment
            )
        return self._strips[top, bottom]


@lru_cache(8)
def _rows(reference: Reference, boxes: tuple[Box, ...]) -> tuple[_Row, ...]:
    """The form's words that are in none of the boxes, from top to bottom."""
    marks = (of_form(reference) < -_INK).astype(np.uint8)
    scale = reference.picture.shape[1] / reference.page_size[0]
    for box in boxes:
        left, top, right, bottom = (round(side * scale) for side in box)
        marks[max(0, top - _EDGE) : bottom + _EDGE, max(0, left - _EDGE) : right + _EDGE] = 0
    closed = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, _SPACE)
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
    words = [
        (y, y + height, x, x + width)
        for x, y, width, height, _ in stats[1:].tolist()
        if width >= _WIDTH and _HEIGHT[0] <= height <= _HEIGHT[1]
    ]
    rows: list[list[tuple[int, int, int, int]]] = []
    for word in sorted(words, key=lambda word: word[0] + word[1]):
        top, bottom = (rows[-1][0][:2]) if rows else (-1, -1)
        if not top <= (word[0] + word[1]) / 2 < bottom:
            rows.append([])
        rows[-1].append(word)
    return tuple(
        _Row(
            min(word[0] for word in row),
            max(word[1] for word in row),
            tuple(sorted(word[2:] for word in row)),
        )
        for row in rows
    )


def _most_alike(
    strip: Relief, form: Relief, but: tuple[int, int] | None = None
) -> tuple[float, tuple[int, int]]:
    """How alike the form and the part of the strip are that is most like it, and the column and row
    where that begins. but: column and row of the strip near which it isn't looked at."""
    if strip.shape[0] < form.shape[0] or strip.shape[1] < form.shape[1]:
        return 0.0, (0, 0)
    alike = cv2.matchTemplate(strip, form, cv2.TM_CCOEFF_NORMED)
    if but is not None:
        x, y = but
        rows = slice(max(0, y - 2 * _NEAR), y + 2 * _NEAR + 1)
        alike[rows, max(0, x - 2 * _NEAR) : x + 2 * _NEAR + 1] = -1
    alike = np.nan_to_num(alike, nan=0, posinf=0, neginf=0)
    row, column = divmod(int(alike.argmax()), alike.shape[1])
    return float(alike[row, column]), (column, row)
