"""What a line begins and ends with, where it says something else than what was read.

The networks never saw '=', '+' and square brackets. They take them for a minus, a '4' and the round
brackets of a negative amount, and may be sure of it; now and then a '$' is a '5' to them. And they
pass over letters, of which 'CR' or 'Cr' beside an amount makes it negative.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.lines import HEIGHT, INKED, inked_columns
from core.reading.network import FRAME

_REACH = 8
"""Columns that print may be beside where a network sees its character."""
_BAR = 0.6
"""Of the width of a '=', what both of its bars have at least: a speck beside a minus has less."""
_ARM = 0.3
"""Of its height, how much of a '+' there is in its first third and in its last, at most. Any drawn
'4' had 0.29 and more in the last, 98 of 100 0.53."""
_STEM, _SERIFS = 0.9, 0.8
"""Of its height and width, what there is at least of a '[' in its first quarter, and in its highest
and lowest rows together."""
_STROKE = 14
"""Rows that a minus has which is part of a '/-' whose slash was passed over. Of 750 drawn amounts
with decimals and one behind them 19 were surely read as negative, 11 are now; 3 of 1,301 negative
ones that were surely read are in doubt."""
_LONG, _OFF_MIDDLE = 1.5, 0.2
"""Of its height, how long a dash is at least; and, of the line's, how far off its middle at most."""
_LETTER = 8
"""Rows that a letter has at least; a point has less."""
_ROUND = 0.55
"""Of its height, how much of a 'C' there is in its first third, and of the half width that its ends
have, each, at least."""
_SHAPE = (0.4, 1.3)
"""Of its height, how wide a 'C' is."""
_TWO = 1.4
"""Of a 'C', how wide two letters are at least that touch."""
_BEYOND = 2
"""Rows that a '$' reaches both higher and lower than the digits beside it, at least. Of 10,000
drawn amounts with a '$' 44 were surely read with a digit more, 32 are now; 30 of 8,178 that were
surely read right are in doubt, and 3 of 4,857 without one that begin or end with a '5' or '8'."""
_NEAR = 0.6
"""Of its height, how far behind the beginning of a '$' its middle is, at most."""
_DIGIT = 0.7
"""Of the tallest print, how tall digits are at least: marks are less."""
_AT_START, _AT_END = ("-", "4", "("), ("-", ")")
_LIKE_DOLLAR = ("5", "8")

_Mask = NDArray[np.bool_]


class _Sign(NamedTuple):
    """The ink of a character, and whether it touches the one beside it."""

    mask: _Mask
    touches: bool


@dataclass(frozen=True, eq=False)
class _Seen:
    """A line image, and its columns from which, and to which, a network sees each character."""

    ink: Gray
    begins: NDArray[np.intp]
    ends: NDArray[np.intp]

    @property
    def mirrored(self) -> "_Seen":
        width = self.ink.shape[1]
        return _Seen(self.ink[:, ::-1], width - self.ends[::-1], width - self.begins[::-1])


def is_another_sign(text: str, ink: Gray, answer: LogProbs) -> bool:
    """Whether a minus that was read is a '=', a '+' or of a '/-', a leading '4' a '+', a bracket a
    square one, or a '5' or '8' at either end a '$'.

    text: what was read. ink, answer: the line image, and what a network says of it, T×C.
    """
    seen = _seen(ink, answer)
    return any(
        (char in _LIKE_DOLLAR and _is_dollar(side))
        or (char in signs and _is_another(char, _outer(side)))
        for char, signs, side in (
            (text[:1], _AT_START, seen),
            (text[-1:], _AT_END, seen.mirrored),
        )
    )


