"""Whether what stands in a box reaches out of it.

A box that was drawn around one invoice's '950.00' cuts the '12,950.00' of the next, between two of
its digits or through one, and what is left reads as well as a whole number does. So does a text
that a box cuts between two letters or words.
"""

import math
import unicodedata
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.alignment.align import Alignment, crop
from core.alignment.reference import Reference
from core.boxes import FieldBox
from core.checking.form_print import is_blank
from core.geometry import Gray
from core.invoice import Reason
from core.reading.ink import MIN_CONTRAST, Tones, inked, quantile, runs, u8
from core.reading.numeric import LineReading, NumericReader
from core.template import Box, Kind
from core.values.parse import parse_value

_BESIDE, _FAR, _ABOVE = 1.0, 4.0, 0.5
"""Heights of the box that are looked at on either side of it, at first and where something reaches
out of it, and above and below."""
_TALLEST, _ROWS = 400, 100
"""Pixels of a box on the page above which it is no line of a form, and rows of a picture above
which it is looked at coarser."""
_LIGHT = 40
"""Grey levels by which light print on a dark band stands out at least."""
_MARKED = 0.4
"""What counts as print, of the darkest ink."""
_RULE, _LEVEL_RULE = 1.6, 3.0
"""Heights of the box from which what stands upright, or lies level, is a rule."""
_GAP = 0.9
"""Of the height of its characters: what may be between two of a number."""
_CLOSE = 0.12
"""Of that height: how near a rule print is that goes across it."""
_LEAST_HEIGHT = 0.35
"""Of the box: what characters count as tall at least, for '٠' and '.' are small."""
_INSIDE = 0.3
"""Share of its height that a character has in the box, else it is another line's."""
_OUTSIDE = 0.06
"""Of the characters' height: what is less far outside the box isn't cut off."""
_DARKEST, _FAINT = 0.005, 0.3
"""The share of a box's pixels that are its darkest, and what may be print, of those."""
_THROUGH = 0.9
"""Of a picture: a row or a column that is so dark is a rule."""
_SOFT = np.ones((3, 3), np.uint8)
"""Its soft edge."""
_SPECK = 4
"""Pixels of what is large enough to be print."""
_LIKELY = 0.5
"""Confidence from which all that stands there is thought to be read right."""
_ABOUT, _OVER = 0.8, 0.2
"""Heights of a box with text that are looked at on either side of its left and right edges, and
above and below it."""
_LINES = 160
"""Rows of a picture of text above which it is looked at half as fine; of one with twice as many,
which is of many lines, nothing is told."""
_IN_WORD, _IN_TEXT = 0.25, 0.7
"""Heights of the tallest letter that are between letters, and between words, at most. A label may
stand a word's space before its text: only the form tells it from the text's own first word."""
_LETTER = 0.3
"""Of the tallest letter: how tall what counts as a letter is at least. Colons, with which labels
end, and dots are not."""
_STROKE = 1.3
"""Heights of the box from which what lies level is no stroke of a letter but a rule."""
_WALL, _FAINT_WALL = 0.9, 0.2
"""Of the rows of a box: a column that is so inked is a rule; and of the darkest ink, how faint."""


def cut_off(
    reader: NumericReader,
    boxes: Sequence[FieldBox],
    lines: Sequence[LineReading],
    reference: Reference | None = None,
) -> Iterator[Reason]:
    """Of each number that reaches out of its box, and says something else there, and of each text
    that goes on beside it, a `cut_off`.

    lines: what was read in each box. reference: the form, where the boxes lie as on it.
    """
    found = [
        (box, line, whole)
        for box, line in zip(boxes, lines, strict=True)
        if box.field.kind is not Kind.TEXT
        and (whole := reaching(box.page, box.field.box, box.alignment)) is not None
    ]
    wholes = reader.read(
        [whole for _, _, whole in found],
        [box.numeric_kind for box, _, _ in found],
        [box.field.example for box, _, _ in found],
        glance=True,  # a closer look is for strokes of a pen, which reach further than print
    )
    for (box, line, _), all_of_it in zip(found, wholes, strict=True):
        field = box.field
        # What means nothing is misread, too.
        if _says_more(all_of_it, line) and parse_value(field.kind, all_of_it.text).value:
            yield Reason(
                code="cut_off",
                message=f"{field.name}: its box cuts off what may be “{all_of_it.text}”: "
                "compare it, and draw the box larger in the template",
                fields=(field.name,),
            )
    for box, line in zip(boxes, lines, strict=True):
        field = box.field
        if field.kind is not Kind.TEXT:
            continue
        form = reference if box.alignment.method == "features" else None
        if goes_on(box.page, field.box, box.alignment, line.text, form):
            yield Reason(
                code="cut_off",
                message=f"{field.name}: its text goes on beside its box: compare it, and draw the "
                "box larger in the template",
                fields=(field.name,),
            )


