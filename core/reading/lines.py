"""From a box cut out of a page to the line image that the network reads.

The same function makes training lines (from simulated boxes) and production lines, so that what the
network learned is what it sees: uneven paper taken out, ink bright on zero, the band of text found
and brought to one height, wide blanks closed up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ink import MIN_CONTRAST, greyed, inked, quantile, u8

HEIGHT = 32
"""Rows of a line image."""
MAX_WIDTH = 512
"""Columns at most: some 45 characters. A longer line is squeezed."""

_BAND = 22
"""The rows that the text's own height is scaled to; the rest is margin above and below, because
the band is found to within a few rows only."""
_MAX_ENLARGEMENT = 4.0
"""Digits down to 6 px are brought to full height; what is flatter still is a lone mark such as '-'
or '٠', whose size tells it apart."""
_FULL_CONTRAST = 40
"""Ink fainter than this is not stretched to full: noise would be too."""

_MARKED = 0.4
"""What counts as print, of the darkest ink."""
_MARKED_OTHERWISE = (0.25, 0.55)
_INNER = 6
"""The part of a box's height that is left out above and below where its middle is looked at."""
_TALLER = 0.125
"""Of a band, above and below it."""

_TALL, _BEYOND = 0.7, 0.04
"""Shares of a box's height: of a rule between cells, and how much further up and down it reaches
than print does, at least."""
_TEETH, _UNEVEN = 5, 0.15
"""Rules of a comb at least, and the deviation of what they are apart, in means of it, at most."""
_LEAST_ROWS, _LEAST_HEIGHT = 5, 0.25
"""Pixels, and share of the first line's height, of another line in the box."""
_REACH = 8
"""Columns to each side of where the network sees a character that may be of it."""
INKED = 110
"""What counts as ink in a line image."""
_MIN_ZOOM = 1.25
_MAX_ZOOM = 2.0
_LEAST_ELSE = 1.25
"""How much longer than its characters a line is that has something else in it."""


