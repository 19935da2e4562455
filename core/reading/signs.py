"""What a line begins and ends with, where it says something else than what was read.

The networks never saw '=', '~', '+' and square brackets. They take them for a minus, a '4' and the
round brackets of a negative amount, and may be sure of it; now and then a '$' is a '5' to them, and
the '/-' behind an amount a minus.
"""

import re
from typing import NamedTuple

import numpy as np

from core.geometry import Gray
from core.reading.grammar import Kind
from core.reading.network import FRAME
from core.reading.passed import (
    is_credit,
    is_negative_beyond,
    is_raised,
    multiplied,
    unread_mark,
)
from core.reading.prints import DIGIT, Mask, Seen, cut, rows

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
_STROKE = 14
"""Rows that a minus has which is part of a '/-' whose slash was passed over. Of 750 drawn amounts
with decimals and one behind them 19 were surely read as negative, 11 are now; 3 of 1,301 negative
ones that were surely read are in doubt."""
_PARTS, _FALL = 6, 0.3
"""Of how many parts of a '~' the levels are compared, and the rows that it falls in its middle, at
least. Of 117 drawn '~5.00' that were surely read as negative 84 fall so and turn back at both ends;
of 1,100 negative amounts that were surely read 4 do."""
_LEAN = 0.1
"""Of its height, how far to the side the upper half of a '/' is of its lower half, at least."""
_BEYOND = 2
"""Rows that a '$' reaches both higher and lower than the digits beside it, at least. Of 10,000
drawn amounts with a '$' 44 were surely read with a digit more, 32 are now; 30 of 8,178 that were
surely read right are in doubt, and 3 of 4,857 without one that begin or end with a '5' or '8'. Of
6,000 validation fields of all sets, amounts or not, 9 amounts have such a digit."""
_NEAR = 0.6
"""Of its height, how far behind the beginning of a '$' its middle is, at most."""
_AT_START, _AT_END = ("-", "4", "("), ("-", "4", ")")
_LIKE_DOLLAR = ("5", "8")
_SIGNS = ("-", "(")
"""What may stand before a '$'. Of 400 drawn '($5.00)' 15 were surely read with a digit more, 7 are
now, whose '$' touches the bracket; 3 of 110 that were surely read right are in doubt."""


class _Sign(NamedTuple):
    """The ink of a character, as it is and as it counts, whether it touches the one beside it, and
    the ink of what stands between the two, if that is a single print."""

    ink: Gray
    mask: Mask
    touches: bool
    between: Mask | None


def otherwise_meant(text: str, kind: Kind, line: Seen) -> str | None:
    """What a text is rather than what was read, going by a sign that the reader doesn't know or
    passed over; None where there is no such sign.

    text: what was read.
    """
    if not len(line.begins) or not len(line.prints[0]):
        return None
    plain = _without_another_sign(text, kind, line)
    if plain is not None or kind != "amount":
        return plain
    if is_credit(line):
        return f"-{text}"
    if (more := multiplied(text, line)) is not None:
        return more
    if is_raised(text, line):
        is_note = re.search(r"\.[0-9]{2,}$", text)
        return text[:-1] if is_note else f"{text[:-2]}.{text[-2:]}"
    if (mark := unread_mark(text, line)) is not None:
        return mark + text
    return f"-{text}" if is_negative_beyond(text, line) else None


def _without_another_sign(text: str, kind: Kind, line: Seen) -> str | None:
    """The text without what at either end is another sign: a minus that is a '=', a '~', a '+' or
    of a '/-', a '4' that is a '+', a square bracket, or an amount's '5' or '8' that is a '$'. None
    where there is none."""
    dollar = _LIKE_DOLLAR if kind == "amount" else ()
    begins = _is_another(text[:1], _AT_START + dollar, line)
    ends = _is_another(text[-1:], _AT_END + dollar, line.mirrored)
    if not (begins or ends):
        signed = dollar and text[:1] in _SIGNS and text[1:2] in dollar
        return text[0] + text[2:] if signed and _is_dollar(_within(text, line)) else None
    return text[int(begins) : len(text) - int(ends)].strip("()")