def is_credit(ink: Gray, answer: LogProbs) -> bool:
    """Whether two letters stand beside what was read of which the first is a 'C', as in 'CR'.

    ink, answer: as above. Of 294 drawn 'CR' and 'Cr' beside amounts 226 were told, and of 912 other
    letters that stand there, mostly currencies, 6 taken for it.
    """
    seen = _seen(ink, answer)
    if not len(seen.begins):
        return False
    left, right = _printed(ink)
    for beside in (left >= seen.ends[-1] - FRAME // 2, right <= seen.begins[0] + FRAME // 2):
        prints = [_cut(ink[:, a:b]) for a, b in zip(left[beside], right[beside], strict=True)]
        letters = [letter for letter in prints if len(letter) >= _LETTER]
        if len(letters) == len("CR") and _is_c(letters[0]):
            first, second = (letter.shape[1] for letter in letters)
            if second <= _TWO * first:
                return True
    return False


def has_minus_apart(ink: Gray, answer: LogProbs) -> bool:
    """Whether a dash that was passed over stands before or behind what was read, with no words
    beyond it.

    ink, answer: as above.
    """
    seen = _seen(ink, answer)
    return any(_begins_with_dash(side) for side in (seen, seen.mirrored))


def _begins_with_dash(line: _Seen) -> bool:
    if not len(line.begins):
        return False
    left, right = _printed(line.ink)
    passed = right < line.begins[0] - FRAME
    prints = [_rows_of(line.ink[:, a:b]) for a, b in zip(left[passed], right[passed], strict=True)]
    if not prints or any(bottom - top >= _LETTER for top, bottom in prints):
        return False
    at = len(prints) - 1
    (top, bottom), width = prints[at], right[at] - left[at]
    middle = (top + bottom) / 2 / HEIGHT
    return bool(width >= _LONG * (bottom - top) and abs(middle - 0.5) <= _OFF_MIDDLE)


def _is_dollar(line: _Seen) -> bool:
    """Whether the first print of a line reaches beyond all its other digits, above and below."""
    left, right = _printed(line.ink)
    if len(left) < 2 or not len(line.begins):
        return False
    prints = [line.ink[:, a:b] > INKED for a, b in zip(left, right, strict=True)]
    rows = [np.flatnonzero(each.any(axis=1)) for each in prints]
    heights = np.array([each[-1] + 1 - each[0] for each in rows])
    if (line.begins[0] + line.ends[0]) / 2 > left[0] + _NEAR * heights[0]:
        return False  # it was passed over, though it may touch what is seen
    tall = np.flatnonzero(heights >= _DIGIT * heights[1:].max())
    if tall[0] != 0 or len(tall) < 2:
        return False
    others = [rows[at] for at in tall[1:]]
    return bool(
        rows[0][0] + _BEYOND <= min(each[0] for each in others)
        and rows[0][-1] - _BEYOND >= max(each[-1] for each in others)
    )


def _is_another(read: str, sign: _Sign | None) -> bool:
    if sign is None:
        return False
    if read == "-":
        tall = len(sign.mask) >= _STROKE and not sign.touches
        return tall or _is_equals(sign.mask) or _is_plus(sign.mask)
    return _is_plus(sign.mask) if read == "4" else _is_square(sign.mask)


def _outer(line: _Seen) -> _Sign | None:
    """A line's first character; None where it is not to be found, or there is no other."""
    if len(line.begins) < 2:
        return None
    left, right = _printed(line.ink)
    before = np.flatnonzero((left + right) / 2 < line.begins[1] - FRAME)
    off = np.maximum(left - line.ends[0], line.begins[0] - right)[before]
    if not off.size or off.min() > _REACH:
        return None
    at = before[off.argmin()]
    return _Sign(_cut(line.ink[:, left[at] : right[at]]), bool(right[at] > line.begins[1]))


def _seen(ink: Gray, answer: LogProbs) -> _Seen:
    """Where a network, whose answer is T×C, sees the characters of a line image."""
    likeliest = np.concatenate(([0], answer.argmax(axis=1), [0]))
    changes = np.flatnonzero(likeliest[1:] != likeliest[:-1])
    return _Seen(
        ink,
        FRAME * changes[likeliest[changes + 1] != 0],
        FRAME * changes[likeliest[changes] != 0],
    )


def _printed(ink: Gray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns from which, and to which, there is ink on end."""
    filled = np.concatenate(([False], inked_columns(ink), [False]))
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    return edges[::2], edges[1::2]


def _cut(ink: Gray) -> _Mask:
    """The rows from the first to the last with ink."""
    return (ink > INKED)[slice(*_rows_of(ink))]


def _rows_of(ink: Gray) -> tuple[int, int]:
    """The first row with ink, and the one after the last."""
    rows = np.flatnonzero((ink > INKED).any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1


def _is_equals(sign: _Mask) -> bool:
    blank = np.flatnonzero(~sign.any(axis=1))
    if not blank.size:
        return False
    bars = sign[: blank[0]], sign[blank[-1] + 1 :]
    return all(bar.any(axis=0).mean() >= _BAR for bar in bars)


def _is_plus(sign: _Mask) -> bool:
    third = max(1, sign.shape[1] // 3)
    first, middle, last = sign[:, :third], sign[:, third:-third], sign[:, -third:]
    arms = max(first.any(axis=1).mean(), last.any(axis=1).mean())
    return bool(arms <= _ARM and middle.any(axis=1).all())


def _is_square(sign: _Mask) -> bool:
    """Of a bracket that opens."""
    stem = sign[:, : max(1, sign.shape[1] // 4)].any(axis=1).mean()
    rows = max(1, len(sign) // 8)
    serifs = (sign[:rows].any(axis=0).mean() + sign[-rows:].any(axis=0).mean()) / 2
    return bool(stem >= _STEM and serifs >= _SERIFS)


def _is_c(letter: _Mask) -> bool:
    """Whether it is open on the right, and round or straight all around else."""
    height, width = letter.shape
    if not _SHAPE[0] * height <= width <= _SHAPE[1] * height:
        return False
    upper, lower = round(0.35 * height), round(0.65 * height)
    right = letter[:, width // 2 :]
    ends = right[:upper].any(axis=0).mean(), right[lower:].any(axis=0).mean()
    back = letter[:, : max(1, width // 3)].any(axis=1).mean()
    return bool(not right[upper:lower].any() and min(*ends, back) >= _ROUND)
