"""Words: the `text` boxes of a page, all that share their languages read in one process.

How a box is shown to Tesseract decides most of what it reads. Measured with Tesseract 5.3.0 on 648
boxes of 1 to 3 lines (Arabic, English, mixed) in 21 families of text type at 96 to 300 dpi, most
with ruled edges and JPEG, half of them with specks, grain and a tilt of up to 1°: boxes that were
read exactly, and characters that were not,

    enlarged twice, words in Tesseract's order        381    12.3 %
    ... words in the order of the picture             421     8.0 %
    ... lines brought to one height (22 px) instead   470     7.6 %
    ... and ruled edges painted over                  522     3.2 %
    ... and read at two heights                       537     2.8 %

One height from 18 to 30 px reads 499 to 522 boxes; segmentation modes 3, 4 and 6 are alike; lines
cut apart for mode 7 read 512; all boxes on one canvas 516, with half as many wrong characters
again, for neighbours get in. A page for each box, all in one process, reads each as a process of
its own does, in 25 ms instead of 100, for languages are loaded once.
"""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ink import u8
from core.reading.numerals import Numerals
from core.reading.numeric import NumericReader
from core.reading.tesseract import MAX_SIDE, Line, Tesseract, Word
from core.template import Language

TIMEOUT_S = 30.0
"""Longest time for the text boxes of one page in one set of languages: some 600 of them."""

_LINE_HEIGHTS = 18, 32
"""Rows that the ink of a line is brought to, from the dots above to the tails below. Each box is
read at both, and what reads with more certainty is taken."""
_SCALES = 0.5, 4.0
_MAX_PIXELS = 20_000_000
"""Of a box once it is scaled: as much as a page of A4 at 450 dpi."""
_MARGIN = 10
_MIN_SIDE = 3
"""Pixels; no print fits into less."""
_CONTRASTS, _MIN_MARKS = (10, 40), 30
"""Grey levels that print stands out by once grain is smoothed away, and pixels that do; a box with
less is blank. A digit at 96 dpi has some 40. Of 400 drawn boxes with 35 to 80 levels between ink
and paper, at 96 to 300 dpi with JPEG, 3 count as blank (with 16 levels 14 did), and of 288 blank
ones with grain, specks, shadow and JPEG down to quality 30 all but 29; what Tesseract sees in those
is unlikely by its own account."""
_GRAIN = 6.3
"""What three times the median of grain is of its lower quartile."""

_CERTAINTIES = 15, 40, 57, 70, 78, 85, 90, 92, 96
_RIGHT_AGREED = 0.1, 0.35, 0.6, 0.75, 0.9, 0.95, 0.975, 0.985, 0.995
_RIGHT_ALONE = 0.0, 0.15, 0.25, 0.35, 0.55, 0.65, 0.8, 0.85, 0.95
"""How often a box is read exactly, by Tesseract's certainty of its least certain word and by
whether it was read alike at both heights. Of 324 other boxes, made the same way, those said to be
right with 0.95 and more were so in 99 of 100 cases, those with less than 0.5 in 15."""

_CUT = 0.5
"""Confidence at most in what reaches out of its box: the letter that the edge goes through is read
as another, or not at all."""


@dataclass(frozen=True, slots=True)
class TextReading:
    """text: in logical order, lines joined by a space; '' for an empty box.
    confidence: probability in [0, 1] that all of the text is exactly right, by how often boxes with
        such an uncertain word were; 0 where there is print but no word was made out, 1 for a blank
        box."""

    text: str
    confidence: float


