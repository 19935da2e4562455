"""How much each pixel of a box is ink: uneven paper taken out, dark grounds and labels turned."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray

MIN_CONTRAST = 10
"""Grey levels (of 255) between paper and darkest ink below which a box is blank. JPEG at quality 30
ripples by up to 6 on blank paper; the faintest print worth reading stands out by 25."""
_MAX_HEIGHT = 160
"""Taller boxes are reduced first: it bounds the time, and text this tall loses nothing by it."""

_LARGE = 16_384
"""Pixels."""

_DIRT, _DIRT_PIXELS = 0.005, 6
"""Of the darkest pixels of a box, the share, and the number, that say nothing of its print. A share
alone would be more than all of a small '12' in a wide cell."""

_RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
_LEAST_LABELLED = 0.15
"""Share of a box's pixels that are dark, below which no label is looked for."""
_LEVEL_SIDES, _UPRIGHT_SIDES = 0.9, 0.6
"""Shares of a label's sides that are dark. Its corners may be round, and its ends are short."""
_DARK = (0.45, 0.97)
"""The shares between which a label is dark; the rest of it is text."""


def greyed(crop: NDArray[np.uint8]) -> Gray:
    if crop.dtype != np.uint8 or crop.ndim not in (2, 3):
        raise ValueError(f"not a picture: {crop.dtype} array of shape {crop.shape}")
    if crop.ndim == 3:
        if crop.shape[2] != 3:
            raise ValueError(f"not a picture: array of shape {crop.shape}")
        crop = u8(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)) if crop.size else crop[..., 0]
    height, width = crop.shape
    if height > _MAX_HEIGHT:
        size = (max(1, round(width * _MAX_HEIGHT / height)), _MAX_HEIGHT)
        crop = u8(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    return crop


def inked(gray: Gray) -> tuple[Gray, int]:
    """How much darker (or, on a dark ground, lighter) than the paper around it each pixel is, and
    the contrast of that.

    The paper is the closing of the picture by a square larger than any stroke: print and rules
    vanish from it, shadows and stains stay in it.
    """
    low, high = quantiles(_sparse(gray), 0.02, 0.98)
    dark = gray < (low + high + 1) // 2  # beside a float every pixel would become one
    if _light_on_dark(gray, dark):
        gray = u8(cv2.bitwise_not(gray))
    else:
        gray = _with_labels_inverted(gray, dark, low, high)
    calm = cv2.blur(gray, (3, 3))  # a single bright speck would raise the paper around it
    paper = cv2.blur(cv2.morphologyEx(calm, cv2.MORPH_CLOSE, _square(gray)), (5, 5))
    depth = u8(cv2.subtract(paper, gray))
    # Most pixels are paper: what they differ by is its grain.
    grain = quantile(_sparse(depth), 0.5)
    return _without_specks(u8(cv2.subtract(depth, np.full_like(depth, grain))))


def _contrast(ink: Gray) -> int:
    """Of the darkest ink, less a few pixels that may be dirt."""
    return quantile(ink, 1 - _dirt(ink))


def _dirt(ink: Gray) -> float:
    return min(_DIRT, _DIRT_PIXELS / ink.size)


def _without_specks(ink: Gray) -> tuple[Gray, int]:
    """The ink less lone pixels that stand out from all around them, where these are far stronger
    than the rest of it: beside them faint print would count as none."""
    darkest = _contrast(ink)
    calm = u8(cv2.min(ink, cv2.dilate(ink, _RING)))
    if np.count_nonzero(calm < math.ceil(0.6 * darkest)) >= (1 - _dirt(ink)) * ink.size:
        return calm, _contrast(calm)
    return ink, darkest


def _light_on_dark(gray: Gray, dark: NDArray[np.bool_]) -> bool:
    """Much of the box and of its rim is dark, and what stands out lightly covers less of it than
    what stands out darkly: ink covers less than the ground between it. Bold type cut close fills
    half of a box, and a ruled line much of the rim."""
    rim = np.concatenate(
        (dark[:2].ravel(), dark[-2:].ravel(), dark[:, :2].ravel(), dark[:, -2:].ravel())
    )
    least = min(_share(dark), _share(rim))
    if least < 0.4 or least > 0.8:  # in wide dark margins nothing stands out darkly
        return bool(least > 0.8)
    square = _square(gray)
    light = cv2.subtract(gray, cv2.morphologyEx(gray, cv2.MORPH_OPEN, square))
    deep = cv2.subtract(cv2.morphologyEx(gray, cv2.MORPH_CLOSE, square), gray)
    return _covered(u8(light)) < _covered(u8(deep))


def _with_labels_inverted(gray: Gray, dark: NDArray[np.bool_], low: int, high: int) -> Gray:
    """The box with what stands light on a dark label in it turned dark on light.

    A label is a dark rectangle with light in it, wider than tall and dark along all its sides:
    neither a bold square digit nor bold words that run together are. Narrower ones count beside it,
    for some printers give each word a label of its own.

    dark: of each pixel whether it is nearer to `low`, of the darkest ones, than to `high`, of the
        lightest.
    """
    if high - low < 4 * MIN_CONTRAST or _share(dark) < _LEAST_LABELLED:
        return gray
    seams = np.ones((1, len(gray) // 16 | 1), np.uint8)  # between labels of one digit each
    whole = u8(cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_CLOSE, seams))
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


def _square(gray: Gray) -> NDArray[np.uint8]:
    """Larger than any stroke of the text in the box."""
    side = max(9, gray.shape[0] // 2) | 1
    return np.ones((side, side), np.uint8)


def _covered(depth: Gray) -> float:
    """The share of pixels that stand out by half of what the strongest do."""
    return _share(depth > _contrast(depth) // 2)


def _share(mask: NDArray[np.bool_]) -> float:
    """Of a box that is so: its mean takes ten times as long."""
    return int(np.count_nonzero(mask)) / mask.size


def _sparse(box: Gray) -> Gray:
    """Of a large box a quarter of its pixels: enough to say how light they are."""
    return box if box.size < _LARGE else np.ascontiguousarray(box[::2, ::2])


class Tones(NamedTuple):
    """Grey levels of a box: of its darkest parts, of most of it, and of its lightest parts.

    Print is far from the ground that it stands on: darker than paper, lighter than a dark band.
    """

    dark: int
    ground: int
    light: int

    @classmethod
    def of(cls, box: Gray) -> Self:
        return cls(*quantiles(box, 0.02, 0.5, 0.98))

    @property
    def lighter(self) -> int:
        """By how much the lightest parts stand out of the ground."""
        return self.light - self.ground

    @property
    def darker(self) -> int:
        """By how much the darkest parts do."""
        return self.ground - self.dark


def quantile(pixels: Gray, share: float) -> int:
    """The least value that so many of the pixels don't exceed; they are fewer than 2^24."""
    return quantiles(pixels, share)[0]


def quantiles(pixels: Gray, *shares: float) -> list[int]:
    """As `quantile`, of several shares."""
    within = cv2.calcHist([pixels], [0], None, [256], [0, 256]).cumsum()
    return [int(within.searchsorted(share * pixels.size)) for share in shares]


def u8(array: Any) -> Gray:
    """OpenCV's stubs don't say that a picture keeps its type."""
    return np.asarray(array, np.uint8)


def runs(mask: Gray, rows: int, columns: int) -> Gray:
    """What of the mask, H×W, is of runs of so many rows and columns."""
    if rows > mask.shape[0] or columns > mask.shape[1]:
        return np.zeros_like(mask)
    run = np.ones((max(1, rows), max(1, columns)), np.uint8)
    return u8(cv2.morphologyEx(mask, cv2.MORPH_OPEN, run))
