"""What stands between the characters that were read in a line, and says that one is missing or that
they are no one number.

Room for another: a digit that correction fluid, glare or a streak took away leaves it, and so does
a note beside a number, which is read as if it were a part of it. A rule between two cells. Print
that is no digit, which the reader passes over.
"""

import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.reading.grammar import Kind, date_within
from core.reading.lines import HEIGHT, INKED, Line
from core.reading.prints import Seen

_WIDE, _FURTHER = 0.45 * HEIGHT, 1.5
"""Columns that such room has at least, and how much further apart the characters beside it are than
most. Of 305 drawn lines of train and validation families none had both; of 129 that lacked a digit
103 had, of 166 with a note beside them 118."""
_BLANK, _MORE, _WORDS = 10, 7, 1.2
"""Columns of a blank between two words, those that it has more than most, and how much further
apart the digits beside it are. Of 196 amounts with another number behind them 167 had all three, of
2,827 drawn lines of train and validation families 8."""
_NARROW, _ALONE, _CLEARLY = 6, 1.5, 1.3
"""The same where no other blank between its digits is nearly as wide: columns that it has at least,
how much wider than any other it is, and how much further apart the digits beside it are. Of 3,036
drawn amounts 14 more had these, and none of them was a number alone."""
_FEWEST = 3
"""Characters that say how far apart most are."""
_LOST = 2
"""Of so much room in a line it is lost characters'; more of it is how the line is printed."""
_BESIDE_TIME = 4
"""Columns that a blank within a date or a time has more than the one between them, at least."""
_BLANK_GROUPS = re.compile(r"[-(]?([1-9١-٩][0-9٠-٩]{3,})(?:[.,٫][0-9٠-٩]{1,3})?[-)]?")
"""An amount whose thousands nothing but blanks may set apart."""
_GROUP = 3
_UNREAD = (6, 9)
"""Columns and rows that print has at least which was not made out. Of 3,490 drawn lines of
validation families 12 had such, 6 of them misread; of 84 with a word, a letter or an 'x' between
their digits 54."""
_MANY, _SKIPPED, _FILLED = 6, 1.8, 1.35
"""Characters that say how much room one takes; how much further apart two are between which one was
passed over; of that room, how many columns between them have ink: at least each. Of 114 drawn
'86x 79.50', '3@79.50', '3*79.50' and '3×79.50' that were surely read as one number 9 still are; of
some 2,900 drawn amounts, many with words beside them, 2 more are in doubt."""
_CUT = 4
"""Columns from a line's edge to where a character is seen that the box doesn't cut, at least."""
_DASHED = 7
"""Columns of blank between a dash and a number of which it is no minus."""
_NEAR = 2
"""Columns around such print in which no character is seen."""
_BESIDE = 5
"""Columns between a rule and where a character beside it is seen, at least."""

_MONTH = re.compile(r"[0-9]+([-/.])([0-9]+)\1[0-9]+")
_LETTERS = 1.5, 0.65
"""Of the way from digit to digit: columns with ink that there are between the marks of a date, for
each digit that was read there and beyond that, where letters stand. Of 10,000 drawn dates in digits
two had as much."""