class TextReader:
    """Reads text boxes with the program `tesseract` (a name on the PATH, or a path), and holds the
    numbers in them against what the numeric reader sees."""

    def __init__(
        self, numeric: NumericReader, tesseract: str = "tesseract", *, timeout: float = TIMEOUT_S
    ) -> None:
        self._numerals = Numerals(numeric)
        self._tesseract = Tesseract(tesseract, timeout)

    @property
    def version(self) -> str:
        """Raises SetupError if there is no such program."""
        return f"tesseract-{self._tesseract.version}"

    def read(
        self, crops: Sequence[Gray], languages: Sequence[tuple[Language, ...]]
    ) -> list[TextReading]:
        """Reads boxes, each H×W (grey) uint8 of any size, in its languages.

        The first language of a box decides where a line of both begins.

        Raises:
            SetupError: Tesseract or the data of a language is missing.
            TransientError: Tesseract failed or took too long.
        """
        readings = [TextReading("", 1.0)] * len(crops)
        inked: dict[int, Gray] = {}
        groups: dict[tuple[Language, ...], list[int]] = {}
        for index, (crop, wanted) in enumerate(zip(crops, languages, strict=True)):
            if min(crop.shape) >= _MIN_SIDE and not _blank(clean := _without_rules(crop)):
                inked[index] = clean
                groups.setdefault(wanted, []).append(index)
        tries: dict[int, list[list[Line]]] = {}
        for wanted, indices in groups.items():
            pictures = [_scaled(inked[i], height) for i in indices for height in _LINE_HEIGHTS]
            found = zip(self._tesseract.read(pictures, wanted), pictures, strict=True)
            for index in indices:
                tries[index] = [
                    _in_box(lines, picture, inked[index])
                    for lines, picture in itertools.islice(found, len(_LINE_HEIGHTS))
                ]
        checked = self._numerals.checked(
            [crops[i] for i in tries],
            [*tries.values()],
            arabic=["ara" in languages[i] for i in tries],
        )
        for index, some in zip(tries, checked, strict=True):
            reading = _best([(_words(lines, languages[index]), chance) for lines, chance in some])
            if _is_cut(inked[index]):
                reading = replace(reading, confidence=min(reading.confidence, _CUT))
            readings[index] = reading
        return readings


def _in_box(lines: Sequence[Line], picture: Gray, box: Gray) -> list[Line]:
    """What was read in a picture that `_scaled` made of a box, with places in pixels of the box."""
    across, down = (
        side / (scaled - 2 * _MARGIN)
        for side, scaled in zip(box.shape[::-1], picture.shape[::-1], strict=True)
    )
    return [
        [
            replace(
                word,
                left=round((word.left - _MARGIN) * across),
                top=round((word.top - _MARGIN) * down),
                right=round((word.right - _MARGIN) * across),
                bottom=round((word.bottom - _MARGIN) * down),
            )
            for word in line
        ]
        for line in lines
    ]


def _blank(crop: Gray) -> bool:
    """Whether nothing stands out from the paper around it, however large the box is."""
    calm = u8(cv2.blur(crop, (3, 3)))
    depth = cv2.absdiff(calm, _paper(crop))
    # Of the calmest pixels: half of a box may be small print, which would count as grain.
    grain = float(np.quantile(cv2.absdiff(crop, calm), 0.25))
    contrast = float(np.clip(_GRAIN * grain, *_CONTRASTS))
    return int(np.count_nonzero(depth > contrast)) < _MIN_MARKS


def _paper(crop: Gray) -> Gray:
    """The box without its print and its rules, shadows left in."""
    reach = 15
    # OpenCV would repeat the outermost pixels, and a rule there would become the paper.
    wide = cv2.copyMakeBorder(crop, reach, reach, reach, reach, cv2.BORDER_REFLECT)
    return u8(cv2.medianBlur(wide, 2 * reach + 1)[reach:-reach, reach:-reach])


def _scaled(crop: Gray, line_height: int) -> Gray:
    """The box with its lines so many pixels tall, on a margin of its own paper."""
    paper = int(np.median(crop))
    height, width = crop.shape
    scale = min(
        float(np.clip(line_height / _line_height(crop), *_SCALES)),
        (MAX_SIDE - 2 * _MARGIN) / max(height, width),
        (_MAX_PIXELS / (height * width)) ** 0.5,
    )
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    crop = u8(cv2.resize(crop, size, interpolation=how))
    return u8(np.pad(crop, _MARGIN, constant_values=paper))


