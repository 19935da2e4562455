"""What makes another amount of what was read and the networks pass over: 'CR', 'دائن' and 'له'
beside it, a 'K' or 'million' behind it, a dash or a point by itself, brackets, and that its cents
are raised above the line. And the 'T' between a date and its time, and a '#', which make nothing
else of it."""

import re
from collections.abc import Sequence
from decimal import Decimal

import cv2
import numpy as np

from core.geometry import Gray
from core.reading.network import FRAME
from core.reading.prints import DIGIT, Mask, Seen, cut, printed, rows
from core.template import Kind
from core.values.parse import parse_value

THOUSAND, MILLION = 1000, 1_000_000
"""What a 'K' or an 'M', and a 'million' beside an amount, may multiply it by."""
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
_UPRIGHT, _DAL, _BELOW = 0.45, 0.85, 0.1
"""Of the height of the 'ا' in 'دائن': how wide it is, how tall the 'د' is, at most; how much lower
the 'ئن' ends and the 'د' begins, at least. Of 400 drawn amounts with a 'دائن' beside them 359 were
surely read as positive, 108 are now; of 3,000 with one of some 60 other words 4 look so, none of
which is a currency."""
_LAM, _HEAD, _RIGHT, _LOOP = 15, 0.25, 0.55, (0.6, 1.4)
"""Rows of a 'له' at least; of its height, the part in which there is only its 'ل'; of its width,
from where that is; of its height, how wide it is. Of 254 drawn amounts with one that were surely
read as positive 80 still are; of some 11,000 with one of 65 other words, or none, 25 look so, 8 of
them beside a 'لا', none beside a currency. A 'd' or a 'J' by itself often does."""
_RAISED, _SMALL = 0.2, 0.8
"""Of the digits' height, how much higher than they the last one ends that is above the line, at
least, and how tall it is at most. Of 1,617 drawn amounts without such cents one had both; of 54
with them, most of which are in doubt anyhow, 25."""
_TALL, _WIDE, _STEM = (0.8, 1.25), (0.4, 1.4), 0.95
"""Of a digit's height, how tall the 'K' of '25K' is; of its own, how wide it is, and how much of
its first quarter there is, at least."""
_STROKES, _UPRIGHT_ROWS, _SLIM = 4, (15, 27), 0.4
"""Strokes in a row of the 'illi' in 'million', their rows, fewer than a rule of a table has, and of
their height how wide they are at most. Of 98 drawn '2.5 million' that were surely read as the
number alone 72 have such, of some 12,000 amounts with other words, or none, three: a '₪', and
letters of thin and of dotted type."""
_LONE, _FLAT = 0.8, 0.35
"""Of the digits' height, how far what else there is is from a mark that stands by itself, at least,
and how tall that is, at most."""
_DASH, _LEVELS = (1.5, 1.6, 1.3), (0.25, 0.9)
"""Of a dash: how much wider than tall it is at least, and of the digits' height, how wide and how
far from them it is at most, and how low it lies. Of 11,612 drawn amounts 28 had such a mark beside
them, or such a point: 13 a minus, 3 a point, 11 a '~', and one had neither."""
_SHORT, _LOWEST, _FULL = 0.25, 1.2, 0.7
"""Of a dash beyond what stands beside an amount: of the digits' height, how wide it is at least and
how low it lies at most; how much of it is inked."""
_THIN, _BENT = 0.5, 0.02
"""Of its height, how wide a bracket is at most, and how far its middle is from its ends."""
_POINT, _LOW = 0.45, 0.75
"""Of the digits' height, how far a point is before them at most, and how low it lies at least."""

_ISO_WITH_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[17]?[0-9]{2}[:.-]?[0-9]{2}(?:[:.-]?[0-9]{2})?"
)
"""What is seen of '2026-03-21T13:45:22'; now and then the 'T' is read as a digit."""
_DATE_PRINTS = (8, 12)
"""How many prints there may be before that 'T'."""
_BLANK = 6
"""Columns that take its place, besides what is blank around it."""
_T_BAR, _T_STEM, _T_MIDWAY = 0.85, 0.5, 0.12
"""Of its width, what the bar of a 'T' has at least, its stem at most, and how far from its middle
that is, above as well as below, at most."""