def goes_on(
    page: Gray, box: Box, alignment: Alignment, text: str, reference: Reference | None = None
) -> bool:
    """Whether the `text` that was read in `box` of the template's frame goes on to the left or the
    right of it: with letters of the same word, or with a word, at the start of the text only with
    one that the form doesn't have.

    Of light print on a dark ground it is not told. reference: the form, if the page is aligned to
    it.
    """
    if not text:
        return False
    left, top, right, bottom = box
    height = bottom - top
    about, over = round(_ABOUT * height), round(_OVER * height)
    inner = min(about, right - left)
    to_left = _is_rtl(text)
    for start, end, is_left in (
        (left - about, left + inner, True),
        (right - inner, right + about, False),
    ):
        part = start, top - over, end, bottom + over
        strip = crop(page, part, alignment)
        x, y = _scales(strip, part)
        if is_left:
            strip = np.ascontiguousarray(strip[:, ::-1])
        at = round(inner * x), round(over * y)
        is_end = is_left == to_left
        if _beside(strip, *at, _IN_TEXT if is_end else _IN_WORD):
            return True
        if reference is not None and not is_end and (word := _beside(strip, *at, _IN_TEXT)):
            x1, x2 = (round(side / x) for side in word[::2])
            y1, y2 = (round(side / y) for side in word[1::2])
            x1, x2 = (end - x2, end - x1) if is_left else (start + x1, start + x2)
            part = x1, top - over + y1, x2, top - over + y2
            if is_blank(reference, part, left if is_left else right):
                return True
    return False


def _is_rtl(text: str) -> bool:
    """Whether more of its letters are written from right to left."""
    directions = [unicodedata.bidirectional(character) for character in text]
    return directions.count("R") + directions.count("AL") > directions.count("L")


def _beside(strip: Gray, edge: int, over: int, space: float) -> Box | None:
    """Where there are letters right of the column `edge` of the picture, H×W, no more than `space`
    heights of its tallest letter from those left of it, without a rule in between; None where there
    are none. Its first and last `over` rows are above and below the box."""
    by = 1 + strip.shape[0] // _LINES
    strip, edge, top = geometry.coarser(strip, by), edge // by, over // by
    bottom = strip.shape[0] - top
    if by > 2 or min(strip.shape) < 3 or not (0 < edge < strip.shape[1] and top < bottom):
        return None
    if not _is_inked_about(strip[top:bottom], edge, math.ceil(space * (bottom - top))):
        return None  # as most are; all else takes five times as long
    ink, darkest = inked(strip)
    if darkest < MIN_CONTRAST:
        return None
    walls = _walls(ink > max(MIN_CONTRAST, _FAINT_WALL * darkest), top)
    mask = (ink > _MARKED * darkest).astype(np.uint8)
    level = runs(mask, 1, round(_STROKE * (bottom - top)))
    mask = u8(cv2.subtract(mask, cv2.dilate(level, _SOFT)))
    mask[:, cv2.dilate(walls.astype(np.uint8)[np.newaxis], _SOFT)[0] > 0] = 0
    marks = _characters(mask)
    heights = marks[:, 3] - marks[:, 1]
    shared = np.minimum(marks[:, 3], bottom) - np.maximum(marks[:, 1], top)
    is_inside = (marks[:, 0] + marks[:, 2]) / 2 < edge
    is_on_line = shared >= _INSIDE * heights
    tall = min(heights[is_on_line].max(initial=0), bottom - top)
    is_letter = is_on_line & (heights >= _LETTER * tall)
    inside, outside = marks[is_letter & is_inside], marks[is_letter & ~is_inside]
    found = []
    for letter in outside:
        # A box may have several lines.
        beside = (inside[:, 1] < letter[3]) & (inside[:, 3] > letter[1])
        last = int(inside[beside, 2].max(initial=-strip.shape[1]))
        if letter[0] - last > space * tall:
            continue
        if not walls[max(0, min(last, letter[0]) - 1) : max(last, letter[0]) + 2].any():
            found.append(letter)
    if not found:
        return None
    x1, y1, x2, y2 = (by * np.array(found)).T
    return int(x1.min()), int(y1.min()), int(x2.max()), int(y2.max())