def _without_rules(crop: Gray) -> Gray:
    """The box with paper where rows or columns near its edges are nearly all marked.

    Pale marks count: of a line on the edge of the box only a rim may be inside.
    """
    paper, edge = _paper(crop), max(2, crop.shape[0] // 6)
    depth = cv2.absdiff(crop, paper)
    marked = depth > 0.25 * depth.max()
    rows = marked.mean(axis=1) > 0.6
    # A '1' or an alef at the edge is as tall as a rule, but doesn't go through the box.
    columns = (marked.mean(axis=0) > 0.7) & marked[:2].any(axis=0) & marked[-2:].any(axis=0)
    rows[edge:-edge] = False
    columns[edge:-edge] = False
    ruled = rows[:, np.newaxis] | columns
    return np.where(ruled, paper, crop)


def _line_height(crop: Gray) -> float:
    """Rows of ink in a typical line. Dots and specks that stand apart don't count as lines."""
    filled = _ink(crop).any(axis=1)
    edges = np.flatnonzero(np.diff(filled.astype(np.int8), prepend=0, append=0))
    heights = edges[1::2] - edges[::2]
    return float(np.median(heights[heights > 0.45 * heights.max()])) if heights.size else 1.0


def _is_cut(crop: Gray) -> bool:
    """Whether print goes through the left or the right edge of the box."""
    ends = _ink(crop)[:, [0, -1]]
    return bool((ends[1:] & ends[:-1]).any())


def _ink(crop: Gray) -> NDArray[np.bool_]:
    """Which pixels are print: the rarer of dark and light."""
    threshold, _ = cv2.threshold(crop, 0, 255, cv2.THRESH_OTSU)
    dark: NDArray[np.bool_] = crop <= threshold
    return ~dark if dark.mean() > 0.5 else dark


def _words(lines: Sequence[Line], languages: Sequence[Language]) -> list[Word]:
    return [word for line in lines for word in _logical_order(line, rtl=languages[0] == "ara")]


def _best(tries: Sequence[tuple[list[Word], float]]) -> TextReading:
    """What was read with the most certainty. tries: words, and how likely their numbers are."""
    texts = [" ".join(word.text for word in words) for words, _ in tries]
    certainties = [min((word.confidence for word in words), default=0.0) for words, _ in tries]
    chances = [chance for _, chance in tries]
    certainty, chance, text = max(
        zip(certainties, chances, texts, strict=True), key=lambda each: (each[0] * each[1], each[2])
    )
    if not text:
        return TextReading("", 0.0)
    right = _RIGHT_AGREED if texts.count(text) == len(texts) else _RIGHT_ALONE
    return TextReading(text, chance * float(np.interp(certainty, _CERTAINTIES, right)))


def _logical_order(line: Line, *, rtl: bool) -> list[Word]:
    """The words of a line in reading order, from where they stand.

    Tesseract's own order is a guess at the direction of the line, wrong for every second mixed one.
    A line of one script tells its direction. Of a mixed one the picture is the same whichever side
    it starts from, so `rtl` decides. Numbers read from left to right within words of Latin letters
    and after them ("Gulf 2024"), and take the direction of the line elsewhere.
    """
    words = sorted(line, key=lambda word: word.left)
    scripts = [_rtl(word.text) for word in words]
    if True not in scripts:
        return words
    rtl = rtl or False not in scripts
    runs = [
        (backwards, [word for _, word in run])
        for backwards, run in itertools.groupby(
            zip(_directions(words, scripts, rtl=rtl), words, strict=True), key=lambda pair: pair[0]
        )
    ]
    if rtl:
        runs.reverse()
    return [word for backwards, run in runs for word in (reversed(run) if backwards else run)]


def _directions(
    words: Sequence[Word], scripts: Sequence[bool | None], *, rtl: bool
) -> Iterator[bool]:
    """Whether each word is part of a run from right to left."""
    before = rtl
    for index, (word, script) in enumerate(zip(words, scripts, strict=True)):
        if script is not None:
            before = script
            yield script
            continue
        after = next((each for each in scripts[index:] if each is not None), rtl)
        follows_latin = not before and word.text[0].isascii() and word.text[0].isdigit()
        yield before if before == after or follows_latin else rtl


def _rtl(word: str) -> bool | None:
    """The direction of a word's letters; None if it has none."""
    kinds = {unicodedata.bidirectional(letter) for letter in word}
    return True if kinds & {"R", "AL"} else False if "L" in kinds else None