def without_t(text: str, ink: Gray) -> Gray | None:
    """The line image, with a blank for the 'T' between an ISO date and its time; None if it has
    none. Of 450 drawn '2026-03-21T13:45:22' 336 are surely read without it, 223 with it.

    text: what was read: all digits are there beside the 'T', so that it can't be one of them.
    """
    if not _ISO_WITH_TIME.fullmatch(text):
        return None
    left, right = printed(ink)
    # Digits before it may touch, and a speck may be among them.
    near = range(_DATE_PRINTS[0], min(_DATE_PRINTS[1], len(left)))
    found = [at for at in near if _is_t(cut(ink, left[at], right[at]))]
    if len(found) != 1:
        return None
    begin, end = left[found[0]], right[found[0]]
    plain = np.zeros_like(ink)
    plain[:, :begin] = ink[:, :begin]
    plain[:, begin + _BLANK : ink.shape[1] - end + begin + _BLANK] = ink[:, end:]
    return plain


def without_hash(line: Seen) -> Gray | None:
    """The line image without the '#' that it begins with; None if it has none, or a character is
    seen there: in some faces a digit looks so.

    Of 1,000 drawn '#123456' 575 are surely read without it, 439 with it.
    """
    left, right = line.prints
    if len(left) < 2 or not len(line.begins) or line.begins[0] < right[0] - FRAME:
        return None
    if not _is_hash(cut(line.ink, left[0], right[0])):
        return None
    plain = line.ink.copy()
    plain[:, : right[0]] = 0
    return plain


def is_credit(line: Seen) -> bool:
    """Whether two letters stand beside what was read of which the first is a 'C', as in 'CR', or
    what looks as 'دائن' or 'له' does, which say the same.

    Of 437 drawn 'CR' and 'Cr' beside amounts 394 were told, and of 8,065 drawn amounts without,
    many of which have a currency or other letters beside them, five had such.
    """
    if not len(line.begins):
        return False
    left, right = line.prints
    for beside in (
        left >= line.ends[-1] - FRAME // 2,
        right <= line.begins[0] + FRAME // 2,
    ):
        prints = [cut(line.ink, a, b) for a, b in zip(left[beside], right[beside], strict=True)]
        letters = [at for at, each in enumerate(prints) if len(each) >= _LETTER]
        # A point between them is of 'ر.ع.', whose 'ع' is like a 'C'.
        if len(letters) == len("CR") and letters[1] - letters[0] == 1 and _is_c(prints[letters[0]]):
            first, second = (prints[at].shape[1] for at in letters)
            if second <= _TWO * first:
                return True
        if len(letters) == 1 and _is_due(prints[letters[0]]):
            return True
        if len(prints) == len(("ئن", "ا", "د")) and _is_arabic_credit(
            prints, [rows(line.ink, a, b) for a, b in zip(left[beside], right[beside], strict=True)]
        ):
            return True
    return False


def multiplied(text: str, line: Seen) -> str | None:
    """An amount behind which one letter with a stem stands alone, such as the 'K' of '25K', as so
    many thousands, and one beside which there is a 'million' as so many of those. None where there
    is none, or several letters, as of most currencies.

    Of 900 drawn '25K', '25 K' and '1.5M' 589 were surely read as the number alone, 91 are now; of
    2,900 amounts with a currency behind them that were surely read 6 are in doubt: '£', or letters
    that touch.

    text: what was read.
    """
    left, right = line.prints
    value = parse_value(Kind.AMOUNT, text).value
    if value is None or not len(line.ends):
        return None
    if _has_strokes(line):
        return f"{Decimal(value) * MILLION:f}"
    (last,) = line.prints_of([-1])
    beside = np.flatnonzero(left >= line.ends[-1])
    letters = [cut(line.ink, left[at], right[at]) for at in beside[beside > last]]
    top, bottom = rows(line.ink, left[last], right[last])
    if len(letters) != 1 or not _has_stem(letters[0], bottom - top):
        return None
    return f"{Decimal(value) * THOUSAND:f}"