def has_gap(text: str, kind: Kind, line: Seen, *, words: bool) -> bool:
    """Whether there is room for another character within a line that was read.

    text: what was read. Blanks between the thousands of an amount, around the marks of a date or
    beside its time are no such room. words: whether a blank as between words is, which many an
    identifier has.
    """
    least = _NARROW if words else _WIDE
    ends = date_within(text) if kind == "date" else (0, len(text))
    if _widest(line.filled) < least and ends == (0, len(text)):
        return False  # as most; all else takes several times as long
    begins = line.begins[line.begins > 0]  # less what the edge cuts
    if len(begins) < _FEWEST:
        return False
    apart = np.diff(begins)
    blank = np.array([_blank_between(line.filled, *two) for two in pairwise(begins.tolist())])
    lacking = (apart > _FURTHER * np.sort(apart)[len(apart) // 2]) & (blank > _WIDE)
    if words and len(text) == len(begins):
        between = _between_numbers(text, apart, blank)
        if kind == "number" and between.any() and any(c >= "٠" for c in text):
            return True  # Arabic-Indic ones may be laid out from the right, however many they are
        lacking |= between
    gaps = np.flatnonzero(lacking)
    if len(gaps) > _LOST or len(text) != len(begins):
        return 0 < len(gaps) <= _LOST
    if kind == "date":  # there may be blanks around its marks
        within = [at for at in range(len(blank)) if text[at : at + 2].isdecimal()]
        beside_time = [at for at in within if at + 1 in ends]
        if beside_time and max(blank[within]) >= blank[beside_time[0]] + _BESIDE_TIME:
            return True  # a digit was lost, and others taken for the time's or the date's
        return any(at in within and at not in beside_time for at in gaps)
    grouped = _BLANK_GROUPS.fullmatch(text) if kind == "amount" else None
    if grouped is None:
        return gaps.size > 0
    after = [grouped.end(1) - 1 - at for at in gaps]
    return any(digits <= 0 or digits % _GROUP for digits in after)


def _between_numbers(
    text: str, apart: NDArray[np.intp], blank: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Of each two neighbours in a text whether they are digits of two words, as in '12.50 3'.

    apart, blank: how far they are from each other, and how much of that is blank, in columns.
    """
    digits = np.array([one.isdecimal() and other.isdecimal() for one, other in pairwise(text)])
    if not digits.any():
        return digits
    usual = np.median(apart[digits])
    wide = (apart >= _WORDS * usual) & (blank >= max(_BLANK, np.median(blank) + _MORE))
    blanks = np.sort(blank[digits])[::-1]
    alone = len(blanks) > 1 and blanks[0] >= max(_NARROW, _ALONE * blanks[1])
    narrow = (apart >= _CLEARLY * usual) & (blank == blanks[0]) if alone else False
    return np.asarray(digits & (wide | narrow))


def _blank_between(filled: NDArray[np.bool_], begin: int, end: int) -> int:
    return _widest(np.concatenate(([True], filled[begin:end], [True])))


def is_divided(line: Line, seen: Seen) -> bool:
    """Whether a rule of a table runs between the characters that are seen in a line: they are of
    two cells, as where riyals and halalas have a column each."""
    if not line.dividers.size:
        return False
    scale = line.ink.shape[1] / len(line.columns)
    rules = np.searchsorted(line.columns, line.dividers) * scale
    # What is read itself is a '١', taller than '٠' and '٥'.
    rules = [at for at in rules if (abs(seen.middles - at) > _BESIDE).all()]
    return any((seen.middles < at).any() and (seen.middles > at).any() for at in rules)


def has_unread(text: str, line: Seen) -> bool:
    """Whether print that is none of its characters stands between those of a line, as in '3 x
    12.50' or where a digit was not made out, or beyond a dash that is apart from the number: that
    of 'Total - 1,234' is no minus.

    text: what was read.
    """
    seen, filled = line.middles, line.filled
    if not seen.size:
        return False
    edges = np.flatnonzero(filled[1:] != filled[:-1]) + 1
    edges = edges[int(filled[0]) :]  # what begins at the line's edge isn't between characters
    begin, end = edges[: len(edges) // 2 * 2].reshape(-1, 2).T
    blank = begin[1:] - end[:-1]
    apart = blank > _NEAR  # not the dots of one character
    begin = np.concatenate((begin[:1], begin[1:][apart]))
    end = np.concatenate((end[:-1][apart], end[-1:]))
    blank = blank[apart]
    none = np.searchsorted(seen, begin - _NEAR) == np.searchsorted(seen, end + _NEAR)
    left, right = (int(np.searchsorted(end, at)) for at in (seen[0], seen[-1]))
    if not (text[:1] == "-" and left < len(blank) and blank[left] >= _DASHED):
        none[:left] = False
    if not (text[-1:] == "-" and 0 < right < len(begin) and blank[right - 1] >= _DASHED):
        none[right + 1 :] = False
    for at in np.flatnonzero(none & (end - begin >= _UNREAD[0])):
        rows = np.flatnonzero((line.ink[:, begin[at] : end[at]] > INKED).any(axis=1))
        if rows[-1] + 1 - rows[0] >= _UNREAD[1]:
            return True
    return False


def has_skipped(text: str, line: Seen) -> bool:
    """Whether a character was passed over in an amount though print there is close to what was
    read, as in '86x 79.50' that is read as '879.50': a network sees one that the text lacks, or
    Western ones stand so far apart and there is so much print between them.

    text: what was read.
    """
    middle = (line.begins + line.ends) // 2
    # What the edge of the box cuts is of something else.
    if np.count_nonzero((middle >= _CUT) & (middle < line.ink.shape[1] - _CUT)) > len(text):
        return True
    if len(middle) < _MANY or not text.isascii():
        return False  # Arabic-Indic ones are of many widths
    apart = np.diff(middle)
    usual = np.sort(apart)[len(apart) // 2]
    return any(
        np.count_nonzero(line.filled[middle[at] : middle[at + 1]]) >= _FILLED * usual
        for at in np.flatnonzero(apart >= _SKIPPED * usual)
    )


def has_month(text: str, line: Seen) -> bool:
    """Whether there is so much print for the month of a date that it may be a name: '12/Sep/2026'
    is read as '12/5/2026'.

    text: what was read.
    """
    match = _MONTH.fullmatch(text)
    middle = (line.begins + line.ends) // 2
    if match is None:
        return False
    # A network may see more or fewer characters in the letters than the text has.
    first, last = match.start(1), len(middle) - len(text) + match.end(2)
    apart = np.concatenate((np.diff(middle[:first]), np.diff(middle[last + 1 :])))
    if first >= last or not apart.size:
        return False
    inked = line.filled[middle[first] : middle[last]].sum()
    return bool(inked >= (_LETTERS[0] * len(match[2]) + _LETTERS[1]) * apart.max())


def _widest(filled: NDArray[np.bool_]) -> int:
    """The most columns on end, between such with ink, that have none."""
    inked = np.flatnonzero(filled)
    return int((inked[1:] - inked[:-1]).max(initial=1)) - 1