_NO_COLUMNS = np.empty(0, np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """ink: HEIGHT×W uint8, 0 paper, 255 full ink, W from 1 to MAX_WIDTH. empty: nothing there.

    box: the grey box, H×W uint8, that it was found in. columns: those of the box that it is of.
    cut: whether the box cuts it above or below. more: first row and the row after the last of each
        other line that is whole in the box. dividers: columns of the box in which rules
        run past all its print.
    """

    ink: Gray
    box: Gray
    columns: NDArray[np.intp]
    empty: bool = False
    cut: bool = False
    more: tuple[tuple[int, int], ...] = ()
    dividers: NDArray[np.intp] = field(default_factory=lambda: _NO_COLUMNS)

    @property
    def height(self) -> int:
        return int(self.ink.shape[0])


BLANK = Line(
    np.zeros((HEIGHT, 1), np.uint8), np.zeros((1, 1), np.uint8), np.zeros(1, np.intp), empty=True
)


def prepare(crop: NDArray[np.uint8]) -> Line:
    """The line of text in a box.

    crop: H×W (grey) or H×W×3 uint8, any size; the box may be wider and taller than the text, and
        may hold ruled lines at its edges and parts of the lines above and below.

    Raises:
        ValueError: `crop` is not such an array.
    """
    box = greyed(crop)
    if min(box.shape) < 3:
        return BLANK
    ink, darkest, marks, dividers = _print(box)
    if darkest < MIN_CONTRAST:
        return BLANK
    bands = _found(marks)
    line = _line(box, ink, marks, *bands[0]) if bands else None
    if line is None:
        return BLANK
    cut, more = _is_cut(bands[0], box), _more(bands, box)
    return replace(line, cut=cut, more=more, dividers=dividers)


def otherwise(line: Line, marked: NDArray[np.bool_]) -> list[Gray]:
    """The line images that other ways to find the line make of the same box: by fainter and by
    darker print alone, in the middle of the box whatever is at its edges, with more around it, and
    in the part of the box where characters were seen. One of them is right where a rule, a stamp,
    a stroke of a pen or a neighbour's line misled `prepare`.

    marked: for each column of the line's ink whether a character was seen there.
    """
    ink, darkest, marks, _ = _print(line.box)
    height = len(ink)
    top, bottom = _first(_found(marks))
    more = round((bottom - top) * _TALLER)
    masks = [_marks(ink, share * darkest) for share in _MARKED_OTHERWISE]
    ways = [
        *(_line(line.box, ink, mask, *_first(_found(mask))) for mask in masks),
        _line(line.box, ink, marks, height // _INNER, height - height // _INNER),
        _line(line.box, ink, marks, top - more, bottom + more),
        _part(line, marked, bottom - top),
    ]
    inks = [way.ink for way in ways if way is not None]
    large = _enlarged(line.ink, marked)
    return inks if large is None else [*inks, large]


def others(line: Line) -> list[Gray]:
    """The images of the other lines that are whole in the box: what stands there may be a label,
    and the number above or below it."""
    if not line.more:
        return []
    ink, _, marks, _ = _print(line.box)
    found = [_line(line.box, ink, marks, top, bottom) for top, bottom in line.more]
    return [other.ink for other in found if other is not None]


def _print(box: Gray) -> tuple[Gray, int, Gray, NDArray[np.intp]]:
    """The box's ink, how dark that is, the mask of what counts as print, and its dividers; those of
    a row of cells for one character each are taken out."""
    ink, darkest = inked(box)
    marks = _marks(ink, _MARKED * darkest)
    dividers = _dividers(marks)
    if not _is_comb(dividers):
        return ink, darkest, marks, dividers
    ink, marks = ink.copy(), marks.copy()
    ink[:, dividers] = marks[:, dividers] = 0
    return ink, darkest, marks, _NO_COLUMNS


def inked_columns(ink: Gray) -> NDArray[np.bool_]:
    """Which columns of a line image, H×W, have any ink."""
    return np.asarray(cv2.reduce(ink, 0, cv2.REDUCE_MAX)[0] > INKED)


def _more(bands: Sequence[tuple[int, int]], box: Gray) -> tuple[tuple[int, int], ...]:
    (top, bottom), *rest = bands
    least = max(_LEAST_ROWS, _LEAST_HEIGHT * (bottom - top))
    return tuple(band for band in rest if band[1] - band[0] >= least and not _is_cut(band, box))


def _is_cut(band: tuple[int, int], box: Gray) -> bool:
    return band[0] <= 1 or band[1] >= len(box) - 1


def _part(line: Line, marked: NDArray[np.bool_], height: int) -> Line | None:
    """The line in the part of its box that has the characters, if that has anything else."""
    seen = np.flatnonzero(marked)
    if not seen.size:
        return None
    scale = len(line.columns) / line.ink.shape[1]
    ends = [min(int(at * scale), len(line.columns) - 1) for at in (seen[0], seen[-1] + 1)]
    left, right = (int(line.columns[end]) for end in ends)
    left, right = max(0, left - height // 2), right + height // 2
    if _LEAST_ELSE * (right - left) > len(line.columns):
        return None
    part = prepare(line.box[:, left:right])
    return None if part.empty else part


def _enlarged(ink: Gray, marked: NDArray[np.bool_]) -> Gray | None:
    """The part of a line image where digits were seen, brought to full height; None where it is
    nearly so already, or nothing was seen. Beside a tall word or a rule digits come out small.

    ink: as `prepare` makes it. marked: for each of its columns whether a character was seen there.
    """
    seen = np.flatnonzero(marked)
    if not seen.size:
        return None
    near = cv2.dilate(marked.astype(np.uint8)[None], np.ones((1, 2 * _REACH + 1), np.uint8))[0]
    top, bottom = _first(_bands((ink[:, near > 0] > INKED).astype(np.uint8)))
    by = min(_BAND / max(1, bottom - top), _MAX_ZOOM)
    if bottom <= top or by < _MIN_ZOOM:
        return None
    part = ink[:, max(0, seen[0] - 2 * _REACH) : seen[-1] + 2 * _REACH + 1]
    width = min(MAX_WIDTH, round(part.shape[1] * by))
    onto = np.array([[width / part.shape[1], 0, 0], [0, by, (HEIGHT - by * (top + bottom)) / 2]])
    return u8(cv2.warpAffine(part, onto, (width, HEIGHT), flags=cv2.INTER_LINEAR))


def _marks(ink: Gray, least: float) -> Gray:
    """The ink mask (0 or 1) of what is darker than that, less ruled lines."""
    return _without_rules(ink > max(int(least), MIN_CONTRAST))


def _found(marks: Gray) -> list[tuple[int, int]]:
    """The lines of text in a box, as `_bands` gives them."""
    return _bands(_without_uprights(marks)) or _bands(marks)


def _line(box: Gray, ink: Gray, marks: Gray, top: int, bottom: int) -> Line | None:
    """The line of text in these rows; None where there is none."""
    if bottom <= top:
        return None
    columns = _columns(marks[max(0, top) : bottom], bottom - top)
    return Line(_scaled(ink, top, bottom, columns), box, columns) if columns.size else None


def _without_rules(marks: NDArray[np.bool_]) -> Gray:
    """The ink mask (0 or 1) less its ruled lines: runs far longer than a character is wide, which
    may climb or fall by a row now and then."""
    mask = marks.astype(np.uint8)
    height, width = mask.shape
    length = max(20, round(1.5 * height))
    if length < width:
        run = np.ones((1, length), np.uint8)
        within = cv2.erode(cv2.dilate(mask, np.ones((3, 1), np.uint8)), run)
        if cv2.hasNonZero(within):
            mask = u8(cv2.subtract(mask, cv2.dilate(within, run)))
    return mask


def _without_uprights(marks: Gray) -> Gray:
    """The ink mask less what stands upright at its sides and runs through the box: a table's rule
    there would fill every row. A '١' cut close may go with it, which is why columns are not found
    in this."""
    height, width = marks.shape
    edge = max(3, height // 3)
    ends = max(2, height // 5)
    uprights = cv2.reduce(marks, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0] >= 0.5 * height
    uprights[edge : max(edge, width - edge)] = False
    if not uprights.any():
        return marks
    through = cv2.dilate(marks, np.ones((1, 5), np.uint8))  # it may lean
    uprights &= through[:ends].any(axis=0) & through[-ends:].any(axis=0)
    return marks if uprights.all() else np.where(uprights, 0, marks).astype(np.uint8)


def _dividers(marks: Gray) -> NDArray[np.intp]:
    """The columns of rules that run through the box, from above its print to below it: a '1'
    reaches no further than the digits beside it."""
    leaning = cv2.dilate(marks, np.ones((1, 3), np.uint8))
    tall = cv2.reduce(leaning, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0] >= _TALL * len(marks)
    if not tall.any():
        return _NO_COLUMNS
    print_ = np.flatnonzero(np.where(tall, 0, marks).any(axis=1))
    if not print_.size:
        return _NO_COLUMNS
    beyond = max(2, round(_BEYOND * len(marks)))
    above, below = leaning[: max(0, print_[0] - beyond)], leaning[print_[-1] + 1 + beyond :]
    return np.flatnonzero(tall & above.any(axis=0) & below.any(axis=0))


def _is_comb(dividers: NDArray[np.intp]) -> bool:
    """Whether they are the rules of a row of cells, each for one character."""
    rules = dividers[np.diff(dividers, prepend=-_TEETH) > 2]
    apart = np.diff(rules)
    return len(rules) >= _TEETH and bool(apart.std() < _UNEVEN * apart.mean())


def _first(bands: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The first of these lines; no rows where there is none."""
    return bands[0] if bands else (0, 0)


def _bands(marks: Gray) -> list[tuple[int, int]]:
    """First row and the row after the last of each line of text, first of the one that the box is
    likely to be of."""
    profile = cv2.reduce(marks, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0].astype(np.float32)
    if profile.max() == 0:
        return []
    filled = profile > 0.06 * profile.max()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], filled.view(np.int8), [0]))))
    runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    tallest = max(b - a for a, b in runs)
    # Dots of letters and the strokes of '%' or '٪' stand off by less than a fifth of a line; the
    # rows of dot-matrix print by less than their own height.
    near = max(1, tallest // 5, round(0.07 * len(profile)))
    # The comma of '٠,٠٠' stands lower than its zeros; what the box cuts is of another line.
    inside = len(profile) // 8, len(profile) - len(profile) // 8
    flat = tallest if tallest < 0.3 * len(profile) else near
    merged = [runs[0]]
    for start, end in runs[1:]:
        whole = merged[-1][0] >= inside[0] and end <= inside[1]
        if start - merged[-1][1] <= (max(near, flat) if whole else near):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return sorted(merged, key=lambda run: -_weight(run, profile))


def _weight(run: tuple[int, int], profile: NDArray[np.float32]) -> float:
    """Ink of a run of rows, counted less away from the middle and where the box cuts it."""
    start, end = run
    height = len(profile)
    off_centre = abs((start + end) / 2 - height / 2) / height
    cut = (start == 0) + (end == height)
    alone = end - start > 0.6 * height
    return float(profile[start:end].sum()) * (1 - 1.2 * off_centre) * (1 if alone else 0.4**cut)


def _columns(band: Gray, height: int) -> NDArray[np.intp]:
    """Which columns to keep: from the first ink to the last with a margin, blanks closed up."""
    inked = np.flatnonzero(band.any(axis=0))
    if not inked.size:
        return inked
    margin = max(2, round(0.3 * height))
    first, last = max(0, inked[0] - margin), min(band.shape[1], inked[-1] + margin + 1)
    # A currency at one end of a wide cell and its amount at the other are brought within reach.
    reach = max(4, round(0.75 * height))
    columns = np.arange(first, last)
    after = inked[np.minimum(np.searchsorted(inked, columns), len(inked) - 1)]
    before = inked[np.maximum(np.searchsorted(inked, columns, side="right") - 1, 0)]
    near = np.minimum(np.abs(after - columns), np.abs(columns - before)) <= reach
    return np.asarray(columns[near])


def _scaled(ink: Gray, top: int, bottom: int, columns: NDArray[np.intp]) -> Gray:
    scale = min(_BAND / (bottom - top), _MAX_ENLARGEMENT)
    rows = HEIGHT / scale
    first = round((top + bottom - rows) / 2)
    last = first + max(1, round(rows))
    line = ink[max(0, first) : max(0, last), columns]
    above, below = max(0, -first), max(0, last - ink.shape[0])
    strongest = quantile(line, 0.98) if line.size else 0
    gain = 255 / max(strongest, _FULL_CONTRAST)
    line = u8(cv2.convertScaleAbs(line, alpha=gain))
    line = u8(cv2.copyMakeBorder(line, above, below, 0, 0, cv2.BORDER_CONSTANT, value=(0,)))
    width = min(MAX_WIDTH, max(1, round(line.shape[1] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return u8(cv2.resize(line, (width, HEIGHT), interpolation=how))
