"""What is wrong with the picture of a box, in words that a person can act on.

The reader's confidence says that a reading is in doubt; this says why, and what to do about it. It
is measured on the page's own pixels, in the box alone: a photo is sharp in one corner and not in
another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.boxes import FieldBox
from core.geometry import Gray
from core.invoice import Reason
from core.reading.ink import Tones, quantile, u8
from core.template import Field, Kind

_FEWEST = 5.0
"""Pixels that digits must be tall. Of 600 boxes of the sample invoices made ever smaller the reader
got 35 % right below it, 84 % from 5 to 6, 91 % from 6 to 7."""
_BLURRED = 0.3
"""Of the height of the text: how wide the edge of a stroke may be. Of 720 boxes of the sample
invoices made ever more blurred the reader got 8 % right above it, 54 % from 0.2 to 0.3, 98 % below;
as they are, they have 0.12 (median) and 0.29 at most."""
_SHARPEST = 2.0
"""Pixels that an edge may be wide whatever the size of the text: that is as sharp as pixels get."""
_MIN_CONTRAST = 20
"""Grey levels between paper and ink below which there is nothing to be measured."""
_DARK = 50
"""Grey level that the paper of a box must be lighter than where the page's is dark as well. Boxes
drawn darker, with the grain of a sensor, were all read right at 60 and with less and less certainty
below 50."""
_DARK_PAGE = 110
_GLARING = 252
_GLARE = 0.08
"""Share of a box that is lost in glare."""
_FADING = 0.25, 0.75
"""Of the way from the page's paper to white: what glare, which fades, takes some pixels to pass,
an eighth of the box's height and more. At the edge of a white box on a tinted form, and between the
strokes in it, it is passed in one to three."""
_SAMPLES = 100
"""Pixels of a page's shorter side that its paper is judged by."""
_LIGHT_PAPER = 230
"""Grey level of a page's paper from which white says nothing: scanners make all paper white."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Codes: `few_pixels`, `blurred`, `too_dark`, `glare`."""

    code: str
    message: str


def faults(boxes: Sequence[FieldBox], texts: Sequence[str]) -> Iterator[Reason]:
    """What keeps boxes from being read, whatever the reader made of them: `texts`."""
    papers = {number: paper(page) for number, page in {b.number: b.page for b in boxes}.items()}
    for box, text in zip(boxes, texts, strict=True):
        field = box.field
        printed = field.kind is not Kind.TEXT and _is_tall(text, field)
        found = fault(box.crop, papers[box.number], printed=printed)
        if found is not None:
            message = f"{field.name}: {found.message}"
            yield Reason(code=found.code, message=message, fields=(field.name,))


def paper(page: Gray) -> int:
    """How light the paper of a page, H×W, is: a grey level."""
    apart = max(1, min(page.shape) // _SAMPLES) | 1  # odd: rulings are an even number apart
    return quantile(np.ascontiguousarray(page[::apart, ::apart]), 0.75)


def fault(crop: Gray, page_paper: int, *, printed: bool) -> Fault | None:
    """What keeps a box, H×W, from being read, if anything does.

    page_paper: as `paper` gives it. printed: whether there is print in it, or should be; digits
    are looked for in no other.
    """
    if page_paper < _DARK_PAGE and quantile(crop, 0.9) < _DARK:
        return Fault("too_dark", "it is too dark: photograph it by daylight, or scan it")
    if _glares(crop, page_paper):
        return Fault(
            "glare", "light is reflected from it: turn the page away from the lamp, or scan it"
        )
    height, edges = measures(crop, printed=printed)
    if 0 < height < _FEWEST:
        return Fault(
            "few_pixels",
            f"its characters are only {height:.0f} pixels tall: scan it at 200 dpi, or photograph "
            "it from nearer",
        )
    if edges >= _BLURRED and edges * (height or crop.shape[0] / 2) >= _SHARPEST:
        return Fault("blurred", "it is blurred: hold the camera still and let it focus, or scan it")
    return None


def measures(crop: Gray, *, printed: bool = True) -> tuple[float, float]:
    """The height of the text in a box in pixels, and how wide the edges of its strokes are as a
    share of that, or of half the box's height; 0 where there is none. printed: whether text is
    looked for."""
    if min(crop.shape) < 3:
        return 0.0, 0.0
    # Shadows stay out of it: the closing of a box by a square larger than a stroke is its paper.
    side = max(9, crop.shape[0] // 2) | 1
    square = np.ones((side, side), np.uint8)
    ink = cv2.morphologyEx(crop, cv2.MORPH_BLACKHAT, square)
    tones = Tones.of(crop)
    if tones.lighter > tones.darker:
        light = cv2.morphologyEx(crop, cv2.MORPH_TOPHAT, square)
        ink = min(ink, light, key=_covered)  # print covers less than the ground between it
    contrast = quantile(u8(ink), 0.98)
    if contrast < _MIN_CONTRAST:
        return 0.0, 0.0
    across = cv2.Scharr(crop, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(crop, cv2.CV_32F, 0, 1, scale=1 / 32)
    steepest = float(np.percentile(cv2.magnitude(across, down), 99))
    height = _text_height(ink > contrast / 2) if printed else 0.0
    # Where all runs together there are no characters to be measured.
    return height, contrast / max(steepest, 1e-6) / (height or crop.shape[0] / 2)


def _is_tall(text: str, field: Field) -> bool:
    """Whether what is, or ought to be, in a box has characters of full height."""
    return any(c.isdecimal() and c != "٠" for c in text) if text else field.required


def _covered(ink: cv2.typing.MatLike) -> float:
    """The share of the box that stands out by half of what the strongest does."""
    return float((ink > quantile(u8(ink), 0.98) / 2).mean())


def _text_height(marks: NDArray[np.bool_]) -> float:
    """The height of what may be characters; 0 if nothing may."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8))
    rows, columns = marks.shape
    width, height = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    letters = height[(height >= 3) & (width < 4 * height) & (width < columns / 2) & (height < rows)]
    return float(np.percentile(letters, 75)) if letters.size else 0.0


def _glares(crop: Gray, page_paper: int) -> bool:
    """Whether a part of the box is white without print, and fades into paper that is not."""
    if page_paper >= _LIGHT_PAPER:
        return False
    white = (crop >= _GLARING).astype(np.uint8)
    lost = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    if lost.mean() < _GLARE:
        return False
    least, most = (page_paper + share * (255 - page_paper) for share in _FADING)
    between = ((crop >= least) & (crop <= most)).astype(np.uint8)
    side = max(3, crop.shape[0] // 8) | 1
    fading = cv2.morphologyEx(between, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    return bool(fading.any())
