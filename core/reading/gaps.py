"""Room for another character among those that were read in a line.

A digit that correction fluid, glare or a streak took away leaves it, and so does a note beside a
number, which is read as if it were a part of it.
"""

import re

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.grammar import Kind
from core.reading.lines import HEIGHT, INKED, Line
from core.reading.network import FRAME

_WIDE, _FURTHER = 0.45 * HEIGHT, 1.5
"""Columns that such room has at least, and how much further apart the characters beside it are than
most. Of 305 drawn lines of train and validation families none had both; of 129 that lacked a digit
103 had, of 166 with a note beside them 118."""
_FEWEST = 3
"""Characters that say how far apart most are."""
_LOST = 2
"""Of so much room in a line it is lost characters'; more of it is how the line is printed."""
_BLANK_GROUPS = re.compile(r"[-(]?([1-9١-٩][0-9٠-٩]{3,})(?:[.,٫][0-9٠-٩]{1,3})?[-)]?")
"""An amount whose thousands nothing but blanks may set apart."""
_GROUP = 3
_UNREAD = (6, 9)
"""Columns and rows that print has at least which was not made out. Of 3,490 drawn lines of
validation families 15 had such, most of them misread; of 120 with a word, a letter or a '×' between
their digits 78."""
_CLOSE = np.ones((1, 3), np.uint8)
_NEAR = 2
"""Columns from such print in which no character is seen."""
_BESIDE = 5
"""Columns between a rule and where a character beside it is seen, at least."""


def has_gap(text: str, kind: Kind, ink: Gray, answer: LogProbs) -> bool:
    """Whether there is room for another character within a line that was read.

    text: what was read. ink, answer: the line image, and what a network says of it, T×C. Blanks
    between the thousands of an amount or around the marks of a date are no such room.
    """
    filled = cv2.reduce(ink, 0, cv2.REDUCE_MAX)[0] > INKED
    if _widest(filled) <= _WIDE:
        return False  # as most; all else takes several times as long
    likeliest = answer.argmax(axis=1)
    begins = np.flatnonzero((likeliest[1:] != likeliest[:-1]) & (likeliest[1:] != 0)) + 1
    if len(begins) < _FEWEST:
        return False
    apart = np.diff(begins)
    far = np.flatnonzero(apart > _FURTHER * np.sort(apart)[len(apart) // 2])
    between = (filled[FRAME * begins[at] : FRAME * begins[at + 1]] for at in far)
    gaps = [
        at
        for at, columns in zip(far, between, strict=True)
        if _widest(np.concatenate(([True], columns, [True]))) > _WIDE
    ]
    if len(gaps) > _LOST or len(text) != len(begins):
        return 0 < len(gaps) <= _LOST
    if kind == "date":  # there may be blanks around its marks
        return any(text[at].isdecimal() and text[at + 1].isdecimal() for at in gaps)
    grouped = _BLANK_GROUPS.fullmatch(text) if kind == "amount" else None
    if grouped is None:
        return bool(gaps)
    after = [grouped.end(1) - 1 - at for at in gaps]
    return any(digits <= 0 or digits % _GROUP for digits in after)


def is_divided(line: Line, answer: LogProbs) -> bool:
    """Whether a rule of a table runs between characters of a line: they are of two cells, as where
    riyals and halalas have a column each.

    answer: what a network says of the line's image, T×C.
    """
    if not line.dividers.size:
        return False
    scale = line.ink.shape[1] / len(line.columns)
    rules = np.searchsorted(line.columns, line.dividers) * scale
    seen = FRAME * np.flatnonzero(answer.argmax(axis=1)) + FRAME / 2
    # What is read itself is a '١', taller than '٠' and '٥'.
    rules = [at for at in rules if (abs(seen - at) > _BESIDE).all()]
    return any((seen < at).any() and (seen > at).any() for at in rules)


def has_unread(ink: Gray, answer: LogProbs) -> bool:
    """Whether print stands between the characters of a line that is none of them, as in '3 x 12.50'
    or where a digit was not made out.

    ink, answer: the line image, and what a network says of it, T×C.
    """
    seen = FRAME * np.flatnonzero(answer.argmax(axis=1)) + FRAME / 2
    if not seen.size:
        return False
    strong = (ink > INKED).astype(np.uint8)
    filled = cv2.morphologyEx(cv2.reduce(strong, 0, cv2.REDUCE_MAX), cv2.MORPH_CLOSE, _CLOSE)[0]
    edges = np.flatnonzero(np.diff(filled, prepend=0, append=0)).reshape(-1, 2)
    for begin, end in edges:
        if begin <= seen[0] or end >= seen[-1] or end - begin < _UNREAD[0]:
            continue
        if not ((seen >= begin - _NEAR) & (seen < end + _NEAR)).any():
            rows = np.flatnonzero(strong[:, begin:end].any(axis=1))
            if rows[-1] + 1 - rows[0] >= _UNREAD[1]:
                return True
    return False


def _widest(filled: NDArray[np.bool_]) -> int:
    """The most columns on end, between such with ink, that have none."""
    inked = np.flatnonzero(filled)
    return int((inked[1:] - inked[:-1]).max(initial=1)) - 1
