"""From a box cut out of a page to the line image that the network reads.

The same function makes training lines (from simulated boxes) and production lines, so that what the
network learned is what it sees: uneven paper taken out, ink bright on zero, the band of text found
and brought to one height, wide blanks closed up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

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
_MAX_BOX_HEIGHT = 160
"""Taller boxes are reduced first: it bounds the time, and text this tall loses nothing by it."""
_MIN_CONTRAST = 10
"""Grey levels (of 255) between paper and darkest ink below which a box is blank. JPEG at quality 30
ripples by up to 6 on blank paper; the faintest print worth reading stands out by 25."""
_FULL_CONTRAST = 40
"""Ink fainter than this is not stretched to full: noise would be too."""

_REACH = 8
"""Columns to each side of where the network sees a character that may be of it."""
_INKED = 110
"""What counts as ink in a line image."""
_MIN_ZOOM = 1.25
_MAX_ZOOM = 2.0

_RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Line:
    """ink: HEIGHT×W uint8, 0 paper, 255 full ink, W from 1 to MAX_WIDTH. empty: nothing there."""

    ink: Gray
    empty: bool = False

    @property
    def height(self) -> int:
        return int(self.ink.shape[0])


BLANK = Line(np.zeros((HEIGHT, 1), np.uint8), empty=True)


def prepare(crop: NDArray[np.uint8]) -> Line:
    """The line of text in a box.

    crop: H×W (grey) or H×W×3 uint8, any size; the box may be wider and taller than the text, and
        may hold ruled lines at its edges and parts of the lines above and below.

    Raises:
        ValueError: `crop` is not such an array.
    """
    gray = _gray(crop)
    if min(gray.shape) < 3:
        return BLANK
    ink = _ink(gray)
    contrast = _quantiles(ink, 0.995)[0]
    if contrast < _MIN_CONTRAST:
        return BLANK
    marks = _without_rules(ink > max(0.4 * contrast, _MIN_CONTRAST))
    top, bottom = _band(_without_uprights(marks))
    if bottom <= top:
        top, bottom = _band(marks)
    if bottom <= top:
        return BLANK
    columns = _columns(marks[top:bottom], bottom - top)
    if not columns.size:
        return BLANK
    return Line(_scaled(ink, top, bottom, columns))


def enlarged(ink: Gray, marked: NDArray[np.bool_]) -> Gray | None:
    """The part of a line image where digits were seen, brought to full height; None where it is
    nearly so already, or nothing was seen. Beside a tall word or a rule digits come out small.

    ink: as `prepare` makes it. marked: for each of its columns whether a character was seen there.
    """
    seen = np.flatnonzero(marked)
    if not seen.size:
        return None
    near = cv2.dilate(marked.astype(np.uint8)[None], np.ones((1, 2 * _REACH + 1), np.uint8))[0]
    top, bottom = _band((ink[:, near > 0] > _INKED).astype(np.uint8))
    by = min(_BAND / max(1, bottom - top), _MAX_ZOOM)
    if bottom <= top or by < _MIN_ZOOM:
        return None
    part = ink[:, max(0, seen[0] - 2 * _REACH) : seen[-1] + 2 * _REACH + 1]
    width = min(MAX_WIDTH, round(part.shape[1] * by))
    onto = np.array([[width / part.shape[1], 0, 0], [0, by, (HEIGHT - by * (top + bottom)) / 2]])
    return _u8(cv2.warpAffine(part, onto, (width, HEIGHT), flags=cv2.INTER_LINEAR))


def _gray(crop: NDArray[np.uint8]) -> Gray:
    if crop.dtype != np.uint8 or crop.ndim not in (2, 3):
        raise ValueError(f"not a picture: {crop.dtype} array of shape {crop.shape}")
    if crop.ndim == 3:
        if crop.shape[2] != 3:
            raise ValueError(f"not a picture: array of shape {crop.shape}")
        crop = _u8(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)) if crop.size else crop[..., 0]
    height, width = crop.shape
    if height > _MAX_BOX_HEIGHT:
        size = (max(1, round(width * _MAX_BOX_HEIGHT / height)), _MAX_BOX_HEIGHT)
        crop = _u8(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    return crop


def _ink(gray: Gray) -> Gray:
    """How much darker (or, on a dark ground, lighter) than the paper around it each pixel is.

    The paper is the closing of the picture by a square larger than any stroke: print and rules
    vanish from it, shadows and stains stay in it.
    """
    gray = _u8(cv2.bitwise_not(gray)) if _light_on_dark(gray) else _with_labels_inverted(gray)
    calm = cv2.blur(gray, (3, 3))  # a single bright speck would raise the paper around it
    paper = cv2.blur(cv2.morphologyEx(calm, cv2.MORPH_CLOSE, _square(gray)), (5, 5))
    depth = _u8(cv2.subtract(paper, gray))
    (grain,) = _quantiles(depth, 0.5)  # most pixels are paper: what they differ by is its grain
    return _without_specks(_u8(cv2.subtract(depth, np.full_like(depth, grain))))


def _without_specks(ink: Gray) -> Gray:
    """The ink less lone pixels that stand out from all around them, where these are far stronger
    than the rest of it: beside them faint print would count as none."""
    around = cv2.dilate(ink, _RING)
    calm = _u8(cv2.min(ink, around))
    return calm if _quantiles(calm, 0.995)[0] < 0.6 * _quantiles(ink, 0.995)[0] else ink


def _light_on_dark(gray: Gray) -> bool:
    """Much of the box and of its rim is dark, and what stands out lightly covers less of it than
    what stands out darkly: ink covers less than the ground between it. Bold type cut close fills
    half of a box, and a ruled line much of the rim."""
    low, high = _quantiles(gray, 0.02, 0.98)
    dark = gray < (low + high) / 2
    rim = np.concatenate(
        (dark[:2].ravel(), dark[-2:].ravel(), dark[:, :2].ravel(), dark[:, -2:].ravel())
    )
    least = min(dark.mean(), rim.mean())
    if least < 0.4 or least > 0.8:  # in wide dark margins nothing stands out darkly
        return bool(least > 0.8)
    square = _square(gray)
    light = cv2.subtract(gray, cv2.morphologyEx(gray, cv2.MORPH_OPEN, square))
    deep = cv2.subtract(cv2.morphologyEx(gray, cv2.MORPH_CLOSE, square), gray)
    return _covered(_u8(light)) < _covered(_u8(deep))


def _with_labels_inverted(gray: Gray) -> Gray:
    """The box with what stands light on a dark label in it turned dark on light.

    A label is a dark rectangle with light in it, wider than tall and dark along all its sides:
    neither a bold square digit nor bold words that run together are. Narrower ones count beside it,
    for some printers give each word a label of its own.
    """
    low, high = _quantiles(gray, 0.02, 0.98)
    dark = (gray < (low + high) / 2).astype(np.uint8)
    if high - low < 4 * _MIN_CONTRAST or dark.mean() < _LEAST_LABELLED:
        return gray
    seams = np.ones((1, len(gray) // 16 | 1), np.uint8)  # between labels of one digit each
    whole = _u8(cv2.morphologyEx(dark, cv2.MORPH_CLOSE, seams))
    contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(contour) for contour in contours]
    labels = [box for box in boxes if box[3] >= 0.25 * len(gray) and _is_label(whole, box)]
    wide = [box for box in labels if box[2] > 1.4 * box[3]]
    gray = gray.copy() if wide else gray
    for x, y, width, height in labels:
        if any(abs(y - top) + abs(height - tall) < 0.2 * tall for _, top, _, tall in wide):
            label = gray[y : y + height, x : x + width]
            label[:] = np.clip(high + low - label.astype(np.int16), 0, 255)
            # Its soft edge would be a frame around the text.
            label[:1], label[-1:], label[:, :1], label[:, -1:] = high, high, high, high
    return gray


def _is_label(dark: Gray, box: Sequence[int]) -> bool:
    x, y, width, height = box
    part = dark[y : y + height, x : x + width][1:-1, 1:-1]  # less its soft edge
    edge = 1 + height // 20
    return bool(
        part.size
        and _DARK[0] < part.mean() < _DARK[1]
        and min(part[:edge].mean(), part[-edge:].mean()) > _LEVEL_SIDES
        and min(part[:, :edge].mean(), part[:, -edge:].mean()) > _UPRIGHT_SIDES
    )


_LEAST_LABELLED = 0.15
"""Share of a box's pixels that are dark, below which no label is looked for."""
_LEVEL_SIDES, _UPRIGHT_SIDES = 0.9, 0.6
"""Shares of a label's sides that are dark. Its corners may be round, and its ends are short."""
_DARK = (0.45, 0.97)
"""The shares between which a label is dark; the rest of it is text."""


