"""What a line begins and ends with, where it says something else than what was read.

The networks never saw '=', '+' and square brackets. They take them for a minus, a '4' and the round
brackets of a negative amount, and may be sure of it; now and then a '$' is a '5' to them. Cents
that are raised above the line are digits like the others to them. And they pass over letters, of
which 'CR' or 'Cr' beside an amount makes it negative.
"""

import re

import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.grammar import Kind
from core.reading.lines import INKED, inked_columns
from core.reading.network import FRAME

_REACH = 8
"""Columns that print may be beside where a network sees its character."""
_BAR = 0.6
"""Of the width of a '=', what both of its bars have at least: a speck beside a minus has less."""
_ARM, _MIDWAY, _WIDEST = 0.5, 0.09, 1.3
"""Of the height of a '+', how much of it there is in its first quarter and in its last, how far
from its middle that of either is, and how wide it is, at most. Of 24 drawn '+' that were read as
'4' 22 had all three, of 245 '4' none: their arms lie lower."""
_STEM, _SERIFS = 0.9, 0.8
"""Of its height and width, what there is at least of a '[' in its first quarter, and in its highest
and lowest rows together."""
_LETTER = 8
"""Rows that a letter has at least; a point has less."""
_ROUND = 0.55
"""Of its height, how much of a 'C' there is in its first third, and of the half width that its ends
have, each, at least."""
_SHAPE = (0.4, 1.3)
"""Of its height, how wide a 'C' is."""
_OPEN, _CORNER = 0.05, (0.08, 0.13)
"""Of its height, how far its opening reaches above and below its middle at least; of its height and
width, a corner that is empty on the left, above or below."""
_TWO = 1.4
"""Of a 'C', how wide two letters are at least that touch."""
_BEYOND = 1
"""Rows that a '$' reaches both higher and lower than the digits beside it, at least. Of 228 drawn
amounts that begin or end with a '5' or an '8' none did, of as many behind a '$' four were taken for
such."""
_DIGIT = 0.7
"""Of the tallest print, how tall digits are at least: marks are less."""
_RAISED, _SMALL = 0.2, 0.8
"""Of the digits' height, how much higher than they the last one ends that is above the line, at
least, and how tall it is at most. Of 1,617 drawn amounts without such cents one had both; of 54
with them, most of which are in doubt anyhow, 25."""
_LONE, _FLAT = 0.8, 0.35
"""Of the digits' height, how far what else there is is from a mark that stands by itself, at least,
and how tall that is, at most."""
_DASH, _LEVELS = (1.5, 1.6, 1.3), (0.25, 0.9)
"""Of a dash: how much wider than tall it is at least, and of the digits' height, how wide and how
far from them it is at most, and how low it lies. Of 11,612 drawn amounts 28 had such a mark beside
them, or such a point: 13 a minus, 3 a point, 11 a '~', and one had neither."""
_POINT, _LOW = 0.45, 0.75
"""Of the digits' height, how far a point is before them at most, and how low it lies at least."""
_AT_START, _AT_END = ("-", "4", "("), ("-", "4", ")")
_LIKE_DOLLAR = ("5", "8")

_Mask = NDArray[np.bool_]


def otherwise_meant(text: str, kind: Kind, ink: Gray, answer: LogProbs) -> str | None:
    """What a text is rather than what was read, going by a sign that the reader doesn't know or
    passed over; None where there is no such sign.

    text: what was read. ink, answer: the line image, and what a network says of it, T×C.
    """
    plain = without_another_sign(text, ink, answer)
    if plain is not None or kind != "amount":
        return plain
    if is_credit(ink, answer):
        return f"-{text}"
    if is_raised(text, ink, answer):
        is_note = re.search(r"\.[0-9]{2,}$", text)
        return text[:-1] if is_note else f"{text[:-2]}.{text[-2:]}"
    mark = unread_mark(text, ink, answer)
    return mark and mark + text


def without_another_sign(text: str, ink: Gray, answer: LogProbs) -> str | None:
    """The text without what at either end is another sign: a minus that is a '=' or a '+', a '4'
    that is a '+', a square bracket, or a '5' or '8' that is a '$'. None where there is none.

    text, ink, answer: as above.
    """
    begins = text[:1] in _LIKE_DOLLAR and _is_dollar(ink, answer)
    ends = text[-1:] in _LIKE_DOLLAR and _is_dollar(ink[:, ::-1], answer[::-1])
    if text[:1] in _AT_START:
        begins = _is_another(text[0], _outer(ink, answer))
    if text[-1:] in _AT_END:
        ends = _is_another(text[-1], _outer(ink, answer, last=True))
    if not (begins or ends):
        return None
    return text[int(begins) : len(text) - int(ends)].strip("()")