def _is_inked_about(line: Gray, edge: int, near: int) -> bool:
    """Whether there is any print in the picture, H×W, so near the column `edge` on both sides.
    Light print on a dark ground doesn't count."""
    tones = Tones.of(line)
    if _is_light_on_dark(tones):
        return False
    least = max(MIN_CONTRAST, _FAINT * (tones.ground - quantile(line, _DARKEST)))
    marks = (line < math.ceil(tones.ground - least)).view(np.uint8)
    filled = cv2.reduce(marks, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    some = (filled > 0) & (filled < _WALL * len(line))
    return bool(some[max(0, edge - near) : edge].any() and some[edge : edge + near].any())


def _walls(marks: NDArray[np.bool_], over: int) -> NDArray[np.bool_]:
    """Which columns of the picture are of an upright rule, faint, broken or aslant as it may be:
    letters are less tall than the box. The first and last `over` rows are above and below it; a
    rule may end there."""
    wide = cv2.dilate(marks.astype(np.uint8), np.ones((1, 3), np.uint8))
    filled = cv2.reduce(wide, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    return np.asarray(filled >= _WALL * (len(marks) - 2 * over))


def reaching(page: Gray, box: Box, alignment: Alignment) -> Gray | None:
    """All of what stands in `box` of the template's frame and beyond it, at the page's resolution;
    None where nothing reaches out of the box."""
    near = _reaching(page, box, alignment, _BESIDE)
    far = None if near is None else _reaching(page, box, alignment, _FAR)  # of most it is not asked
    return near if far is None else far  # there a wider rule may cover what it cuts off


def _reaching(page: Gray, box: Box, alignment: Alignment, beside: float) -> Gray | None:
    """As `reaching`, as far as `beside` heights of the box on either side of it."""
    left, top, right, bottom = box
    height = bottom - top
    across, above = round(beside * height), round(_ABOVE * height)
    around = left - across, top - above, right + across, bottom + above
    wide = crop(page, around, alignment)
    x, y = _scales(wide, around)
    across, above = round(across * x), round(above * y)
    left, top, right, bottom = frame = across, above, wide.shape[1] - across, wide.shape[0] - above
    if not (0 < bottom - top <= _TALLEST and left < right):
        return None  # of a page of few pixels hardly a box may be left
    inside = wide[top:bottom, left:right]
    tones = Tones.of(inside)
    if _is_light_on_dark(tones):
        wide, frame = _on_its_ground(wide, frame, tones)
    elif not _may_reach(wide, frame, darkest=quantile(inside, _DARKEST), ground=tones.ground):
        return None  # as most do; all else takes twenty times as long
    by = 1 + wide.shape[0] // _ROWS
    left, top, right, bottom = (side // by for side in frame)
    whole = _whole(geometry.coarser(wide, by), (left, top, right, bottom))
    if whole is None:
        return None
    left, top, right, bottom = (side * by for side in whole)
    return wide[top:bottom, left:right]


def _scales(picture: Gray, part: Box) -> tuple[float, float]:
    """Pixels of the picture, H×W, of what is in `part` of the template's frame, for one of that,
    across and down: a page that leans, and many a fax, has fewer one way than the other."""
    return picture.shape[1] / (part[2] - part[0]), picture.shape[0] / (part[3] - part[1])


def _says_more(whole: LineReading, cut: LineReading) -> bool:
    """Whether what is read of all that stands there is likely right where the box says otherwise.
    What has fewer digits is misread: a neighbour's print is in its way."""
    digits, fewest = (sum(map(str.isdecimal, line.text)) for line in (whole, cut))
    return whole.text != cut.text and whole.confidence >= _LIKELY and digits >= max(1, fewest)


def _on_its_ground(wide: Gray, frame: Box, tones: Tones) -> tuple[Gray, Box]:
    """The part of the picture, H×W, that is a dark band with light print, and the place of `frame`
    in it: what is beyond the band has another ground."""
    left, top, right, bottom = frame
    band = wide[top:bottom].min(axis=0) < (tones.ground + tones.light) / 2
    beyond = np.flatnonzero(~band)
    first = int(beyond[beyond < left].max(initial=-1)) + 1
    last = int(beyond[beyond >= right].min(initial=wide.shape[1]))
    return wide[top:bottom, first:last], (left - first, 0, right - first, bottom - top)


def _is_light_on_dark(tones: Tones) -> bool:
    return tones.lighter >= max(_LIGHT, 2 * tones.darker)


def _may_reach(wide: Gray, frame: Box, *, darkest: int, ground: int) -> bool:
    """Whether there is any print beside the part `frame` of the picture, H×W, or across its upper
    or lower edge. Faint print counts, too: a closer look says whether it is of what is in there."""
    left, top, right, bottom = frame
    least = max(MIN_CONTRAST, _FAINT * (ground - darkest))
    marks = (wide < math.ceil(ground - least)).view(np.uint8)
    for axis in (0, 1):
        filled = cv2.reduce(marks, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
        rules = (filled > _THROUGH * marks.shape[axis]).astype(np.uint8)
        if cv2.hasNonZero(rules):
            marks[np.broadcast_to(cv2.dilate(rules, _SOFT) > 0, marks.shape)] = 0
    on_line = marks[top:bottom]
    beside = np.count_nonzero(on_line[:, :left]) + np.count_nonzero(on_line[:, right:])
    above, below = marks[max(0, top - 1), left:right], marks[bottom : bottom + 1, left:right]
    return bool(beside >= _SPECK or above.any() or below.any())


def _whole(wide: Gray, frame: Box) -> Box | None:
    """What of the picture, H×W, is to be seen for all that stands in its part `frame`; None where
    that is the frame."""
    if min(wide.shape) < 3:
        return None
    ink, darkest = inked(wide)
    if darkest < MIN_CONTRAST:
        return None
    left, top, right, bottom = frame
    mask, walls = _without_rules(ink > _MARKED * darkest, frame)
    marks = _characters(mask)
    middle = (marks[:, 0] + marks[:, 2]) / 2
    shared = np.minimum(marks[:, 3], bottom) - np.maximum(marks[:, 1], top)
    on_line = shared >= _INSIDE * (marks[:, 3] - marks[:, 1])
    inside = marks[on_line & (middle >= left) & (middle < right)]
    if not inside.size:
        return None
    height = float((inside[:, 3] - inside[:, 1]).max())
    tall = max(height, _LEAST_HEIGHT * (bottom - top))
    # What stands behind an upright rule is in another cell.
    walls = walls[~_is_crossed(walls, marks[on_line], _CLOSE * tall + 2)]
    before, behind = walls[walls < inside[:, 0].min()], walls[walls >= inside[:, 2].max()]
    between = (marks[:, 0] > before.max(initial=-1)) & (
        marks[:, 2] < behind.min(initial=wide.shape[1] + 1)
    )
    first, last = _walked(marks[on_line & between], inside, _GAP * tall)
    ends = first, int(inside[:, 1].min()), last, int(inside[:, 3].max())
    least = max(0.5, _OUTSIDE * height)
    if not (
        ends[0] < left - least
        or ends[1] < top - least
        or ends[2] > right + least
        or ends[3] > bottom + least
    ):
        return None
    margin = round(tall / 4)
    return (
        max(0, min(left, ends[0] - margin)),
        max(0, min(top, ends[1] - 2)),
        min(wide.shape[1], max(right, ends[2] + margin)),
        min(wide.shape[0], max(bottom, ends[3] + 2)),
    )


def _is_crossed(
    walls: NDArray[np.intp], marks: NDArray[np.int32], close: float
) -> NDArray[np.bool_]:
    """Which of the columns `walls` have print on both sides, no further off than `close`: numbers
    that a printer put across the rules of a form. In cells of their own they keep off them."""
    before = walls[:, np.newaxis] - marks[:, 2]
    behind = marks[:, 0] - walls[:, np.newaxis]
    return _has_near(before, close) & _has_near(behind, close)


def _has_near(off: NDArray[np.intp], close: float) -> NDArray[np.bool_]:
    return np.asarray(((off >= 0) & (off <= close)).any(axis=1))


def _walked(marks: NDArray[np.int32], inside: NDArray[np.int32], gap: float) -> tuple[int, int]:
    """First column, and the column after the last, of what stands no further apart than `gap`."""
    first, last = int(inside[:, 0].min()), int(inside[:, 2].max())
    for mark in marks[marks[:, 0].argsort()]:
        if first < mark[2] and mark[0] - last <= gap:
            last = max(last, int(mark[2]))
    for mark in marks[(-marks[:, 2]).argsort()]:
        if mark[0] < last and first - mark[2] <= gap:
            first = min(first, int(mark[0]))
    return first, last


def _without_rules(marks: NDArray[np.bool_], frame: Box) -> tuple[Gray, NDArray[np.intp]]:
    """The mask (0 or 1) less its rules, and the columns of those that stand beside the frame."""
    _, top, _, bottom = frame
    mask = marks.astype(np.uint8)
    level = runs(mask, 1, round(_LEVEL_RULE * (bottom - top)))
    upright = runs(mask, round(_RULE * (bottom - top)), 1)
    soft = cv2.dilate(level | upright, _SOFT)
    return u8(cv2.subtract(mask, soft)), np.flatnonzero(upright[top:bottom].all(axis=0))


def _characters(mask: Gray) -> NDArray[np.int32]:
    """Left, top, right, bottom of what hangs together in the mask, N×4, less specks."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    x, y, width, height, area = stats[1:].T
    boxes = np.stack([x, y, x + width, y + height], axis=1)
    return np.asarray(boxes[area >= _SPECK], np.int32)