def is_raised(text: str, line: Seen) -> bool:
    """Whether the last of several Western digits of a text is smaller and above the line, as cents
    and the marks of notes are printed: those that an amount begins with say where the line is."""
    at = [place for place, character in enumerate(text) if "0" <= character <= "9"]
    if len(at) < 2 or len(text) != len(line.begins):
        return False
    left, right = line.prints
    prints = line.prints_of(at)
    (_, foot), (top, bottom) = (rows(line.ink, left[each], right[each]) for each in prints[[0, -1]])
    if bottom >= foot:
        return False  # as of most
    others = np.array([rows(line.ink, left[each], right[each]) for each in prints[:-1]])
    tall = (others[:, 1] - others[:, 0]).max()
    return bool(foot - bottom >= _RAISED * tall and bottom - top <= _SMALL * tall)


def unread_mark(text: str, line: Seen) -> str | None:
    """The mark that makes another amount of a text, stands beside it by itself and was passed over:
    a dash, or before digits alone a point, as in '.50'. None where there is none."""
    left, right = line.prints
    if not len(line.begins) or not len(left):
        return None
    first, last = line.prints_of([0, -1])
    if first == 0 and last == len(left) - 1:
        return None  # nothing stands beside it
    read = np.arange(first, last + 1)
    levels = np.array([rows(line.ink, *columns) for columns in zip(left, right, strict=True)])
    heights = levels[:, 1] - levels[:, 0]
    digit = heights[read].max()
    top, foot = np.median(levels[read[heights[read] >= DIGIT * digit]], axis=0)
    width = line.ink.shape[1]
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
        level = (levels[at].mean() - top) / (foot - top)
        if wide >= _DASH[0] * tall and wide <= _DASH[1] * digit:
            if apart <= _DASH[2] * digit and _LEVELS[0] <= level <= _LEVELS[1] and "-" not in text:
                return "-"
        elif step < 0 and apart <= _POINT * digit and level >= _LOW and text.isdecimal():
            return "."
    return None


def is_negative_beyond(text: str, line: Seen) -> bool:
    """Whether a minus or a pair of brackets was passed over that stands beyond what is beside a
    text, as in '-$ 5.00' or '- SAR 5.00', or far from it, as in '( 5.00 )'.

    Of 4,800 drawn amounts with such 264 were surely read as positive, 41 are now, most of whose
    sign touches a letter; of 6,800 drawn ones that are positive, many with a currency or a word
    beside them, one more is in doubt.
    """
    if set(text) & set("-("):
        return False
    left, right = line.prints
    first, last = line.prints_of([0, -1])
    before, behind = first > 0, last < len(left) - 1
    if not (before or behind):
        return False
    prints = [rows(line.ink, left[at], right[at]) for at in range(first, last + 1)]
    digit = max(bottom - top for top, bottom in prints)
    tall = [each for each in prints if each[1] - each[0] >= DIGIT * digit]
    top, foot = np.median(tall, axis=0)
    outer = [at for at, there in ((0, before), (len(left) - 1, behind)) if there]
    for at in outer:
        above, below = rows(line.ink, left[at], right[at])
        level = ((above + below) / 2 - top) / (foot - top)
        bar = cut(line.ink, left[at], right[at])
        if _is_bar(bar, digit) and _LEVELS[0] <= level <= _LOWEST:
            return True
    if len(outer) < 2:
        return False
    opening, closing = (cut(line.ink, left[at], right[at]) for at in outer)
    return _is_bracket(opening, digit) and _is_bracket(closing[:, ::-1], digit)


def _is_bar(bar: Mask, digit: int) -> bool:
    """Whether it is as a minus beside digits of that height is."""
    tall, wide = bar.shape
    return bool(
        tall <= _FLAT * digit
        and _DASH[0] * tall <= wide <= _DASH[1] * digit
        and wide >= _SHORT * digit
        and bar.mean() >= _FULL
    )