def _is_another(read: str, signs: tuple[str, ...], line: Seen) -> bool:
    """Whether what a line begins with is another sign than was read, if that is one of these."""
    if read not in signs:
        return False
    if read in _LIKE_DOLLAR:
        return _is_dollar(line)
    sign = _outer(line)
    if sign is None:
        return False
    if read == "-":
        tall = len(sign.mask) >= _STROKE and not sign.touches
        slash = sign.between is not None and _is_slash(sign.between)
        wave = not sign.touches and _is_wave(sign.ink)
        return tall or slash or wave or _is_equals(sign.mask) or _is_plus(sign.mask)
    return _is_plus(sign.mask) if read == "4" else _is_square(sign.mask)


def _is_dollar(line: Seen) -> bool:
    """Whether the first print of a line reaches beyond all its other digits, above and below."""
    left, right = line.prints
    if len(left) < 2 or not len(line.begins):
        return False
    top, bottom = np.array([rows(line.ink, a, b) for a, b in zip(left, right, strict=True)]).T
    heights = bottom - top
    if (line.begins[0] + line.ends[0]) / 2 > left[0] + _NEAR * heights[0]:
        return False  # it was passed over, though it may touch what is seen
    tall = np.flatnonzero(heights >= DIGIT * heights[1:].max())
    if tall[0] != 0 or len(tall) < 2:
        return False
    others = tall[1:]
    return bool(
        top[0] + _BEYOND <= top[others].min() and bottom[0] - _BEYOND >= bottom[others].max()
    )


def _within(text: str, line: Seen) -> Seen:
    """The line without the sign that its text begins with, what stands before that, and the bracket
    that it ends with."""
    left, right = line.prints
    ends = text[-1] == ")"
    at = slice(1, -1 if ends else None)
    first, last = line.prints_of([0, -1])
    ink = np.zeros_like(line.ink)
    columns = slice(right[first], left[last] if ends else right[last])
    ink[:, columns] = line.ink[:, columns]
    return Seen(ink, line.begins[at], line.ends[at])


def _outer(line: Seen) -> _Sign | None:
    """A line's first character; None where it is not to be found, or there is no other."""
    if len(line.begins) < 2:
        return None
    left, right = line.prints
    before = np.flatnonzero((left + right) / 2 < line.begins[1] - FRAME)
    off = np.maximum(left - line.ends[0], line.begins[0] - right)[before]
    if not off.size or off.min() > _REACH:
        return None
    at = before[off.argmin()]
    between = np.flatnonzero((left >= right[at]) & (right < line.begins[1]))
    top, bottom = rows(line.ink, left[at], right[at])
    return _Sign(
        line.ink[top:bottom, left[at] : right[at]],
        cut(line.ink, left[at], right[at]),
        bool(right[at] > line.begins[1]),
        cut(line.ink, left[between[0]], right[between[0]]) if len(between) == 1 else None,
    )


def _is_slash(print_: Mask) -> bool:
    """Whether it is tall, and its upper half is to one side of its lower half."""
    half = len(print_) // 2
    if len(print_) < _STROKE:
        return False
    above, below = (np.nonzero(part)[1].mean() for part in (print_[:half], print_[-half:]))
    return bool(abs(above - below) >= _LEAN * len(print_))


def _is_equals(sign: Mask) -> bool:
    blank = np.flatnonzero(~sign.any(axis=1))
    if not blank.size:
        return False
    bars = sign[: blank[0]], sign[blank[-1] + 1 :]
    return all(bar.any(axis=0).mean() >= _BAR for bar in bars)


def _is_wave(sign: Gray) -> bool:
    """Whether it falls from left to right and turns back at both ends. A dash may lean as well, or
    bend, by less than a row: its grey says so."""
    if sign.shape[1] < _PARTS:
        return False
    levels = np.arange(len(sign)) @ sign.astype(float) / sign.sum(axis=0)
    begin, high, *_, low, end = (part.mean() for part in np.array_split(levels, _PARTS))
    return bool(low - high >= _FALL and (begin - high) + (low - end) >= 0)


def _is_plus(sign: Mask) -> bool:
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


def _is_square(sign: Mask) -> bool:
    """Of a bracket that opens."""
    stem = sign[:, : max(1, sign.shape[1] // 4)].any(axis=1).mean()
    rows = max(1, len(sign) // 8)
    serifs = (sign[:rows].any(axis=0).mean() + sign[-rows:].any(axis=0).mean()) / 2
    return bool(stem >= _STEM and serifs >= _SERIFS)