def _square(gray: Gray) -> NDArray[np.uint8]:
    """Larger than any stroke of the text in the box."""
    side = max(9, gray.shape[0] // 2) | 1
    return np.ones((side, side), np.uint8)


def _covered(depth: Gray) -> float:
    """The share of pixels that stand out by half of what the strongest do."""
    return float((depth > _quantiles(depth, 0.995)[0] / 2).mean())


def _quantiles(pixels: Gray, *shares: float) -> list[int]:
    """From a histogram: a hundred times as fast as numpy, which sorts."""
    counts = np.cumsum(cv2.calcHist([pixels], [0], None, [256], [0, 256]))
    return [int(np.searchsorted(counts, share * counts[-1])) for share in shares]


def _without_rules(marks: NDArray[np.bool_]) -> Gray:
    """The ink mask (0 or 1) less its ruled lines: runs far longer than a character is wide, which
    may climb or fall by a row now and then."""
    mask = marks.astype(np.uint8)
    height, width = mask.shape
    length = max(20, round(1.5 * height))
    if length < width:
        thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
        rules = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
        mask = _u8(cv2.subtract(mask, rules))
    return mask


def _without_uprights(marks: Gray) -> Gray:
    """The ink mask less what stands upright at its sides and runs through the box: a table's rule
    there would fill every row. A '١' cut close may go with it, which is why columns are not found
    in this."""
    height, width = marks.shape
    edge = max(3, height // 3)
    ends = max(2, height // 5)
    uprights = marks.sum(axis=0) >= 0.5 * height
    through = cv2.dilate(marks, np.ones((1, 5), np.uint8))  # it may lean
    uprights &= through[:ends].any(axis=0) & through[-ends:].any(axis=0)
    uprights[edge : max(edge, width - edge)] = False
    return np.where(uprights, 0, marks).astype(np.uint8) if not uprights.all() else marks


def _band(marks: Gray) -> tuple[int, int]:
    """First row and the row after the last of the line of text; equal where there is none."""
    profile = marks.sum(axis=1).astype(np.float32)
    if profile.max() == 0:
        return 0, 0
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
    return max(merged, key=lambda run: _weight(run, profile))


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
    strongest = _quantiles(line, 0.98)[0] if line.size else 0
    gain = 255 / max(strongest, _FULL_CONTRAST)
    line = _u8(cv2.convertScaleAbs(line, alpha=gain))
    line = np.pad(line, ((above, below), (0, 0)))
    width = min(MAX_WIDTH, max(1, round(line.shape[1] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return _u8(cv2.resize(line, (width, HEIGHT), interpolation=how))


def _u8(array: Any) -> Gray:
    """OpenCV's stubs don't say that a picture keeps its type."""
    return np.asarray(array, np.uint8)
