"""What people and printers leave beside a number, and over it: rows of dots that lead to it,
strokes of a pen, a stamp's words; and numbers that somebody has crossed out. For training alone:
none of it is to be read."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render import Drawing, Typesetter

Mask = NDArray[np.uint8]
Point = tuple[float, float]
"""Column and row."""

_ROOM = 12
"""Digit heights to each side of a line that something may be left in."""


def cluttered(drawing: Drawing, setter: Typesetter, rng: Random) -> Drawing:
    """The drawing with one of these."""
    how = rng.choice(["leaders", "leaders", "pen", "stamp"])
    if how == "stamp":
        return _stamped(drawing, setter.words_only(rng).ink, rng)
    roomy = _with_room(drawing)
    return _with_leaders(roomy, rng) if how == "leaders" else _with_pen(roomy, rng)


def crossed_out(drawing: Drawing, rng: Random) -> Drawing:
    """The number under one or more strokes of a pen, with nothing to read."""
    left, top, right, bottom = drawing.core
    ink = drawing.ink.copy()
    reach = rng.uniform(-0.15, 0.3) * drawing.digit
    left, right = round(left - reach), round(right + reach)
    middle = (top + bottom) / 2
    level = round(middle + rng.uniform(-0.12, 0.12) * (bottom - top))
    tilt = round(rng.uniform(-0.2, 0.2) * (bottom - top))
    along = [(left, level + tilt), (right, level - tilt)]
    up, down = [(left, bottom), (right, top)], [(left, top), (right, bottom)]
    twice = [along, [(x, y + round(0.25 * (bottom - top))) for x, y in along]]
    teeth = max(3, round(1.5 * (right - left) / max(1, bottom - top)))
    zigzag = [
        (round(left + (right - left) * i / teeth), top if i % 2 else bottom)
        for i in range(teeth + 1)
    ]
    thick = max(2, round(drawing.digit * rng.uniform(0.05, 0.15)))
    for stroke in rng.choice([[along], [along], [up], [down], [up, down], twice, [zigzag]]):
        points = np.array([stroke], np.int32)
        cv2.polylines(ink, points, False, (rng.randint(170, 255),), thick, cv2.LINE_AA)
    return replace(drawing, ink=ink, label="")


def _with_room(drawing: Drawing) -> Drawing:
    pad = round(_ROOM * drawing.digit)
    ink = np.pad(drawing.ink, ((0, 0), (pad, pad)))
    (a, top, b, bottom), (c, above, d, below) = drawing.core, drawing.whole
    return replace(
        drawing,
        ink=ink,
        core=(a + pad, top, b + pad, bottom),
        whole=(c + pad, above, d + pad, below),
    )


def _with_leaders(drawing: Drawing, rng: Random) -> Drawing:
    """Dots or short dashes along the foot of the line, beside all that stands in it."""
    unit = drawing.digit
    left, above, right, below = drawing.whole
    foot = drawing.core[3] - rng.uniform(0, 0.12) * unit
    wide = rng.uniform(0.05, 0.14) * unit
    tall = wide if rng.random() < 0.75 else 0.4 * wide
    pitch = wide + rng.uniform(0.12, 0.5) * unit
    gap = rng.uniform(0.2, 0.8) * unit
    count = rng.randint(4, 40)
    outwards = rng.choice([-1, 1])
    start = right + gap if outwards > 0 else left - gap - wide
    ink = drawing.ink.copy()
    x = start
    for _ in range(count):
        if not 0 < x < ink.shape[1] - wide:
            break
        corner, other = (round(x), round(foot - tall)), (round(x + wide), round(foot))
        cv2.rectangle(ink, corner, other, (255,), -1)
        x += outwards * pitch
    edges = (min(left, round(x)), max(right, round(x)))
    return replace(drawing, ink=ink, whole=(max(0, edges[0]), above, edges[1], below))


def _with_pen(drawing: Drawing, rng: Random) -> Drawing:
    """A part of somebody's signature, to one side of the line and through the ones around it."""
    unit = drawing.digit
    left, above, right, below = drawing.whole
    width = rng.uniform(1, 5) * unit
    start = right + rng.uniform(0.3, 5) * unit if rng.random() < 0.5 else left - width - unit
    middle = (above + below) / 2
    corners = [
        (
            round(start + rng.random() * width),
            round(middle + rng.uniform(-1.6, 1.6) * unit),
        )
        for _ in range(rng.randint(3, 7))
    ]
    path = np.array([corners], np.int32)
    if rng.random() < 0.6:
        path = _rounded(path)
    ink = drawing.ink.copy()
    thick = max(1, round(unit * rng.uniform(0.04, 0.2)))
    cv2.polylines(ink, path, False, (rng.randint(150, 255),), thick, cv2.LINE_AA)
    x = path[0, :, 0]
    return replace(drawing, ink=ink, whole=(max(0, min(left, *x)), above, max(right, *x), below))


def _rounded(path: NDArray[np.int32]) -> NDArray[np.int32]:
    """The path with its corners cut, twice (Chaikin 1974)."""
    points = path[0].astype(np.float64)
    for _ in range(2):
        near, far = points[:-1], points[1:]
        points = np.stack([0.75 * near + 0.25 * far, 0.25 * near + 0.75 * far], axis=1)
        points = points.reshape(-1, 2)
    return points.round().astype(np.int32)[None]


def _stamped(drawing: Drawing, words: Mask, rng: Random) -> Drawing:
    """A stamp's words across the line, turned a little, so faint that one can read past them."""
    rows, columns = np.nonzero(words)
    if not rows.size:
        return drawing
    words = words[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = words.shape
    left, top, right, bottom = drawing.core
    degrees, scale = rng.uniform(-30, 30), rng.uniform(0.7, 2) * drawing.digit / 30
    at = rng.uniform(left, right), rng.uniform(top, bottom) + rng.uniform(-1, 1) * drawing.digit
    stamp = laid(words, (width / 2, height / 2), at, degrees, scale, drawing.ink.shape)
    faint = (stamp.astype(np.float32) * rng.uniform(0.2, 0.55)).astype(np.uint8)
    return replace(drawing, ink=np.maximum(drawing.ink, faint))


def laid(
    ink: Mask, middle: Point, at: Point, degrees: float, scale: float, shape: Sequence[int]
) -> Mask:
    """The ink turned about `middle` and put `at` a point of an empty mask of that shape."""
    turn = cv2.getRotationMatrix2D(middle, degrees, scale)
    turn[:, 2] += at[0] - middle[0], at[1] - middle[1]
    return np.asarray(cv2.warpAffine(ink, turn, (shape[1], shape[0])), np.uint8)
