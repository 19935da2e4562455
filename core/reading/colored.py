"""Takes coloured ink out of a box: under a stamp stands a number.

Print is black, stamps and pens are blue, violet, red or green. In optical density inks add up, so
that each pixel is so much of a black ink and so much of a coloured one: *colour deconvolution*
(Ruifrok and Johnston, "Quantification of histochemical staining by color deconvolution", 2001).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray, Picture
from core.reading.grammar import Kind
from core.reading.ink import u8
from core.reading.numeric import LineReading, NumericReader
from core.reading.passed import MILLION, THOUSAND
from core.template import Kind as FieldKind
from core.values.parse import parse_value

_COLORED = 0.15
"""Optical density by which the darkest channel of a pixel exceeds its lightest where it is no paper
and no black: a violet stamp has 0.4 and more, JPEG makes up to 0.1 at the edge of black print."""
_LEAST = 0.003
"""Share of a box that is coloured, below which there is nothing to take out."""
_STRUCK = 0.6
"""Share of a number's columns that coloured ink runs through, from which somebody may have crossed
the number out. Of drawn stamps 30 % cover as much of it, of drawn strokes 96 %."""
_WORTH = 0.5
"""What a reading without the coloured ink is worth where the number may be crossed out."""

Densities = NDArray[np.float32]
Mask = NDArray[np.bool_]


def past_stamps(
    reader: NumericReader,
    boxes: Sequence[Picture],
    kinds: Sequence[Kind],
    lines: Sequence[LineReading],
    examples: Sequence[str | None],
) -> list[LineReading]:
    """Reads boxes once more without their coloured ink.

    boxes: H×W×3 (blue, green, red) or H×W, one for each of `kinds` and `examples`, as
        `NumericReader.read` takes them, and of `lines`, which are what was read in grey.

    Returns of each box what was read more surely.
    """
    inks = {i: ink for i, box in enumerate(boxes) if (ink := black_ink(box)) is not None}
    again = reader.read(
        [ink.picture for ink in inks.values()],
        [kinds[i] for i in inks],
        [examples[i] for i in inks],
    )
    found = list(lines)
    for (i, ink), line in zip(inks.items(), again, strict=True):
        worth = line.confidence * (_WORTH if ink.struck else 1)
        # What is printed in colour is gone, a sign that made another amount of it among that.
        sign = kinds[i] == "amount" and _had_sign(lines[i], line)
        if line.text and worth > lines[i].confidence and not sign:
            found[i] = replace(line, confidence=worth)
    return found


def _had_sign(before: LineReading, line: LineReading) -> bool:
    """Whether the same amount was likeliest `before`, and next to it what a 'CR' beside it, the 'K'
    of '25K' or a 'million' makes of it."""
    if before.text != line.text or not before.alternatives:
        return False
    amount, other = (
        parse_value(FieldKind.AMOUNT, text).value for text in (line.text, before.alternatives[0][0])
    )
    if amount is None or other is None:
        return False
    signs = (-1, THOUSAND, MILLION)
    return Decimal(amount) != 0 and Decimal(other) in [sign * Decimal(amount) for sign in signs]


@dataclass(frozen=True, eq=False)
class BlackInk:
    """picture: a box without its coloured ink, H×W. struck: whether that may have been a pen's
    stroke through the number."""

    picture: Gray
    struck: bool


def black_ink(box: Picture) -> BlackInk | None:
    """What is in the box, H×W×3 or H×W, beside its coloured ink; None if it has none."""
    if box.ndim == 2:
        return None
    density = _density(box)
    chroma = density.max(axis=2) - density.min(axis=2)
    colored = chroma > _COLORED
    if colored.mean() < _LEAST:
        return None
    black = _unmixed(density, _tint(density, chroma))
    picture = u8(np.clip(255 * np.exp(-black), 0, 255))
    return BlackInk(picture, _struck(black > black.max() / 2, colored))


def _density(box: Picture) -> Densities:
    """Optical densities beside the paper's, H×W×3: it is lighter than three quarters of the box."""
    pixels = np.maximum(box, 4).astype(np.float32)
    paper = np.percentile(pixels.reshape(-1, 3), 75, axis=0)
    return np.asarray(-np.log(pixels / paper), np.float32)


def _tint(density: Densities, chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coloured ink's densities, 3, of length 1: from where it is thickest and least black."""
    thick = density[chroma > 0.6 * np.percentile(chroma[chroma > _COLORED], 90)]
    least = thick.min(axis=1)
    pure = thick[least <= np.median(least)].mean(axis=0)
    return np.asarray(pure / np.linalg.norm(pure), np.float32)


def _unmixed(density: Densities, tint: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much black ink, H×W, in least squares."""
    inks = np.stack([np.ones(3, np.float32), tint], axis=1)
    return np.asarray((density @ np.linalg.pinv(inks).T)[..., 0].clip(0), np.float32)


def _struck(black: Mask, colored: Mask) -> bool:
    columns = np.flatnonzero(black.any(axis=0))
    rows = np.flatnonzero(black.any(axis=1))
    if not columns.size:
        return False
    band = colored[rows[0] : rows[-1] + 1]
    return bool(band[:, columns].any(axis=0).mean() >= _STRUCK)