def _is_bracket(sign: Mask, digit: int) -> bool:
    """Whether it is thin, as tall as a digit, and its middle is left of its ends."""
    height, width = sign.shape
    if height < digit or width > _THIN * height:
        return False
    part = max(1, height // 4)
    upper, middle, lower = (np.nonzero(each)[1] for each in np.split(sign, (part, height - part)))
    if not middle.size:
        return False  # as of a colon
    return bool((upper.mean() + lower.mean()) / 2 - middle.mean() >= _BENT * height)


def _has_stem(letter: Mask, digit: int) -> bool:
    """Whether it is one letter, as tall as a digit, straight on the left and open on the right."""
    height, width = letter.shape
    if not _TALL[0] * digit <= height <= _TALL[1] * digit:
        return False
    if not _WIDE[0] * height <= width <= _WIDE[1] * height:
        return False
    return bool(letter[:, : max(1, width // 4)].any(axis=1).mean() >= _STEM)


def _is_c(letter: Mask) -> bool:
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


def _is_arabic_credit(prints: Sequence[Mask], levels: Sequence[tuple[int, int]]) -> bool:
    """Whether three prints are 'ئن', which has a sign and a dot by themselves above and goes below
    the next, 'ا', which is upright, and 'د', which is low. levels: the rows of each."""
    ends, upright, low = prints
    (_, below), (top, foot), (head, _) = levels
    tall = len(upright)
    marks = cv2.connectedComponents(ends.astype(np.uint8))[0] - 1
    return (
        upright.shape[1] <= _UPRIGHT * tall
        and below >= foot + _BELOW * tall
        and len(low) <= _DAL * tall
        and head >= top + _BELOW * tall
        and marks >= len("نء.")
    )


def _has_strokes(line: Seen) -> bool:
    """Whether as many strokes stand in a row beside what was read as in 'million'."""
    left, right = line.prints
    for beside in (left >= line.ends[-1] - FRAME // 2, right <= line.begins[0] + FRAME // 2):
        found = 0
        for begin, end in zip(left[beside], right[beside], strict=True):
            top, bottom = rows(line.ink, begin, end)
            tall = bottom - top
            slim = end - begin <= _SLIM * tall
            found = found + 1 if slim and _UPRIGHT_ROWS[0] <= tall <= _UPRIGHT_ROWS[1] else 0
            if found == _STROKES:
                return True
    return False


def _is_due(word: Mask) -> bool:
    """Whether it is one print as 'له' is: tall on the right alone, and lower on the left."""
    height, width = word.shape
    if height < _LAM or not _LOOP[0] * height <= width <= _LOOP[1] * height:
        return False
    stem = np.flatnonzero(word[: round(_HEAD * height)].any(axis=0))
    loop = word[height // 2 :, : max(1, width // 4)].any()
    parts = cv2.connectedComponents(word.astype(np.uint8))[0] - 1
    return bool(stem[0] >= _RIGHT * width and loop and parts == 1)


def _is_hash(sign: Mask) -> bool:
    """Whether two strokes reach out of it on each side."""
    height, width = (max(1, side // 6) for side in sign.shape)
    edges = sign[:height].any(axis=0), sign[-height:].any(axis=0)
    sides = sign[:, :width].any(axis=1), sign[:, -width:].any(axis=1)
    strokes = [_runs(np.asarray(edge)) for edge in (*edges, *sides)]
    return len(sign) >= _LETTER and strokes == [2, 2, 2, 2]


def _runs(filled: Mask) -> int:
    return int(np.count_nonzero(np.diff(filled.astype(np.int8), prepend=0) == 1))


def _is_t(letter: Mask) -> bool:
    """Whether it has a bar above and a stem midway below: a '7' stands askew."""
    height, width = letter.shape
    if height < _LETTER or not letter[: max(1, height // 5)].any(axis=0).mean() >= _T_BAR:
        return False
    stems = letter[round(0.25 * height) : round(0.4 * height)], letter[round(0.7 * height) : -2]
    for stem in stems:
        at = np.flatnonzero(stem.any(axis=0))
        if not at.size or at[-1] + 1 - at[0] > _T_STEM * width:
            return False
        if abs((at[0] + at[-1] + 1) / 2 / width - 0.5) > _T_MIDWAY:
            return False
    return True