def is_credit(ink: Gray, answer: LogProbs) -> bool:
    """Whether two letters stand beside what was read of which the first is a 'C', as in 'CR'.

    ink, answer: as above. Of 437 drawn 'CR' and 'Cr' beside amounts 394 were told, and of 8,065
    drawn amounts without, many of which have a currency or other letters beside them, five had
    such.
    """
    begins, ends = _seen(answer)
    if not len(begins):
        return False
    left, right = _printed(ink)
    for beside in (left >= ends[-1] - FRAME // 2, right <= begins[0] + FRAME // 2):
        prints = [_cut(ink[:, a:b]) for a, b in zip(left[beside], right[beside], strict=True)]
        letters = [at for at, each in enumerate(prints) if len(each) >= _LETTER]
        # A point between them is of 'ر.ع.', whose 'ع' is like a 'C'.
        if len(letters) == len("CR") and letters[1] - letters[0] == 1 and _is_c(prints[letters[0]]):
            first, second = (prints[at].shape[1] for at in letters)
            if second <= _TWO * first:
                return True
    return False


def is_raised(text: str, ink: Gray, answer: LogProbs) -> bool:
    """Whether the last of several Western digits is smaller and above the line, as cents and the
    marks of notes are printed: those that an amount begins with say where the line is.

    text, ink, answer: as above.
    """
    begins, ends = _seen(answer)
    at = [place for place, character in enumerate(text) if "0" <= character <= "9"]
    if len(at) < 2 or len(text) != len(begins):
        return False
    left, right = _printed(ink)
    seen = (begins[at] + ends[at])[:, np.newaxis] / 2
    prints = np.abs((left + right) / 2 - seen).argmin(axis=1)
    (_, line), (top, bottom) = (_rows(ink, left[each], right[each]) for each in prints[[0, -1]])
    if bottom >= line:
        return False  # as of most
    rows = np.array([_rows(ink, left[each], right[each]) for each in prints[:-1]])
    tall = (rows[:, 1] - rows[:, 0]).max()
    return bool(line - bottom >= _RAISED * tall and bottom - top <= _SMALL * tall)


def unread_mark(text: str, ink: Gray, answer: LogProbs) -> str | None:
    """The mark that makes another amount, stands beside an amount by itself and was passed over:
    a dash, or before digits alone a point, as in '.50'. None where there is none.

    text, ink, answer: as above.
    """
    begins, ends = _seen(answer)
    left, right = _printed(ink)
    if not len(begins) or not len(left):
        return None
    seen = (begins[[0, -1]] + ends[[0, -1]]) / 2
    first, last = np.abs((left + right) / 2 - seen[:, np.newaxis]).argmin(axis=1)
    if first == 0 and last == len(left) - 1:
        return None  # nothing stands beside it
    read = np.arange(first, last + 1)
    rows = np.array([_rows(ink, *columns) for columns in zip(left, right, strict=True)])
    heights = rows[:, 1] - rows[:, 0]
    digit = heights[read].max()
    top, foot = np.median(rows[read[heights[read] >= _DIGIT * digit]], axis=0)
    width = ink.shape[1]
    for outer, step, begin, end in (
        (first, -1, left, right),
        (last, 1, width - right, width - left),
    ):
        at = outer + step
        if not 0 <= at < len(left):
            continue
        apart, wide, tall = begin[outer] - end[at], end[at] - begin[at], heights[at]
        beyond = begin[at] - end[at + step] if 0 <= at + step < len(left) else digit
        if beyond < _LONE * digit or tall > _FLAT * digit:
            continue
        level = (rows[at].mean() - top) / (foot - top)
        if wide >= _DASH[0] * tall and wide <= _DASH[1] * digit:
            if apart <= _DASH[2] * digit and _LEVELS[0] <= level <= _LEVELS[1] and "-" not in text:
                return "-"
        elif step < 0 and apart <= _POINT * digit and level >= _LOW and text.isdecimal():
            return "."
    return None


def _is_dollar(ink: Gray, answer: LogProbs) -> bool:
    """Whether the first print of a line reaches beyond all its other digits, above and below."""
    left, right = _printed(ink)
    prints = [ink[:, a:b] > INKED for a, b in zip(left, right, strict=True)]
    rows = [np.flatnonzero(each.any(axis=1)) for each in prints]
    begins, _ = _seen(answer)
    heights = np.array([each[-1] + 1 - each[0] for each in rows])
    if len(rows) < 2:
        return False
    middle = (left + right) / 2
    if np.abs(middle - begins[0] - FRAME / 2).argmin() != 0:
        return False  # it was passed over
    tall = np.flatnonzero(heights >= _DIGIT * heights[1:].max())
    if tall[0] != 0 or len(tall) < 2:
        return False
    others = [rows[at] for at in tall[1:]]
    return bool(
        rows[0][0] + _BEYOND <= min(each[0] for each in others)
        and rows[0][-1] - _BEYOND >= max(each[-1] for each in others)
    )


def _is_another(read: str, sign: _Mask | None) -> bool:
    if sign is None:
        return False
    if read == "-":
        return _is_equals(sign) or _is_plus(sign)
    return _is_plus(sign) if read == "4" else _is_square(sign)


def _outer(ink: Gray, answer: LogProbs, *, last: bool = False) -> _Mask | None:
    """The ink of a line's first character, or of its last one, mirrored; None where it is not to be
    found, or there is no other."""
    begins, ends = _seen(answer)
    if len(begins) < 2:
        return None
    if last:
        ink = ink[:, ::-1]
        begins, ends = ink.shape[1] - ends[::-1], ink.shape[1] - begins[::-1]
    left, right = _printed(ink)
    before = np.flatnonzero((left + right) / 2 < begins[1] - FRAME)
    off = np.maximum(left - ends[0], begins[0] - right)[before]
    if not off.size or off.min() > _REACH:
        return None
    at = before[off.argmin()]
    return _cut(ink[:, left[at] : right[at]])


def _seen(answer: LogProbs) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns of the line image from which, and to which, a network, T×C, sees each character."""
    likeliest = np.concatenate(([0], answer.argmax(axis=1), [0]))
    changes = np.flatnonzero(likeliest[1:] != likeliest[:-1])
    return (
        FRAME * changes[likeliest[changes + 1] != 0],
        FRAME * changes[likeliest[changes] != 0],
    )


def _printed(ink: Gray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns from which, and to which, there is ink on end."""
    filled = np.concatenate(([False], inked_columns(ink), [False]))
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    return edges[::2], edges[1::2]


def _rows(ink: Gray, left: int, right: int) -> tuple[int, int]:
    """Rows from which, and to which, there is ink in these columns, all of which have some."""
    filled = np.flatnonzero((ink[:, left:right] > INKED).any(axis=1))
    return int(filled[0]), int(filled[-1]) + 1


def _cut(ink: Gray) -> _Mask:
    """The rows from the first to the last with ink."""
    marks = ink > INKED
    rows = np.flatnonzero(marks.any(axis=1))
    return marks[rows[0] : rows[-1] + 1]


def _is_equals(sign: _Mask) -> bool:
    blank = np.flatnonzero(~sign.any(axis=1))
    if not blank.size:
        return False
    bars = sign[: blank[0]], sign[blank[-1] + 1 :]
    return all(bar.any(axis=0).mean() >= _BAR for bar in bars)


def _is_plus(sign: _Mask) -> bool:
    if sign.shape[1] > _WIDEST * len(sign):
        return False  # digits that a line under them ties together
    side = max(1, sign.shape[1] // 4)
    arms = [np.flatnonzero(arm.any(axis=1)) for arm in (sign[:, :side], sign[:, -side:])]
    return bool(sign[:, side:-side].any(axis=1).all()) and all(
        arm.size
        and len(arm) <= _ARM * len(sign)
        and abs((arm[0] + arm[-1] + 1) / 2 / len(sign) - 0.5) <= _MIDWAY
        for arm in arms
    )


def _is_square(sign: _Mask) -> bool:
    """Of a bracket that opens."""
    stem = sign[:, : max(1, sign.shape[1] // 4)].any(axis=1).mean()
    rows = max(1, len(sign) // 8)
    serifs = (sign[:rows].any(axis=0).mean() + sign[-rows:].any(axis=0).mean()) / 2
    return bool(stem >= _STEM and serifs >= _SERIFS)


def _is_c(letter: _Mask) -> bool:
    """Whether it is open on the right, and round all around else: the back of a 'K' is straight."""
    height, width = letter.shape
    if not _SHAPE[0] * height <= width <= _SHAPE[1] * height:
        return False
    upper, lower = round((0.5 - _OPEN) * height), round((0.5 + _OPEN) * height)
    left, right = letter[:, : max(1, width // 3)], letter[:, width // 2 :]
    arms = right[: round(0.35 * height)], right[round(0.65 * height) :]
    least = min(left.any(axis=1).mean(), *(arm.any(axis=0).mean() for arm in arms))
    if right[upper:lower].any() or least < _ROUND:
        return False
    down, across = max(1, round(_CORNER[0] * height)), max(1, round(_CORNER[1] * width))
    return not (letter[:down, :across].any() and letter[-down:, :across].any())
